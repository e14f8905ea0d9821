"""Whether the numbers in a model's config.json can be those of a model.

Nothing is built: what would take hours or all memory to build is refused before. The types of the
fields, and what goes with what, are left to transformers, which checks them when it reads the file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ModelError, shorten
from ..sources.paths import show

MAX_BYTES = 64_000_000
# What a number may be, by the name of its field: the first pattern that matches counts. The bounds
# are beyond every published model, and still quick to build without weights.
_BOUNDS = tuple(
    (re.compile(pattern), low, high)
    for pattern, low, high in (
        (r"num_hidden_layers|num_layers|n_layers?", 1, 2_000),
        (r".*layers?", -2_000, 2_000),  # -1: the last of them
        (r".*(blocks|depth|stages)", 0, 2_000),
        (r"(num|n|encoder|decoder)_(attention_)?heads?", 1, 100_000),
        (r"num_key_value_heads|num_kv_heads", 1, 100_000),
        (r".*heads?", 0, 100_000),
        (r".*experts?", 0, 100_000),
        (r"vocab_size", 1, 100_000_000),
        (r"hidden_size|d_model|n_embd|dim|embed_dim|embedding_size", 1, 10_000_000),
        (r".*(position_embeddings|n_positions|n_ctx|max_seq_len|seq_length)", -1, 100_000_000),
        (r"type_vocab_size|num_labels", 0, 1_000_000),
        (r".*(_size|_dim|_buckets)", -1, 1_000_000_000),
        (r".*(dropout|_pdrop|layerdrop|_prob)", 0, 1),
        (r".*(_eps|_epsilon)|initializer_range", 0, 100),
        (r".*", -(10**15), math.inf),
    )
)
_PARTS = ("encoder", "decoder", "generator", "question_encoder")


def require_sane(path: Path, config: dict[str, Any]) -> None:
    """Refuse a config with values that no model has.

    Raises:
        ModelError: naming the field and the value.
    """
    for before, part in _parts(config):
        for name, held in part.items():
            if not _fits(name, held):
                raise ModelError(
                    "{path}: {name} is {held}, which no model has",
                    "correct it, or copy the file again from where the model came from",
                    path=show(path),
                    name=shorten(before + name),
                    held=shorten(repr(held), 40),
                )
        padding, entries = part.get("pad_token_id"), part.get("vocab_size")
        # Some files say -1 for no such token.
        if type(padding) is type(entries) is int and not -1 <= padding < entries:
            raise ModelError(
                "{path}: pad_token_id is {held}, and the vocabulary has {entries} entries, from 0",
                "correct it, or copy the file again from where the model came from",
                path=show(path),
                held=padding,
                entries=entries,
            )


def _parts(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the config and those inside it, each with what stands before the names in it."""
    queue = [("", config)]
    while queue:
        before, part = queue.pop()
        yield before, part
        for name, held in part.items():
            if isinstance(held, dict) and (name in _PARTS or name.endswith("_config")):
                queue.append((f"{before}{name}.", held))


def _fits(name: str, held: Any) -> bool:
    if name == "model_type":
        return isinstance(held, str)
    if name == "architectures":
        return held is None or (isinstance(held, list) and all(type(one) is str for one in held))
    if type(held) not in (int, float):
        return True
    low, high = next((low, high) for known, low, high in _BOUNDS if known.fullmatch(name))
    return low <= held <= (high if type(held) is float else min(high, 10**15))


def require_sane_tokenizer(path: Path) -> None:
    """Refuse a tokenizer_config.json with values that no tokenizer has; none is none at fault.

    What transformers itself refuses when it reads the file is left to it.

    Raises:
        ModelError: naming the field and the value.
    """
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    for name, held in settings.items() if isinstance(settings, dict) else ():
        if name == "model_max_length":
            fits = held is None or (type(held) in (int, float) and held >= 1)
        elif name.endswith("_token") and not name.startswith("add_"):
            written = held.get("content") if isinstance(held, dict) else held
            fits = held in (None, False) or (isinstance(written, str) and written)
        else:
            continue
        if not fits:
            raise ModelError(
                "{path}: {name} is {held}, which no tokenizer has",
                "correct it, or copy the file again from where the model came from",
                path=show(path),
                name=shorten(name),
                held=shorten(repr(held), 40),
            )


def require_weights_for(folder: Path, model: Any, stored: dict[str, tuple[list[int], str]]) -> None:
    """Refuse a config that describes a model far larger than the weights in the folder.

    `model` is without numbers, `stored` what `read_shapes` gave. A new head, or a decoder made of
    an encoder, is no more than three times what is stored.

    Raises:
        ModelError: saying how large the two are.
    """
    # Numbers of few bits are packed, several into one.
    held = sum(
        math.prod(shape) * (8 if dtype.startswith(("I", "U")) else 1)
        for shape, dtype in stored.values()
    )
    wanted = sum(one.numel() for one in model.parameters())
    tables = sum(one.numel() for one in model.buffers())
    if wanted > 3 * held + 10_000_000 or tables > 4 * held + 100_000_000:
        raise ModelError(
            "the config in {folder} describes a model of {wanted:,} numbers, and the weights there "
            "are {held:,}",
            "copy config.json and model.safetensors again, both from one place",
            folder=show(folder),
            wanted=wanted + tables,
            held=held,
        )
