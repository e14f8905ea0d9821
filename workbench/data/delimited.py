"""Rows of cells from delimited text: which separator, and whether quotes quote or are just text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from ..errors import DataError, shorten
from ..language import text as say
from ..sources.paths import bare_name
from .quoting import any_cell_size, parse, quote_of, unescaped

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
# Separators that are seldom seen; the longer of two that begin alike first.
UNUSUAL = ("|||", "||", "::", "^", "¦", "，", "；", "｜", "~", "§", "\x01", "\x1f", "\x1e")
# What Excel writes, and obeys, in front of a table.
SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?[ \t,;]*(?:\r\n|\r|\n)", re.IGNORECASE)
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 200_000


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

    Under `auto` the separator is the one that gives the most even rows, or the one that a first
    line such as `sep=;` names; in the files that people call .tsv quotes are often plain text,
    which is told from how they are set.

    Raises:
        DataError: the separator is unknown, a quote is never closed, or the rows are too uneven.
    """
    notes: list[str] = []
    separator = SEPARATOR_LINE.match(text)
    if separator:
        text = text[separator.end() :]
        notes.append(say("data.note.separator_line", line=separator[0].strip()))
    mark = (
        (separator[1] if separator else _detect_delimiter(text, name))
        if delimiter == "auto"
        else _named(delimiter)
    )
    shown = mark
    if len(mark) > 1:
        stand_in = next(one for one in map(chr, range(0xE000, 0xF8FF)) if one not in text)
        text, mark = text.replace(mark, stand_in), stand_in
    quote = quote_of(text, mark)
    text = unescaped(text, mark, quote)
    parsed = parse(text, mark, quote)
    if parsed.open_line is not None:
        raise DataError(
            "{name}: a quote that opens on line {line} is never closed",
            "close it, or double quotes that are part of the text",
            name=name,
            line=parsed.open_line + 1,
        )
    if quote == "'":
        notes.append(say("data.note.apostrophes"))
    if parsed.stray:
        notes.append(say("data.note.stray_quotes", count=f"{parsed.stray:,}", line=parsed.first))
    first = 2 if separator else 1
    cells = [(n, row) for n, row in enumerate(parsed.rows, first) if any(map(str.strip, row))]
    found = _even(cells, shown, name)
    return replace(found, notes=[*notes, *found.notes])


def _named(delimiter: str) -> str:
    mark = DELIMITERS.get(delimiter.strip().lower(), delimiter.replace("\\t", "\t"))
    if not mark or len(mark) > 4 or set(mark) & set('\r\n"'):
        raise DataError(
            "data.delimiter: {delimiter!r} is not one character",
            "set it to auto, comma, tab, semicolon, pipe or the character itself",
            delimiter=shorten(delimiter),
        ).at("data.delimiter", delimiter, "not_one_character")
    return mark


def _detect_delimiter(text: str, name: str) -> str:
    """Return the separator that cuts the first rows most evenly, with some trust in the usual.

    One that is seldom seen counts only where it cuts all rows alike, and no usual one does.
    """
    sample = text[:SAMPLE_CHARACTERS]
    typical = "\t" if bare_name(name).endswith((".tsv", ".tab", ".txt")) else ","
    best, best_score, best_share = typical, 0.0, 0.0
    for mark in sorted(DELIMITERS.values(), key=lambda mark: mark != typical):
        width, share = _evenness(sample, mark)
        # Two tabs say more than two commas, which sentences have too.
        score = share * (1.2 if mark == "\t" else 1.0) * (1.1 if mark == typical else 1.0)
        if width > 1 and score > best_score:
            best, best_score, best_share = mark, score, share
    if best_share < 0.9:
        found = {mark: _evenness(sample, mark) for mark in UNUSUAL}
        even = [mark for mark, (width, share) in found.items() if width > 1 and share > 0.98]
        best = next(iter(even), best)
    return best


def _evenness(sample: str, mark: str) -> tuple[int, float]:
    """Return how many cells most rows have, and what share of the rows they are."""
    if mark not in sample:
        return 1, 0.0
    if len(mark) > 1:
        sample, mark = sample.replace(mark, "\ue000"), "\ue000"
    widths_in_order = _widths(sample, mark)
    widths = Counter(widths_in_order)
    width, count = widths.most_common(1)[0]
    share = count / widths.total()
    # A separator that the header goes without is rather part of the texts.
    return width, share / 2 if widths_in_order[0] == 1 < width else share


def _widths(sample: str, mark: str) -> list[int]:
    quote = quote_of(sample, mark)
    with any_cell_size():
        reader = csv.reader(
            io.StringIO(unescaped(sample, mark, quote), newline=""),
            delimiter=mark,
            quotechar=quote or '"',
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        widths = [len(row) for row, _ in zip(reader, range(SAMPLE_ROWS), strict=False) if row]
    # The last row of a sample may have been cut.
    return widths[:-1] if len(widths) > 1 else widths or [0]


def _even(cells: list[tuple[int, list[str]]], mark: str, name: str) -> Rows:
    """Pad short rows and trim long ones; leave out those that would lose text by it."""
    if not cells:
        return Rows([], [], mark)
    first = len(cells[0][1])
    typical = Counter(len(row) for _, row in cells).most_common(1)[0][0]
    # A header names all columns, even those that most rows leave off; trailing ones may be cut.
    width = max(first, typical)
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
