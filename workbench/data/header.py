"""Whether the first row of a table names its columns."""

from __future__ import annotations

import math
from collections.abc import Collection

SAMPLE_ROWS = 200
LONGEST_NAME = 60
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "…")


def looks_like_header(rows: list[list[str]], known_names: Collection[str] = ()) -> bool:
    """Judge the first row against the rows below it.

    It is a header if a cell is a known column name (lower case), or stands over numbers without
    being one; it is data if a cell reads like a sentence, is a number over numbers, or is a label
    that recurs below. Where nothing speaks for either, it is a header.
    """
    first = [cell.strip() for cell in rows[0]]
    below = [row for row in rows[1 : SAMPLE_ROWS + 1] if row != rows[0]]
    columns = {
        cell: [row[position].strip() for row in below]
        for position, cell in enumerate(first)
        if cell
    }
    if any(len(cell) > LONGEST_NAME or cell.endswith(SENTENCE_ENDS) for cell in columns):
        return False
    if any(cell.casefold() in known_names and cell not in columns[cell] for cell in columns):
        return True
    verdicts = [_verdict(cell, column) for cell, column in columns.items()]
    # Equal cells are a fault of a header, but nothing special in data.
    unique = len(columns) == sum(map(bool, first))
    return next((verdict for verdict in verdicts if verdict is not None), bool(columns) and unique)


def _verdict(cell: str, below: list[str]) -> bool | None:
    """Say whether a cell names the column below it, or that this cannot be told."""
    filled = [value for value in below if value]
    if not filled:
        return None
    numbers = sum(map(is_number, filled)) > 0.9 * len(filled)
    if is_number(cell) or numbers:
        return is_number(cell) != numbers
    recurs = cell in filled and len(set(filled)) <= max(2, len(filled) / 5)
    return False if recurs else None


def is_number(cell: str) -> bool:
    """Say whether a cell holds a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
