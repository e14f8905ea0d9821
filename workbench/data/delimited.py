"""Rows of cells from delimited text: which separator, and whether quotes quote or are just text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from ..errors import DataError, shorten
from ..language import text as say

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 200_000
PIECE_CHARACTERS = 1_000_000
# The most that the csv module takes on every platform; our own limit on cells comes later.
CELL_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Rows:
    """The cells of a file, all rows as wide as the widest usual one.

    `numbers` counts the rows of the file from 1, the header (if any) included; rows without
    content are left out of both lists.
    """

    cells: list[list[str]]
    numbers: list[int]
    delimiter: str
    notes: list[str] = field(default_factory=list)


def read_rows(text: str, delimiter: str, name: str) -> Rows:
    """Cut delimited text into rows of cells.

    Under `auto` the separator is the one that gives the most even rows; in the files that people
    call .tsv quotes are often plain text, which is told from how they are set.

    Raises:
        DataError: the separator is unknown, a quote is never closed, or the rows are too uneven.
    """
    mark = _detect_delimiter(text, name) if delimiter == "auto" else _named(delimiter)
    quoted = _quotes_quote(text, mark)
    rows = list(_parse(text, mark, quoted, name))
    cells = [(number, row) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    return _even(cells, mark, name)


def _named(delimiter: str) -> str:
    mark = DELIMITERS.get(delimiter.strip().lower(), delimiter.replace("\\t", "\t"))
    if len(mark) != 1 or mark in '\r\n"':
        raise DataError(
            "data.delimiter: {delimiter!r} is not one character",
            "set it to auto, comma, tab, semicolon, pipe or the character itself",
            delimiter=shorten(delimiter),
        )
    return mark


def _detect_delimiter(text: str, name: str) -> str:
    """Return the separator that cuts the first rows most evenly, with some trust in the usual."""
    sample = text[:SAMPLE_CHARACTERS]
    usual = "\t" if name.lower().removesuffix(".gz").endswith((".tsv", ".tab", ".txt")) else ","
    best, best_score = usual, 0.0
    for mark in sorted(DELIMITERS.values(), key=lambda mark: mark != usual):
        if mark not in sample:
            continue
        widths_in_order = _widths(sample, mark)
        widths = Counter(widths_in_order)
        width, count = widths.most_common(1)[0]
        share = count / widths.total()
        if widths_in_order[0] == 1 < width:
            share /= 2  # a separator that the header goes without is rather part of the texts
        # Two tabs say more than two commas, which sentences have too.
        score = share * (1.2 if mark == "\t" else 1.0) * (1.1 if mark == usual else 1.0)
        if width > 1 and score > best_score:
            best, best_score = mark, score
    return best


def _widths(sample: str, mark: str) -> list[int]:
    with _any_cell_size():
        reader = csv.reader(
            io.StringIO(sample, newline=""),
            delimiter=mark,
            quoting=csv.QUOTE_MINIMAL if _quotes_quote(sample, mark) else csv.QUOTE_NONE,
        )
        widths = [len(row) for row, _ in zip(reader, range(SAMPLE_ROWS), strict=False) if row]
    # The last row of a sample may have been cut.
    return widths[:-1] if len(widths) > 1 else widths or [0]


def _quotes_quote(text: str, mark: str) -> bool:
    """Say whether double quotes enclose cells, rather than being part of the text.

    In comma-separated files they do. Elsewhere they do if the text keeps to the rules of quoting,
    and if lines joined by quotes were not even rows without.
    """
    if '"' not in text:
        return False
    if mark == ",":
        return True
    with _any_cell_size():
        try:
            quoted = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
        except csv.Error:
            return False
    plain = [line.count(mark) for line in io.StringIO(text, newline=None)]
    return len(quoted) == len(plain) or len(set(plain)) > 1


def _parse(text: str, mark: str, quoted: bool, name: str) -> Iterator[list[str]]:
    if not quoted:
        for line in io.StringIO(text, newline=None):
            yield line.rstrip("\n").split(mark)
        return
    with _any_cell_size():
        reader = csv.reader(_lines(text), delimiter=mark)
        start = 0
        row: list[str] = []
        for row in reader:
            yield row
            last_start, start = start, reader.line_num
        if row and _left_open(text, last_start, mark):
            raise DataError(
                "{name}: a quote that opens on line {line} is never closed",
                "close it, or double quotes that are part of the text",
                name=name,
                line=last_start + 1,
            )


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, as the csv module wants them.

    A `StringIO` of the whole text would hold it once more, with four bytes a character.
    """
    start = 0
    while start < len(text):
        stop = text.find("\n", start + PIECE_CHARACTERS) + 1 or len(text)
        yield from io.StringIO(text[start:stop], newline="")
        start = stop


def _left_open(text: str, line: int, mark: str) -> bool:
    """Say whether the last row, which begins after `line` lines, ends inside a quoted cell."""
    tail = "".join(islice(_lines(text), line, None))
    with _any_cell_size():
        try:
            list(csv.reader(io.StringIO(tail, newline=""), delimiter=mark, strict=True))
        except csv.Error as error:
            return "unexpected end" in str(error)
    return False


def _even(cells: list[tuple[int, list[str]]], mark: str, name: str) -> Rows:
    """Pad short rows and trim long ones; leave out those that would lose text by it."""
    if not cells:
        return Rows([], [], mark)
    first = len(cells[0][1])
    usual = Counter(len(row) for _, row in cells).most_common(1)[0][0]
    # A header names all columns, even those that most rows leave off; trailing ones may be cut.
    width = max(first, usual)
    notes: list[str] = []
    kept: list[list[str]] = []
    numbers: list[int] = []
    long: list[int] = []
    for number, row in cells:
        if len(row) > width and any(map(str.strip, row[width:])):
            long.append(number)
            continue
        kept.append(row if len(row) == width else row[:width] + [""] * (width - len(row)))
        numbers.append(number)
    if long:
        if len(long) > len(cells) / 5:
            raise DataError(
                "{name}: {count:,} of {total:,} rows have more than {width} cells (the first is "
                "row {row})",
                "put cells that contain the separator in quotes, or set data.delimiter",
                name=name,
                count=len(long),
                total=len(cells),
                width=width,
                row=long[0],
            )
        notes.append(say("data.note.long_rows", count=f"{len(long):,}", row=long[0]))
    return Rows(kept, numbers, mark, notes)


@contextmanager
def _any_cell_size() -> Iterator[None]:
    before = csv.field_size_limit(CELL_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
