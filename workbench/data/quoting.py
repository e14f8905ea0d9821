"""How cells are quoted: by which character, and which quotes are only part of the text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

PIECE_CHARACTERS = 1_000_000
# The most that the csv module takes on every platform; our own limit on cells comes later.
CELL_LIMIT = 2**31 - 1
# An apostrophe encloses cells where so many lines have one that opens and one that closes.
_APOSTROPHES = 0.3
_SURELY_LINES = 5


def quote_of(text: str, mark: str) -> str:
    """Return the character that encloses cells; empty where quotes are part of the text.

    In comma-separated files double quotes enclose. Elsewhere they do if the text keeps to the
    rules of quoting, and if lines joined by quotes were not even rows without. Apostrophes do
    where many lines have a cell that begins and ends with one.
    """
    if "'" in text and _is_apostrophe(text, mark):
        return "'"
    if '"' not in text:
        return ""
    if mark == ",":
        return '"'
    with any_cell_size():
        try:
            quoted = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
        except csv.Error:
            return ""
    plain = [line.count(mark) for line in io.StringIO(text, newline=None)]
    return '"' if len(quoted) == len(plain) or len(set(plain)) > 1 else ""


def _is_apostrophe(text: str, mark: str) -> bool:
    sample = text[:200_000]
    lines = sample.count("\n") or 1
    edge = re.escape(mark)
    opened = len(re.findall(rf"(?:^|{edge})'(?!{edge})", sample, re.MULTILINE))
    closed = len(re.findall(rf"'\r?(?:$|{edge})", sample, re.MULTILINE))
    double = len(re.findall(rf'(?:^|{edge})"', sample, re.MULTILINE))
    return min(opened, closed) > max(_APOSTROPHES * lines, 2 * double)


def unescaped(text: str, mark: str, quote: str) -> str:
    """Return a text with `\\"` as the doubled quote that csv means, where rows are more even so."""
    escaped = "\\" + quote
    if not quote or escaped not in text:
        return text
    doubled = re.sub(rf"(?<!\\)((?:\\\\)*)\\{quote}", rf"\g<1>{quote}{quote}", text)
    before, after = _share(text, mark, quote), _share(doubled, mark, quote)
    # A cell may end with a backslash, as folders do; inside of one it belongs to the quote.
    closing = len(re.findall(rf"\\{quote}(?={re.escape(mark)}|\r?$)", text, re.MULTILINE))
    inside = 2 * closing < text.count(escaped)
    return doubled if after > before or (after == before and inside) else text


def _share(text: str, mark: str, quote: str) -> float:
    """Return the share of the first rows that are as wide as most."""
    sample = text[:200_000]
    with any_cell_size():
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=mark, quotechar=quote)
        widths = Counter(len(row) for row in islice(reader, 200) if row)
    # A quote left open may swallow all the rest into one even row.
    lines = min(200, sample.count("\n") or 1)
    return widths.most_common(1)[0][1] / max(lines, widths.total()) if widths else 0.0


@dataclass(frozen=True)
class Parsed:
    """The rows of a text, how many quotes in it are text, and on which line the first of them is.

    `open_line` counts the lines before a last row whose quote is never closed; None where there
    is no such row.
    """

    rows: list[list[str]]
    stray: int = 0
    first: int = 0
    open_line: int | None = None


def parse(text: str, mark: str, quote: str) -> Parsed:
    """Cut a text into rows.

    A quote that opens and swallows lines, each of which is a row by itself, is part of the text.
    """
    if not quote:
        return Parsed([line.rstrip("\n").split(mark) for line in io.StringIO(text, newline=None)])
    records: list[list[str]] = []
    spans: list[tuple[int, int, int]] = []
    start = 0
    with any_cell_size():
        reader = csv.reader(lines_of(text), delimiter=mark, quotechar=quote)
        for row in reader:
            if reader.line_num - start > 1:
                spans.append((len(records), start, reader.line_num))
            records.append(row)
            start = reader.line_num
    found = _released(text, records, spans, mark, quote) if spans else Parsed(records)
    if not records or (spans and found.rows[-1] is not records[-1]):
        return found
    begun = spans[-1][1] if spans and spans[-1][0] == len(records) - 1 else start - 1
    return replace(found, open_line=begun if left_open(text, begun, mark, quote) else None)


def _released(
    text: str,
    records: list[list[str]],
    spans: Sequence[tuple[int, int, int]],
    mark: str,
    quote: str,
) -> Parsed:
    """Take rows out of cells that swallowed them."""
    held = {place for place, *_ in spans}
    single = [row for place, row in enumerate(records) if place not in held]
    typical = Counter(map(len, single)).most_common(1)[0][0] if single else 0
    if typical < 2:
        return Parsed(records)
    recurring = [_recurring(row[place] for row in single if len(row) == typical)
                 for place in range(typical)]  # fmt: skip
    lines = lines_of(text)
    at, count, first = 0, 0, 0
    replaced: dict[int, list[list[str]]] = {}
    for place, start, stop in spans:
        own = list(islice(islice(lines, start - at, None), stop - start))
        at = stop
        rows = [_row(line.rstrip("\r\n"), typical, mark, quote) for line in own if line.strip()]
        if not rows or not all(rows):
            continue
        labelled = any(
            all(row[n] in known for row in rows) for n, known in enumerate(recurring) if known
        )
        if labelled or len(rows) >= _SURELY_LINES:
            replaced[place] = rows
            count, first = count + 1, first or start + 1
    if not replaced:
        return Parsed(records)
    found = [row for place, own in enumerate(records) for row in replaced.get(place, [own])]
    return Parsed(found, count, first)


def _recurring(values: Iterator[str]) -> set[str]:
    return {value for value, count in Counter(values).items() if count > 1 and value.strip()}


def _row(line: str, typical: int, mark: str, quote: str) -> list[str]:
    """Return a line as a row by itself; empty where it is none."""
    if line.count(quote) % 2 == 0:
        row = next(csv.reader([line], delimiter=mark, quotechar=quote), [])
        if len(row) == typical:
            return row
    plain = line.split(mark)
    return plain if len(plain) == typical else []


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, as the csv module wants them.

    A `StringIO` of the whole text would hold it once more, with four bytes a character.
    """
    start = 0
    while start < len(text):
        stop = text.find("\n", start + PIECE_CHARACTERS) + 1 or len(text)
        yield from io.StringIO(text[start:stop], newline="")
        start = stop


def left_open(text: str, line: int, mark: str, quote: str) -> bool:
    """Say whether the last row, which begins after `line` lines, ends inside a quoted cell."""
    tail = "".join(islice(lines_of(text), line, None))
    with any_cell_size():
        reader = csv.reader(
            io.StringIO(tail, newline=""), delimiter=mark, quotechar=quote, strict=True
        )
        try:
            list(reader)
        except csv.Error as error:
            return "unexpected end" in str(error)
    return False


@contextmanager
def any_cell_size() -> Iterator[None]:
    """Let the csv module read cells of any size."""
    before = csv.field_size_limit(CELL_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
