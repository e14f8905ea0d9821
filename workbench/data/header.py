"""Where the header of a table is, if it has one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

SAMPLE_ROWS = 200
MOST_TITLES = 20
MOST_REMARKS = 5
LONGEST_NAME = 60
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "…")


def first_row(
    rows: list[list[str]], numbers: Sequence[int], known_names: Collection[str] = ()
) -> int:
    """Return the position of the first row of a table, below titles that fill few of its columns.

    Rows above count as titles only where a full row follows that has a known name, or a gap, or
    where the table is wider than two columns.
    """
    filled = [sum(map(bool, map(str.strip, row))) for row in rows[:SAMPLE_ROWS]]
    typical = Counter(filled).most_common(1)[0][0]
    if typical < 2:
        return 0
    place = next(
        (n for n, count in enumerate(filled[:MOST_TITLES]) if count > typical / 2 + 0.5), 0
    )
    if not place or filled[place] < min(typical, max(2, typical - 1)):
        return 0
    if any(count > typical / 2 for count in filled[:place]):
        return 0
    known = any(cell.strip().casefold() in known_names for cell in rows[place])
    gap = numbers[place] - numbers[place - 1] > 1
    return place if known or gap or typical > 2 else 0


def last_row(rows: list[list[str]], numbers: Sequence[int]) -> int:
    """Return the position after the last row of a table, above sums and remarks below a gap."""
    typical = Counter(sum(map(bool, row)) for row in rows[:SAMPLE_ROWS]).most_common(1)[0][0]
    for place in range(len(rows) - 1, max(2, len(rows) - MOST_REMARKS) - 1, -1):
        if typical < 2 or sum(map(bool, rows[place])) >= typical:
            break
        if numbers[place] - numbers[place - 1] > 1:
            return place
    return len(rows)


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
