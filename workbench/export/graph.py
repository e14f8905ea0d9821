"""A model as one ONNX graph, through torch's exporter, checked against torch on several shapes."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelError, shorten
from ..models import load_tokenizer, load_trained, merged
from ..private_members import attention_of
from ..runs import RunFolder
from .reading import caller_of
from .sample import SHAPES, change_by_padding, output_names, sample, visible

FILE = "model.onnx"
TOLERANCE = 1e-3
WRITTEN_TOKENS = 8
# One file of protobuf holds at most 2 GB; larger weights go into a file beside it.
MOST_BYTES = 1_500_000_000
INSTALL = 'pip install "model-workbench[onnx]"'


def write_onnx(run: RunFolder, folder: Path) -> float:
    """Write `model.onnx`; return the largest difference of its outputs from those of torch.

    Rows and tokens may vary. An adapter is merged first. A decoder's graph reads the whole text at
    every step: it has no cache. One beside an encoder must also write the same, token by token.

    Raises:
        InputError: a library is missing.
        ModelError: the model cannot be exported, or the graph computes something else.
    """
    if missing := missing_libraries():
        raise InputError("export to ONNX needs {missing}", INSTALL, missing=", ".join(missing))
    trusted = run.spec().model.trust_remote_code
    model = merged(load_trained(run.model_path, trusted)).eval()
    return write_checked(model, load_tokenizer(run.model_path, trusted), folder / FILE)


def write_checked(model: Any, tokenizer: Any, path: Path) -> float:
    """Write a model as a graph; return its largest difference from the model.

    Raises:
        ModelError: the model cannot be exported, or the graph computes something else.
    """
    if not (change := change_by_padding(model, tokenizer)) <= TOLERANCE:
        raise ModelError(
            "the answers of a {kind} model change with padding (by up to {difference:.3g}), "
            "and a graph pads its batches",
            "export it with --to folder",
            kind=model.config.model_type,
            difference=change,
        )
    names = output_names(model, sample(model, tokenizer))
    _export(model, sample(model, tokenizer), names, path)
    difference = max(
        _difference(model, path, sample(model, tokenizer, shape), names) for shape in SHAPES
    )
    if difference <= TOLERANCE and model.config.is_encoder_decoder and model.can_generate():
        require_same_words(model, path, sample(model, tokenizer))
    if not difference <= TOLERANCE:
        raise ModelError(
            "the ONNX graph gives other answers than the model (by up to {difference:.3g})",
            "export it with --to folder",
            difference=difference,
        )
    return difference


def missing_libraries() -> list[str]:
    """Return which of the libraries that are needed are not installed."""
    return [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]


def _export(model: Any, batch: dict[str, Any], names: list[str], path: Path) -> None:
    import logging
    import warnings

    import torch

    call = caller_of(model)

    class Plain(torch.nn.Module):
        """The model with tensors in and tensors out."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            given = call(dict(zip(batch, tensors, strict=True)))
            return tuple(given[name] for name in names)

    model.config.use_cache = False
    attention = attention_of(model.config)
    model.set_attn_implementation("eager")  # T5's other one cannot be taken apart
    rows, tokens, written = map(torch.export.Dim, ("rows", "tokens", "written"))
    axes = [{0: rows, 1: written if name == "decoder_input_ids" else tokens} for name in batch]
    level = logging.getLogger("torch.onnx").level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            torch.onnx.export(
                Plain().eval(),
                tuple(batch.values()),
                path,
                input_names=list(batch),
                output_names=names,
                dynamic_shapes=(tuple(axes),),
                dynamo=True,
                external_data=_bytes(model) > MOST_BYTES,
                verbose=False,
            )
    except Exception as error:  # the exporter's own, of many kinds
        raise _refusal(model, error) from error
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
        model.set_attn_implementation(attention)


def _refusal(model: Any, error: Exception) -> ModelError:
    return ModelError(
        "a {kind} model cannot be exported to ONNX ({reason})",
        "export it with --to folder, or try another model",
        kind=model.config.model_type,
        reason=shorten(_said(error), 160),
    )


def _difference(model: Any, path: Path, batch: dict[str, Any], names: list[str]) -> float:
    """Return the largest difference between what the graph and the model give for a batch."""
    import numpy as np
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    try:
        given = session.run(names, {name: tensor.numpy() for name, tensor in batch.items()})
    except Exception as error:  # onnxruntime's own; as a rule the graph takes one length only
        raise _refusal(model, error) from error
    with torch.inference_mode():
        wanted = model(**batch, return_dict=True)
    return max(
        float(
            np.abs(
                visible(torch.from_numpy(one), batch).numpy() - visible(wanted[name], batch).numpy()
            ).max()
        )
        for name, one in zip(names, given, strict=True)
    )


def require_same_words(model: Any, path: Path, batch: dict[str, Any]) -> None:
    """Let graph and model each write a few tokens, always the likeliest next one.

    Raises:
        ModelError: they do not write the same.
    """
    import numpy as np
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def by_graph(inputs: dict[str, Any]) -> Any:
        return session.run(["logits"], {name: one.numpy() for name, one in inputs.items()})[0]

    def by_model(inputs: dict[str, Any]) -> Any:
        with torch.inference_mode():
            return model(**inputs).logits.numpy()

    def written(answer: Any) -> Any:
        start = torch.full_like(batch["input_ids"][:, :1], model.config.decoder_start_token_id)
        given = batch | {"decoder_input_ids": start}
        for _ in range(WRITTEN_TOKENS):
            following = torch.from_numpy(answer(given)[:, -1:].argmax(-1))
            given["decoder_input_ids"] = torch.cat([given["decoder_input_ids"], following], 1)
        return given["decoder_input_ids"].numpy()

    if not np.array_equal(written(by_graph), written(by_model)):
        raise ModelError(
            "the ONNX graph generates other text than the model", "export it with --to folder"
        )


def _bytes(model: Any) -> int:
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())


def _said(error: BaseException) -> str:
    """Return the first line of what the exporter says, without its colours."""
    lines = re.sub(r"\x1b\[\d+m", "", str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
