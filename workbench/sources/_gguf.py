"""A GGUF file as a model folder: its weights dequantised, its tokenizer and chat template kept."""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError, SourceError, shorten
from ._unpacked import unpacked, writing
from .base import Progress
from .paths import show

_README = """\
---
{head}---

# {title}, from {bits}-bit weights

Written by Model Workbench from the GGUF file `{file}`{origin}.
Its weights, most of them {quantised}, were made fp32 numbers again: they are close to those of the
model that the file was made from, and not equal where the file has fewer than 16 bits.
"""


def folder_of(
    file: Path, content: str, progress: Progress | None = None, about: dict[str, Any] | None = None
) -> Path:
    """Return the model folder made from a GGUF file, made on first use.

    `content` tells files of this name apart; `about` may hold origin and licence, for its README.

    Raises:
        SourceError: the file is damaged, one of several, or of a kind that transformers does not
            read; or there is no room.
    """
    return unpacked(
        file.stem,
        content,
        lambda folder, report: _write(file, folder, about or {}, report),
        progress,
    )


def content_of(file: Path) -> str:
    """Return what tells a file of this machine from others: its place, size and time of change."""
    status = file.stat()
    return f"{file.resolve()}:{status.st_size}:{status.st_mtime_ns}"


def _write(file: Path, folder: Path, about: dict[str, Any], progress: Progress | None) -> None:
    import torch
    import transformers

    with _readable(file):
        fields, sizes = _header(file)
        if fields.get("split.count", 1) > 1:
            raise SourceError(
                "{file} is one of {count} parts of a model",
                "join them with `llama-gguf-split --merge`, or choose a repository with "
                "safetensors",
                file=show(file),
                count=fields["split.count"],
            )
        place = {"gguf_file": file.name, "local_files_only": True}
        with writing(file.name, folder, 4 * sum(sizes.values()), progress), _quiet():
            config = transformers.AutoConfig.from_pretrained(file.parent, **place)
            tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, **place)
            model, report = _class_for(config).from_pretrained(
                file.parent, config=config, dtype=torch.float32, output_loading_info=True, **place
            )
            if missing := sorted(report["missing_keys"]):
                raise SourceError(
                    "{file} lacks {count} weights of a {kind} model ({names})",
                    "choose another file, or a repository with safetensors",
                    file=show(file),
                    count=len(missing),
                    kind=config.model_type,
                    names=shorten(", ".join(missing[:3])),
                )
            _as_ordinary(model).save_pretrained(folder)
            if length := getattr(config.get_text_config(), "max_position_embeddings", None):
                tokenizer.model_max_length = length
            tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(_readme(file, fields, sizes, about), "utf-8")


def _header(file: Path) -> tuple[dict[str, Any], Counter[str]]:
    """Return the fields of a file, and how many numbers it has in each format."""
    from gguf import GGMLQuantizationType
    from transformers.integrations.gguf import read_gguf_metadata
    from transformers.integrations.gguf.reader import GgufHeader

    fields, _ = read_gguf_metadata(str(file))
    sizes: Counter[str] = Counter()
    for tensor in GgufHeader.from_file(str(file)).tensors:
        sizes[GGMLQuantizationType(tensor.ggml_type).name] += math.prod(tensor.shape)
    return fields, sizes


def _class_for(config: Any) -> Any:
    """Return the Auto class that has all of a model's weights."""
    import transformers
    from transformers.models.auto import modeling_auto

    for name, table in (
        ("AutoModelForSeq2SeqLM", "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES"),
        ("AutoModelForCausalLM", "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"),
    ):
        if config.model_type in getattr(modeling_auto, table):
            return getattr(transformers, name)
    return transformers.AutoModel


def _as_ordinary(model: Any) -> Any:
    """Return the same model without the note that it came from GGUF, which would forbid saving."""
    import torch

    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        ordinary = type(model)(config)
    ordinary.load_state_dict(model.state_dict(), assign=True)
    ordinary.tie_weights()
    ordinary.generation_config = model.generation_config
    return ordinary


def _readme(file: Path, fields: dict[str, Any], sizes: Counter[str], about: dict[str, Any]) -> str:
    quantised = max(sizes, key=lambda name: sizes[name])
    bits = re.search(r"\d+", quantised)
    licence = about.get("licence") or fields.get("general.license") or ""
    origin = about.get("origin") or fields.get("general.organization") or ""
    return _README.format(
        head=f"license: {shorten(licence).lower()}\n" if licence else "tags: [gguf]\n",
        title=shorten(fields.get("general.name") or file.stem),
        bits=bits[0] if bits else "?",
        file=file.name,
        origin=f" ({shorten(origin)})" if origin else "",
        quantised=quantised,
    )


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what a library says of a file that it cannot read into one line."""
    try:
        yield
    except (InputError, OSError, MemoryError):
        raise
    except Exception as error:  # of any kind: the file is somebody else's
        raise SourceError(
            "the GGUF file {file} cannot be read ({reason})",
            "check that it is whole, or choose a repository with safetensors",
            file=show(file),
            reason=shorten(str(error).replace(str(file), file.name), 160),
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    from transformers import modeling_gguf_pytorch_utils as reader
    from transformers.utils import logging as said

    level, bars = said.get_verbosity(), said.is_progress_bar_enabled()
    said.set_verbosity(logging.CRITICAL)
    said.disable_progress_bar()
    bar, reader.tqdm = reader.tqdm, lambda steps, **_: steps  # it heeds no switch
    try:
        yield
    finally:
        reader.tqdm = bar
        said.set_verbosity(level)
        if bars:
            said.enable_progress_bar()
