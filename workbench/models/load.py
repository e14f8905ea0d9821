"""Loading tokenizers and models from a folder, and giving models the head that a task needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ModelError, shorten
from ..sources import FoundModel
from ..sources.paths import show
from . import quantization
from .classes import can_become_writer, classes_of, kind_of, require_any_length
from .fit import fit_tokenizer, limits_of
from .folder import (
    as_path,
    declared_tokens,
    read_config,
    read_shapes,
    refuse_adapter,
    refuse_foreign_code,
    refuse_unsafe_weights,
    require_folder,
    require_tokenizer,
)
from .heads import Head, find_head
from .padding import follow_model
from .reading import first_line, quiet, readable
from .sanity import require_sane_tokenizer, require_weights_for
from .warm_start import make_writer

_SINGLE_LABEL = {"problem_type": "single_label_classification"}
_WRITES, _CONTINUES = "AutoModelForSeq2SeqLM", "AutoModelForCausalLM"
_FINDS = "AutoModelForQuestionAnswering"
# They look at all tokens of a short text and at some of a long one, and after the first short one
# at all for good: what they answer would hang on what was asked before. Here they look at all.
_SPARSE_WHEN_LONG = ("big_bird", "bigbird_pegasus")


def load_tokenizer(found: FoundModel | Path | str, trust_remote_code: bool = False) -> Any:
    """Load a model's tokenizer.

    It never asks for more tokens than the model can take, and it can pad (see `padding`). Where
    model and tokenizer name different tokens for that, its attribute `other_padding` says which.

    Raises:
        ModelError: the folder has no tokenizer, or one that cannot be loaded, or cannot pad.
    """
    from transformers import AutoConfig, AutoTokenizer

    folder = as_path(found)
    require_folder(folder)
    config = read_config(folder)
    require_tokenizer(folder)
    require_sane_tokenizer(folder / "tokenizer_config.json")
    refuse_foreign_code(folder, config, trust_remote_code)
    with readable(folder), quiet():  # or what is wrong there is said of the tokenizer
        settings = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trust_remote_code
            )
        tokenizer.other_padding = follow_model(tokenizer, settings)
        tokenizer("a")
    except Exception as error:  # the tokenizers library raises bare exceptions
        raise ModelError(
            "the tokenizer in {folder} cannot be loaded ({reason})",
            "copy tokenizer.json and tokenizer_config.json again from where the model came from",
            folder=show(folder),
            reason=first_line(error),
        ) from error
    if tokenizer.pad_token is None:
        raise ModelError(
            "the tokenizer in {folder} has no token to pad with: neither pad_token nor eos_token "
            "nor unk_token",
            "name one as pad_token in tokenizer_config.json",
            folder=show(folder),
        )
    fit_tokenizer(tokenizer, limits_of(settings), folder, declared_tokens(config))
    return tokenizer


def load_model(
    found: FoundModel,
    auto_class: str,
    labels: list[str],
    seed: int,
    trust_remote_code: bool = False,
    problem: dict[str, Any] | None = None,
    bits: str = "none",
) -> Any:
    """Load a model for a task, in fp32, with the labels' names in its config.

    Weights that the task needs and the folder does not have, as a rule the new head, are drawn
    from `seed`; their names are in the model's attribute `new_weights`. A head that the folder has
    is taken over by the names of its labels (see `heads`); the weights with a row for each label
    are in the attribute `label_weights`, the places its labels had in `label_order`. `problem`
    overrides settings of the config. With `bits`, `8bit` or `4bit`, the weights are held in so
    many.

    Raises:
        ModelError: the folder is incomplete, damaged or unsafe, or has no such head.
    """
    import torch

    folder = found.path
    auto, config = _head_and_config(found, auto_class, labels, trust_remote_code, problem)
    head = Head()
    if bits != "none" or (found.pretrained and not trust_remote_code):
        skeleton = load_skeleton(found, auto_class, labels, trust_remote_code, problem)
        head = skeleton.found_head
    elif labels:
        head = _find_head(found, auto, config, trust_remote_code)
    held: dict[str, Any] = {}
    if bits != "none":
        new = {name.rpartition(".")[0] for name in skeleton.new_weights}
        held = {"quantization_config": quantization.settings(bits, sorted(new))}
    devices = list(range(torch.cuda.device_count()))
    with readable(folder), quiet(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        if _becomes_writer(auto_class, config):
            return _writer(found, config, trust_remote_code, **held)
        if not found.pretrained:
            model = auto.from_config(
                config, dtype=torch.float32, trust_remote_code=trust_remote_code
            )
            model.new_weights = [name for name, _ in model.named_parameters()]
            model.label_weights = list(head.axes)
            return model
        place: Path | None = folder
        if head.is_foreign:
            auto, place, held["state_dict"] = head.made, None, head.others(folder)
        model, report = auto.from_pretrained(
            place,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            ignore_mismatched_sizes=True,  # a head made for other labels is replaced
            output_loading_info=True,
            **held,
        )
    model.name_or_path = str(folder)
    model.new_weights = _new_weights(folder, model, report)
    model.label_weights, model.label_order = list(head.axes), head.order
    head.put_in_order(model)
    return model


def head_of(
    found: FoundModel,
    auto_class: str,
    labels: list[str],
    trust_remote_code: bool = False,
    problem: dict[str, Any] | None = None,
) -> Head:
    """Return how the head that the model's folder may have fits the labels of the data.

    Raises:
        ModelError: as `load_model`.
    """
    if not labels:
        return Head()
    auto, config = _head_and_config(found, auto_class, labels, trust_remote_code, problem)
    return _find_head(found, auto, config, trust_remote_code)


def _find_head(
    found: FoundModel, auto: Any, config: Any, trust_remote_code: bool, skeleton: Any = None
) -> Head:
    import torch
    import transformers

    def make(own: Any) -> Any:
        with torch.device("meta"):
            return auto.from_config(own, trust_remote_code=trust_remote_code)

    folder = found.path
    with readable(folder), quiet():
        own = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
        return find_head(folder if found.pretrained else None, config, own, make, skeleton)


def load_skeleton(
    found: FoundModel,
    auto_class: str,
    labels: list[str],
    trust_remote_code: bool = False,
    problem: dict[str, Any] | None = None,
) -> Any:
    """Make the model that `load_model` would load, without its numbers: fast, however large.

    Raises:
        ModelError: as `load_model`.
    """
    import torch

    auto, config = _head_and_config(found, auto_class, labels, trust_remote_code, problem)
    stored = read_shapes(found.path) if found.pretrained else {}
    with readable(found.path), quiet(), torch.device("meta"):
        if _becomes_writer(auto_class, config):
            tokenizer = load_tokenizer(found, trust_remote_code)
            model, _ = make_writer(found.path, config, tokenizer, pretrained=False)
            body = f"{model.encoder.base_model_prefix}."
        else:
            model = auto.from_config(config, trust_remote_code=trust_remote_code)
            body = f"{model.base_model_prefix}."
    if found.pretrained:
        require_weights_for(found.path, model, stored)
    head = _find_head(found, auto, config, trust_remote_code, model) if labels else Head()
    model.found_head, model.label_weights = head, list(head.axes)
    held = {name: shape for name, (shape, _) in stored.items()}
    held |= {f"{body}{name}": shape for name, shape in held.items()}
    held |= {name.removeprefix(body): shape for name, shape in held.items()}
    for name in head.axes if head.order is None else ():
        held.pop(name, None)
    model.new_weights = [
        name
        for name, parameter in model.named_parameters()
        if held.get(_in_half(name) if model.config.model_type == "encoder-decoder" else name)
        != list(parameter.shape)
    ]
    return model


def becomes_writer(found: FoundModel, auto_class: str, trust_remote_code: bool = False) -> bool:
    """Say whether `load_model` gives an encoder a decoder made of itself.

    Raises:
        ModelError: as `load_model`.
    """
    if auto_class != _WRITES:
        return False
    _, config = _head_and_config(found, auto_class, [], trust_remote_code, None)
    return can_become_writer(config)


def kind_in(found: FoundModel | Path | str, trust_remote_code: bool = False) -> Any:
    """Return what the model in a folder can do: `encoder`, `decoder` or `encoder-decoder`.

    Raises:
        ModelError: its config cannot be read.
    """
    import transformers

    folder = as_path(found)
    refuse_foreign_code(folder, read_config(folder), trust_remote_code)
    with readable(folder), quiet():
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
    return kind_of(config)


def require_fit(found: FoundModel, auto_class: str, trust_remote_code: bool = False) -> None:
    """Refuse a model of a type that has no head for the task.

    Raises:
        ModelError: saying which models have one.
    """
    _head_and_config(found, auto_class, [], trust_remote_code, None)


def _becomes_writer(auto_class: str, config: Any) -> bool:
    return auto_class == _WRITES and can_become_writer(config)


def _in_half(name: str) -> str:
    """Return the name of a writer's weight within the encoder or the decoder."""
    return name.removeprefix("encoder.").removeprefix("decoder.")


def _writer(found: FoundModel, config: Any, trust_remote_code: bool, **held: Any) -> Any:
    """Return an encoder with a decoder made of it; its weights are where the folder has them."""
    import torch

    tokenizer = load_tokenizer(found, trust_remote_code)
    how = {"dtype": torch.float32, "use_safetensors": True, "local_files_only": True, **held}
    model, reports = make_writer(found.path, config, tokenizer, found.pretrained, **how)
    if not reports:
        model.new_weights = [name for name, _ in model.named_parameters()]
        return model
    model.new_weights = [
        f"{name}.{weight}"
        for name, half, report in reports
        for weight in _new_weights(found.path, half, report)
    ]
    return model


def _head_and_config(
    found: FoundModel,
    auto_class: str,
    labels: list[str],
    trust_remote_code: bool,
    problem: dict[str, Any] | None,
) -> tuple[Any, Any]:
    """Return the Auto class and the config with which a model is made for a task."""
    import transformers

    folder = found.path
    refuse_adapter(folder)
    plain = read_config(folder)
    refuse_foreign_code(folder, plain, trust_remote_code)
    refuse_unsafe_weights(folder, plain)
    auto = getattr(transformers, auto_class)
    settings: dict[str, Any] = {}
    if labels:
        settings = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {name: number for number, name in enumerate(labels)},
        }
    if auto_class == "AutoModelForSequenceClassification":
        settings |= _SINGLE_LABEL
    settings |= problem or {}
    if plain.get("model_type") in _SPARSE_WHEN_LONG:
        settings["attention_type"] = "original_full"
    with readable(folder), quiet():
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code, **settings
        )
        if not _becomes_writer(auto_class, config):
            _require_head(folder, config, auto, trust_remote_code)
        require_any_length(folder, config, auto_class)
        if auto_class == _WRITES and config.is_encoder_decoder:
            name_start(config)
    return auto, config


def name_start(config: Any) -> None:
    """Say with which token a decoder begins to write, where a config does not: as T5, to pad."""
    if getattr(config, "decoder_start_token_id", None) is None:
        named = (getattr(config, name, None) for name in ("bos_token_id", "pad_token_id"))
        config.decoder_start_token_id = next((one for one in named if one is not None), 0)


def _require_head(folder: Path, config: Any, auto: Any, trust_remote_code: bool) -> None:
    """Refuse a model of a type that has no head for the task."""
    remote = getattr(config, "auto_map", None) or {}
    known = type(config) in classes_of(auto.__name__)
    if auto.__name__ == _WRITES and not config.is_encoder_decoder:
        known = False  # its table has models that go on writing after a sound, too
    if known and not _names_differ(auto, config):
        return
    if not known and trust_remote_code and auto.__name__ in remote:
        return
    head = auto.__name__.removeprefix("AutoModelFor").removeprefix("AutoModel")
    raise ModelError(
        "a {kind} model ({folder}) cannot be used for {head}",
        "choose a model that reads and writes (T5, BART, Marian), a decoder (Llama, GPT-2), or an "
        "encoder of which a decoder can be made, such as wheel:minilm, BERT or RoBERTa"
        if auto.__name__ == _WRITES
        else "choose a model that goes on writing, such as GPT-2, Llama or Qwen, or "
        "scratch:llama-tiny"
        if auto.__name__ == _CONTINUES
        else "choose a text encoder such as wheel:minilm, BERT or RoBERTa",
        kind=config.model_type,
        folder=show(folder),
        head=head,
    )


def _names_differ(auto: Any, config: Any) -> bool:
    """Say whether a head would not find its body in the file: it calls it otherwise than all do.

    That for questions on a Llama or a Qwen has it as `transformer`, and files have `model`.
    """
    head = classes_of(auto.__name__)[type(config)]
    body = classes_of("AutoModel").get(type(config), head)
    body = body[0] if isinstance(body, tuple) else body  # Funnel has two
    names = [getattr(one, "base_model_prefix", "") for one in (head, body)]
    return auto.__name__ == _FINDS and names[0] != names[1]


def _new_weights(folder: Path, model: Any, report: dict[str, Any]) -> list[str]:
    """Return the names of the weights that were drawn anew; refuse if they are most of the body."""
    body = f"{model.base_model_prefix}."
    misfits = [name for name, *_ in report["mismatched_keys"] if name.startswith(body)]
    if misfits:
        raise ModelError(
            "the weights in {folder} do not fit its config ({misfit} has another size)",
            "copy config.json and model.safetensors again, both from one place",
            folder=show(folder),
            misfit=shorten(misfits[0]),
        )
    new = sorted(set(report["missing_keys"]) | {name for name, *_ in report["mismatched_keys"]})
    size = {name: parameter.numel() for name, parameter in model.named_parameters()}
    body_size = sum(count for name, count in size.items() if name.startswith(body))
    body_new = sum(size.get(name, 0) for name in new if name.startswith(body))
    if body_new > body_size / 2:
        raise ModelError(
            "the weights in {folder} are not those of a {kind} model: {missing:,} of {total:,} "
            "are missing",
            "copy config.json and model.safetensors again, both from one place",
            folder=show(folder),
            kind=model.config.model_type,
            missing=body_new,
            total=body_size,
        )
    return new
