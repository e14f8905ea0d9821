"""`read_table`: one file of any supported format, as a table, with what was found out about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from ..sources.paths import bare_name
from .arrow_files import is_arrow, read_arrow
from .delimited import DELIMITERS, Rows, read_rows
from .encoding import decode
from .header import first_row, last_row, looks_like_header
from .lines import has_labels, read_lines
from .objects import read_objects, without_giants
from .packed import read_bytes
from .workbooks import ERRORS, choose_sheet, read_sheets

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".feather", ".arrow", ".xlsx", ".xlsm", ".xls")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")

ReadFile = Callable[[str, str], tuple[list[dict[str, Any]], list[str]] | None]
"""Called as `read_file(text, name)`: rows and notes, or None for what is read as a table."""


@dataclass(frozen=True)
class Detected:
    """What was found out about a file: empty strings where a question does not arise.

    `delimiter` is a name (tab, comma, …) or the character; `header` is yes, no, or the number of
    its row below others; `rows` counts what was read, the header not included.
    """

    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, str]:
        """Return encoding, delimiter and header as words for the page, as far as they apply."""
        named = self.delimiter in DELIMITERS
        row = self.header.isdecimal()
        words = {
            "encoding": self.encoding,
            "delimiter": say(f"data.delimiter.{self.delimiter}") if named else self.delimiter,
            "header": say("data.row", row=self.header)
            if row
            else say(f"data.header.{self.header}")
            if self.header
            else "",
        }
        return {name: word for name, word in words.items() if word}


def read_table(
    path: str | Path,
    encoding: str = "auto",
    delimiter: str = "auto",
    header: str = "auto",
    known_names: Collection[str] = (),
    read_file: ReadFile | None = None,
    form: str = "auto",
    sheet: str = "",
    bad_rows: str = "leave_out",
) -> tuple[Any, Detected]:
    """Read a file into a `pandas.DataFrame` and say what was detected.

    csv, tsv, txt (one text a line, or tab-separated), json, jsonl, parquet, feather, arrow, xlsx
    and xls, each also compressed; what it is, its content says, or `form`. Cells are strings or,
    from typed formats, objects. The frame's index is the number of the row in the file, from 1,
    the header not counted. Columns without a header are named by number, from 0. `known_names`
    (lower case) help to recognise a header. `read_file` may know text files that are no tables;
    then rows are numbered as it gives them.

    Raises:
        DataError: the file is missing, empty, damaged, of another format, in another encoding,
            or names two columns alike.
    """
    path = Path(path)
    name = path.name
    raw = read_bytes(path)
    kind = _binary_kind(raw, name, form)
    if kind == "arrow":
        frame, detected = read_arrow(raw, name), Detected()
    elif kind:
        frame, detected = _read_workbook(raw, name, kind, sheet, header, known_names)
    else:
        decoded = decode(raw, encoding, name)
        del raw  # a large file need not be held twice
        if not decoded.text or decoded.text.isspace():
            raise DataError("{name} is empty", "give a file with a row for each example", name=name)
        wishes = _Wishes(form, delimiter, header, known_names, bad_rows)
        try:
            frame, detected = _read_text(decoded.text, name, wishes, read_file)
            frame = without_giants(frame)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise DataError(
                "{name} holds what no table can hold ({reason})",
                "look at its numbers and how deeply it is nested",
                name=name,
                reason=shorten(error),
            ) from None
        detected = replace(
            detected, encoding=decoded.encoding, notes=decoded.notes + detected.notes
        )
    if frame.empty:
        raise DataError(
            "{name} has a header but no rows" if detected.header == "yes" else "{name} has no rows",
            "give a file with a row for each example",
            name=name,
        )
    return frame, replace(detected, rows=len(frame))


@dataclass(frozen=True)
class _Wishes:
    """What the spec says of a text file, and the names that tell a header."""

    form: str
    delimiter: str
    header: str
    known_names: Collection[str]
    bad_rows: str


def _binary_kind(raw: bytes, name: str, form: str) -> str:
    """Return `arrow`, `.xlsx` or `.xls` for what is no text, by content.

    Raises:
        DataError: the file is not of the form that is wished.
    """
    found = ""
    if is_arrow(raw):
        found = "arrow"
    elif raw.startswith(b"PK\x03\x04"):
        found = ".xlsx"
    elif raw.startswith(b"\xd0\xcf\x11\xe0"):
        found = ".xls"
    named = bare_name(name).rpartition(".")[2]
    # A named format whose first bytes are spoilt is told as damaged by its own reader.
    if not found and form == "auto" and named in ("parquet", "feather", "arrow"):
        raise DataError(
            "{name} is a damaged {kind} file ({reason})",
            "write or fetch it again",
            name=name,
            kind=named,
            reason=raw[:8],
        )
    if not found and form == "auto" and named in ("xlsx", "xlsm"):
        found = ".xlsx"
    wished = {"parquet": "arrow", "arrow": "arrow", "excel": "excel"}.get(form, "")
    is_other = (found and form not in ("auto", "parquet", "arrow", "excel")) or (
        wished and wished != ("excel" if found.startswith(".xls") else found)
    )
    if is_other:
        raise DataError(
            "data.format: {name} is not {form}",
            "set it to auto, which goes by the content",
            name=name,
            form=form,
        ).at("data.format", form, "wrong_format")
    return found


def _read_text(
    text: str, name: str, wishes: _Wishes, read_file: ReadFile | None
) -> tuple[Any, Detected]:
    """Read a text: by the task's own reader, as JSON, as lines, or as a table."""
    import pandas

    own = None
    if read_file and wishes.form in ("auto", "conll"):
        own = read_file(text, "words.conll" if wishes.form == "conll" else name)
    if own is not None:
        records, notes = own
        frame = pandas.DataFrame(records, dtype=object, index=range(1, len(records) + 1))
        return frame, Detected(notes=notes)
    kind = _text_kind(text, name, wishes)
    if kind == "json":
        frame, notes = read_objects(text, name, wishes.bad_rows)
        return frame, Detected(notes=notes)
    if kind == "lines":
        frame, header, notes = read_lines(text, wishes.header)
        return frame, Detected(header=header, notes=notes)
    rows = read_rows(text, wishes.delimiter, name)
    if not rows.cells:
        raise DataError("{name} has no rows", "give a file with a row for each example", name=name)
    return _with_header(rows, name, wishes.header, wishes.known_names)


def _text_kind(text: str, name: str, wishes: _Wishes) -> str:
    """Return `json`, `lines` or `csv`: as wished, else by content, else by name."""
    if wishes.form != "auto":
        return {"fasttext": "lines", "conll": "csv"}.get(wishes.form, wishes.form)
    bare = bare_name(name)
    if bare.endswith(JSON_SUFFIXES) or _is_json(text):
        return "json"
    if wishes.delimiter == "auto" and has_labels(text):
        return "lines"
    if wishes.delimiter != "auto" or bare.endswith((*TABLE_SUFFIXES, ".xls", ".xlsx")):
        return "csv"
    even = _is_tabular(text) or (not bare.endswith(".txt") and _is_delimited(text, name))
    return "csv" if even else "lines"


def _is_json(text: str) -> bool:
    """Say whether the first line is an object, or all of the text a list or an object."""
    start = text.lstrip()
    if not start.startswith(("{", "[")):
        return False
    line = start.partition("\n")[0]
    for part in (line, start if len(start) < 10_000_000 else line):
        try:
            return isinstance(json.loads(part), dict) or part is start
        except (ValueError, RecursionError):
            continue
    return False


def _is_tabular(text: str) -> bool:
    """Say whether nearly all lines have the same number of tabs, and at least one."""
    tabs = Counter(line.count("\t") for line in text[:200_000].split("\n")[:-1] if line.strip())
    if not tabs:
        return False
    typical, count = tabs.most_common(1)[0]
    return typical > 0 and count > 0.9 * tabs.total()


def _is_delimited(text: str, name: str) -> bool:
    """Say whether the first lines of a file of an unknown ending are rows of several cells."""
    try:
        rows = read_rows(text[:200_000], "auto", name).cells
    except DataError:
        return False
    wide = sum(all(map(str.strip, row)) for row in rows)
    return len(rows) > 1 and len(rows[0]) > 1 and wide > 0.9 * len(rows)


def _with_header(
    rows: Rows, name: str, header: str, known_names: Collection[str]
) -> tuple[Any, Detected]:
    """Turn rows into a frame, one of them into column names if it is a header."""
    import pandas

    cells, numbers, notes = _without_errors(rows.cells), rows.numbers, list(rows.notes)
    if cells is not rows.cells:
        count = sum(a != b for old, new in zip(rows.cells, cells, strict=True)
                    for a, b in zip(old, new, strict=True))  # fmt: skip
        notes.append(say("data.note.excel_errors", count=f"{count:,}"))
    place = _header_place(cells, numbers, name, header, known_names)
    if place:
        titles = "; ".join(" ".join(filter(None, row)) for row in cells[:place])
        notes.append(say("data.note.title_rows", row=numbers[place], titles=shorten(titles)))
        cells, numbers = cells[place:], numbers[place:]
    end = last_row(cells, numbers) if header == "auto" else len(cells)
    if end < len(cells):
        shown = "; ".join(" ".join(filter(None, row)) for row in cells[end:])
        notes.append(say("data.note.rows_below", row=numbers[end], remarks=shorten(shown)))
        cells, numbers = cells[:end], numbers[:end]
    given = header not in ("auto", "no")
    has_header = given or (header == "auto" and looks_like_header(cells, known_names))
    columns = [str(number) for number in range(len(cells[0]))]
    said = "yes" if has_header else "no"
    if has_header:
        columns = _column_names(cells[0], name)
        said = str(numbers[0]) if place else said
        repeated = sum(row == cells[0] for row in cells[1:])
        if repeated:
            notes.append(say("data.note.repeated_header", count=repeated))
        kept = [i for i in range(1, len(cells)) if cells[i] != cells[0]]
        offset = numbers[0]
        cells, numbers = [cells[i] for i in kept], [numbers[i] - offset for i in kept]
    frame = pandas.DataFrame(cells, columns=columns, index=numbers, dtype=object)
    shown = next(
        (key for key, mark in DELIMITERS.items() if mark == rows.delimiter), rows.delimiter
    )
    return frame, Detected(delimiter=shown, header=said, notes=notes)


def _header_place(
    cells: list[list[str]],
    numbers: list[int],
    name: str,
    header: str,
    known_names: Collection[str],
) -> int:
    """Return the position of the header, or of the first row where there is none."""
    if not header.isdecimal():
        return first_row(cells, numbers, known_names) if header == "auto" else 0
    if int(header) not in numbers:
        raise DataError(
            "data.header: {name} has nothing in row {row}",
            "give the number of the row that names the columns, counted from 1",
            name=name,
            row=header,
        ).at("data.header", header, "empty_header")
    return numbers.index(int(header))


def _without_errors(cells: list[list[str]]) -> list[list[str]]:
    """Return cells in which what a spreadsheet shows for a failed formula is no value."""
    if not any(cell.startswith("#") and cell in ERRORS for row in cells for cell in row):
        return cells
    return [["" if cell in ERRORS else cell for cell in row] for row in cells]


def _column_names(first: list[str], name: str) -> list[str]:
    columns = [cell.strip() or f"unnamed_{position}" for position, cell in enumerate(first)]
    double = next((column for column, n in Counter(columns).items() if n > 1), None)
    if double is not None:
        places = " and ".join(str(i) for i, column in enumerate(columns) if column == double)
        raise DataError(
            "{name}: the header names {column!r} more than once (columns {places})",
            "rename one of them; if the first row is data, set data.header to no",
            name=name,
            column=shorten(double),
            places=places,
        )
    return columns


def _read_workbook(
    raw: bytes, name: str, kind: str, wanted: str, header: str, known_names: Collection[str]
) -> tuple[Any, Detected]:
    """Read a sheet of a workbook: the one that is wanted, else the first that is a table."""
    sheet, notes = choose_sheet(read_sheets(raw, name, kind), wanted, name, known_names)
    filled = [(number, row) for number, row in enumerate(sheet.rows, start=1) if any(row)]
    if not filled:
        raise DataError(
            "{name}: the sheet {sheet!r} is empty", "choose another", name=name, sheet=sheet.name
        )
    width = max(len(row) for _, row in filled)
    cells = [row + [""] * (width - len(row)) for _, row in filled]
    rows = Rows(cells, [number for number, _ in filled], "", [*notes, *sheet.notes])
    return _with_header(rows, name, header, known_names)
