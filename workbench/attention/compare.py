"""Two models on one text: how far each head moved.

Source: Lin 1991, Jensen-Shannon divergence with logarithms to base 2: 0 for the same rows, 1 for
    rows that share no token; the mean over a head's rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..language import translate
from .packing import dequantise
from .record import AttentionRecord

Divergence = list[list[list[float | None] | None]]


def divergence(before: AttentionRecord, after: AttentionRecord) -> Divergence:
    """Return the divergence of each head, by block and layer; None where a map was not kept.

    Raises:
        InputError: the two do not read the same tokens, or have not the same heads.
    """
    require_comparable(before, after)
    found: Divergence = []
    for one, other in zip(before.blocks, after.blocks, strict=True):
        rows: list[list[float | None] | None] = []
        for number, layer in enumerate(one.layers):
            places = [(number, head) for head in range(layer.heads)]
            values = [
                jensen_shannon(dequantise(one.maps[at]), dequantise(other.maps[at]))
                if at in one.maps and at in other.maps
                else None
                for at in places
            ]
            some = any(value is not None for value in values)
            rows.append([v if v is None else round(v, 4) for v in values] if some else None)
        found.append(rows)
    return found


def compared(before: AttentionRecord, after: AttentionRecord) -> AttentionRecord:
    """Return `after` with the divergence of its heads from `before`."""
    return replace(after, divergence={"against": before.model, "blocks": divergence(before, after)})


def moved_most(
    before: AttentionRecord, after: AttentionRecord, count: int = 10
) -> list[dict[str, Any]]:
    """Return the heads that moved most, the farthest first, with their statistics in both.

    Layers and heads count from 1, as they are shown. What `after` knows of its divergence is
    taken from it.
    """
    known = after.divergence
    moved = divergence(before, after) if known is None else known["blocks"]
    rows = [
        {
            "block": after.blocks[block].name,
            "layer": after.blocks[block].layers[layer].number,
            "head": head + 1,
            "divergence": value,
            "before": _statistics(before, block, layer, head),
            "after": _statistics(after, block, layer, head),
        }
        for block, layers in enumerate(moved)
        for layer, heads in enumerate(layers)
        for head, value in enumerate(heads or [])
        if value is not None
    ]
    return sorted(rows, key=lambda row: -row["divergence"])[:count]


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean over rows of the divergence of two maps, in bits.

    Shapes:
        one, other: (Tq, Tk), rows of any sum
    """
    p, q = _rows_of_one(one), _rows_of_one(other)
    middle = (p + q) / 2
    value = _entropy(middle) - (_entropy(p) + _entropy(q)) / 2
    return float(np.clip(value, 0, 1).mean())


def require_comparable(before: AttentionRecord, after: AttentionRecord) -> None:
    """Refuse two records that cannot be laid upon each other.

    Raises:
        InputError: they do not read the same tokens, or have not the same heads.
    """
    for name in {*before.sequences, *after.sequences}:
        one, other = (record.sequences.get(name) for record in (before, after))
        if one is None or other is None or one.tokens != other.tokens:
            raise InputError(
                "{one} and {other} tokenize the text differently ({name})",
                "compare models that share a tokenizer; give an encoder-decoder its target text",
                one=before.model or translate("the one"),
                other=after.model or translate("the other"),
                name=name,
            )
    shapes = [
        [(block.name, [layer.heads for layer in block.layers]) for block in record.blocks]
        for record in (before, after)
    ]
    if shapes[0] != shapes[1]:
        raise InputError(
            "{one} and {other} have different layers or heads",
            "compare two states of one model",
            one=before.model or translate("the one"),
            other=after.model or translate("the other"),
        )


def _statistics(record: AttentionRecord, block: int, layer: int, head: int) -> dict[str, Any]:
    return {
        name: None if (heads := rows[layer]) is None else heads[head]
        for name, rows in record.blocks[block].statistics.items()
    }


def _rows_of_one(weights: np.ndarray) -> np.ndarray:
    weights = weights.astype(np.float64)
    return weights / np.maximum(weights.sum(-1, keepdims=True), 1e-12)


def _entropy(rows: np.ndarray) -> np.ndarray:
    logs = np.log2(rows, out=np.zeros_like(rows), where=rows > 0)
    return -(rows * logs).sum(-1)
