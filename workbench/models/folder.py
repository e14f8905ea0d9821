"""A model's folder, examined before anything in it is loaded: complete, sound, safe?

Only the config and the headers of the safetensors files are read; torch is not needed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import ModelError, shorten
from ..language import translate
from ..sources import FoundModel
from ..sources.paths import show
from .sanity import MAX_BYTES, require_sane

WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
_VOCABULARY_SUFFIXES = (".model", ".spm")
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
_WITHOUT_VOCABULARY = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
# A table with positions of padding before the first token, as RoBERTa has it.
_OFFSET_POSITIONS = (
    "roberta",
    "camembert",
    "longformer",
    "data2vec-text",
    "ibert",
    "mpnet",
    "xmod",
    "luke",
    "mluke",
    "esm",
)
_LENGTHS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length",
    "max_encoder_position_embeddings",
)  # fmt: skip


def as_path(found: FoundModel | Path | str) -> Path:
    """Return the folder of a found model, or the path itself."""
    return found.path if isinstance(found, FoundModel) else Path(found)


def require_folder(folder: Path) -> None:
    """Refuse the model folder of a run that has none yet.

    Raises:
        ModelError: saying when it will be there.
    """
    if not folder.is_dir():
        raise ModelError(
            "there is no trained model in {folder}",
            "let the training finish first",
            folder=show(folder),
        )


def read_config(folder: Path) -> dict[str, Any]:
    """Read `config.json`.

    Raises:
        ModelError: it is missing or damaged, or has values that no model has.
    """
    path = folder / "config.json"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(translate("larger than {size} MB", size=MAX_BYTES // 1_000_000))
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(
            "the model folder {folder} has no config.json",
            "give a folder that `save_pretrained` wrote, or copy the model again",
            folder=show(folder),
        ) from None
    except (ValueError, OSError, RecursionError) as error:
        raise ModelError(
            "{path} is damaged ({reason})",
            "copy or download the model again",
            path=show(path),
            reason=shorten(error),
        ) from None
    if not isinstance(config, dict):
        raise ModelError(
            "{path} is damaged (not an object)",
            "copy or download the model again",
            path=show(path),
        )
    require_sane(path, config)
    return config


def refuse_adapter(folder: Path) -> None:
    """Refuse a PEFT adapter where a whole model is needed.

    Raises:
        ModelError: saying how to make it whole.
    """
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            "{folder} is a PEFT adapter, not a whole model",
            "merge it first: `workbench export RUN --to merged`, or `merge_and_unload` of peft",
            folder=show(folder),
        )


def require_tokenizer(folder: Path) -> None:
    """Refuse a folder without a tokenizer.

    Raises:
        ModelError: naming what belongs there.
    """
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if any(name in _VOCABULARIES or name.endswith(_VOCABULARY_SUFFIXES) for name in names):
        return
    if "tokenizer_config.json" in names:
        text = (folder / "tokenizer_config.json").read_text("utf-8", errors="replace")
        if any(name in text for name in _WITHOUT_VOCABULARY):
            return
    raise ModelError(
        "the model folder {folder} has no tokenizer",
        "copy tokenizer.json and tokenizer_config.json there from the model it was made from",
        folder=show(folder),
    )


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that hold the model's weights.

    Raises:
        ModelError: there are none, or only files that could run code when they are read.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / WEIGHTS_INDEX).is_file():
        return _shards(folder)
    pickles = sorted(
        path.name for path in folder.iterdir() if path.name.endswith(_PICKLES) and path.is_file()
    )
    if pickles:
        raise ModelError(
            "the weights in {folder} are pickled ({file}), and reading a pickle can run code",
            "convert them where you trust them: `save_pretrained` writes model.safetensors",
            folder=show(folder),
            file=shorten(pickles[0]),
        )
    raise ModelError(
        "the model folder {folder} has no weights ({weights})",
        "copy or download the model again",
        folder=show(folder),
        weights=WEIGHTS,
    )


def _shards(folder: Path) -> list[Path]:
    damaged = ModelError(
        "{path} is damaged", "copy or download the model again", path=show(folder / WEIGHTS_INDEX)
    )
    try:
        names = set(json.loads((folder / WEIGHTS_INDEX).read_text("utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError, TypeError):
        raise damaged from None
    for name in sorted(names, key=str):
        if (
            not isinstance(name, str)
            or Path(name).name != name
            or not name.endswith(".safetensors")
        ):
            raise damaged
        if not (folder / name).is_file():
            raise ModelError(
                "the model folder {folder} lacks {name}",
                "copy or download the model again",
                folder=show(folder),
                name=name,
            )
    return [folder / name for name in sorted(names)]


def read_shapes(folder: Path) -> dict[str, tuple[list[int], str]]:
    """Return shape and number format of every tensor, from the headers of the weight files.

    Raises:
        ModelError: weights are missing, pickled or damaged.
    """
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[list[int], str]] = {}
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="np") as file:
                for name in file.keys():  # noqa: SIM118  (not a mapping)
                    tensor = file.get_slice(name)
                    shapes[name] = (tensor.get_shape(), tensor.get_dtype())
        except (SafetensorError, OSError) as error:
            raise ModelError(
                "{path} is damaged or cut short ({reason})",
                "copy or download the model again",
                path=show(path),
                reason=shorten(error),
            ) from None
    return shapes


def refuse_foreign_code(folder: Path, config: dict[str, Any], trust_remote_code: bool) -> None:
    """Refuse a model that needs Python code of its own, unless that is trusted.

    Raises:
        ModelError: saying what trusting it would mean.
    """
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    if kind in CONFIG_MAPPING or trust_remote_code:
        return
    if config.get("auto_map"):
        raise ModelError(
            "the model in {folder} needs Python code that came with it",
            "only if you have read that code, allow it with --trust-remote-code (in a notebook: "
            "model.trust_remote_code, or wb.trust(run)): it would run on this machine with all "
            "your rights, and could read, change or send your files",
            folder=show(folder),
        )
    raise ModelError(
        "model type {kind!r} of {folder} is unknown to this version of transformers",
        "choose another model, or update transformers",
        kind=shorten(kind),
        folder=show(folder),
    )


def refuse_unsafe_weights(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a config that sends transformers to other weight files than those examined.

    Raises:
        ModelError: naming the file.
    """
    other = config.get("transformers_weights")
    if other is not None and other not in (WEIGHTS, WEIGHTS_INDEX):
        raise ModelError(
            "{path} takes its weights from {other!r}",
            "only {weights} is read: rename the file, and remove transformers_weights",
            path=show(folder / "config.json"),
            other=shorten(other),
            weights=WEIGHTS,
        )


def model_width(config: dict[str, Any]) -> int:
    """Return the numbers that a model holds of each token, its hidden size; 0 if it is not told."""
    inner = config.get("text_config") or config.get("encoder")
    shape = inner if isinstance(inner, dict) else config
    named = (shape.get(name) for name in ("hidden_size", "n_embd", "d_model", "dim"))
    return next((width for width in named if type(width) is int), 0)


def context_tokens(config: dict[str, Any]) -> int | None:
    """Return how many tokens the model can take at once; none when it has no such limit.

    Of an encoder with a decoder of its own config, what both can take. From the config alone:
    `fit.limits_of` looks at the model's tables.
    """
    halves = [config[name] for name in ("encoder", "decoder") if isinstance(config.get(name), dict)]
    if limits := [limit for half in halves if (limit := context_tokens(half)) is not None]:
        return min(limits)
    if "relative_attention_num_buckets" in config and "max_position_embeddings" not in config:
        return None  # T5's n_positions is the length that it was trained with
    limit = declared_tokens(config)
    if limit is None:
        return None
    offset = 0
    if str(config.get("model_type", "")).removeprefix("xlm-").startswith(_OFFSET_POSITIONS):
        padding = config.get("pad_token_id")
        offset = (padding if isinstance(padding, int) else 1) + 1
    return limit - offset


def declared_tokens(config: dict[str, Any]) -> int | None:
    """Return the length that a config names, of the text part where there are others."""
    inner = config.get("text_config")
    for part in (config, inner if isinstance(inner, dict) else {}):
        for name in _LENGTHS:
            limit = part.get(name)
            if type(limit) is int and limit > 0:
                return limit
    return None
