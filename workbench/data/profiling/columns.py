"""What each column of a source holds: kind, missing cells, different values, lengths."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from ...errors import shorten
from ..cells import as_text
from ..columns import LONGEST_LABEL, MOST_LABELS
from ..header import is_number
from .record import Column
from .source import Split

SAMPLE_CELLS = 2000


def describe_columns(splits: Sequence[Split]) -> list[Column]:
    """Return a record for each column, over all splits that have it, in order."""
    names = dict.fromkeys(str(name) for split in splits for name in split.table.frame.columns)
    return [_describe(name, _cells(name, splits)) for name in names]


def _cells(name: str, splits: Sequence[Split]) -> list[Any]:
    return [
        cell
        for split in splits
        if name in split.table.frame.columns
        for cell in split.table.frame[name]
    ]


def _describe(name: str, cells: list[Any]) -> Column:
    texts = [cell if isinstance(cell, str) else as_text(cell) for cell in cells]
    filled = [text for text in texts if text and not text.isspace()]
    distinct = set(filled)
    sample = filled[:: max(1, len(filled) // SAMPLE_CELLS)]
    sizes = list(map(len, filled))
    return Column(
        name=name,
        kind=_kind(cells, sample, len(distinct), len(filled), max(sizes, default=0)),
        rows=len(cells),
        missing=len(cells) - len(filled),
        distinct=len(distinct),
        median=int(median(sizes)) if sizes else 0,
        longest=max(sizes, default=0),
        example=shorten(filled[0], 60) if filled else "",
    )


def _kind(
    cells: Sequence[Any], sample: Sequence[str], distinct: int, filled: int, longest: int
) -> str:
    if not sample:
        return "empty"
    if any(isinstance(cell, list | dict) or hasattr(cell, "tolist") for cell in cells[:20]):
        return "list"
    if sum(map(is_number, sample)) > 0.9 * len(sample):
        return "number"
    few = distinct <= max(2, min(MOST_LABELS, filled / 2))
    return "label" if few and longest <= LONGEST_LABEL else "text"
