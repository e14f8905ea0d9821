"""`read_table`: one file of any supported format, as a table, with what was found out about it."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from .cells import as_text
from .delimited import DELIMITERS, Rows, read_rows
from .encoding import decode
from .header import looks_like_header
from .objects import read_objects

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".xlsx", ".xls")

ReadFile = Callable[[str, str], tuple[list[dict[str, Any]], list[str]] | None]
"""Called as `read_file(text, name)`: rows and notes, or None for what is read as a table."""


@dataclass(frozen=True)
class Detected:
    """What was found out about a file: empty strings where a question does not arise.

    `delimiter` is a name (tab, comma, …) or the character; `header` is yes or no; `rows` counts
    what was read, the header not included.
    """

    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, str]:
        """Return encoding, delimiter and header as words for the page, as far as they apply."""
        named = self.delimiter in DELIMITERS
        words = {
            "encoding": self.encoding,
            "delimiter": say(f"data.delimiter.{self.delimiter}") if named else self.delimiter,
            "header": say(f"data.header.{self.header}") if self.header else "",
        }
        return {name: word for name, word in words.items() if word}


def read_table(
    path: str | Path,
    encoding: str = "auto",
    delimiter: str = "auto",
    header: str = "auto",
    known_names: Collection[str] = (),
    read_file: ReadFile | None = None,
) -> tuple[Any, Detected]:
    """Read a file into a `pandas.DataFrame` and say what was detected.

    csv, tsv, txt (one text a line, or tab-separated), json, jsonl, parquet, xlsx and xls, each
    also gzip-ed. Cells are strings or, from typed formats, objects. The frame's index is the
    number of the row in the file, from 1, the header not counted. Columns without a header are
    named by number, from 0. `known_names` (lower case) help to recognise a
    header. `read_file` may know text files that are no tables; then rows are numbered as it gives
    them.

    Raises:
        DataError: the file is missing, empty, damaged, of another format, in another encoding,
            or names two columns alike.
    """
    import pandas

    path = Path(path)
    name = path.name
    raw = _read_bytes(path)
    kind = _kind(name, raw)
    if kind == ".parquet":
        frame, detected = _read_parquet(raw, name)
    elif kind in (".xlsx", ".xls"):
        read = _sheets_of_xlsx if kind == ".xlsx" else _sheets_of_xls
        frame, detected = _read_workbook(raw, name, read, header, known_names)
    else:
        decoded = decode(raw, encoding, name)
        del raw  # a large file need not be held twice
        if not decoded.text or decoded.text.isspace():
            raise DataError("{name} is empty", "give a file with a row for each example", name=name)
        own = read_file(decoded.text, name) if read_file else None
        if own is not None:
            records, notes = own
            frame = pandas.DataFrame(records, dtype=object, index=range(1, len(records) + 1))
            detected = Detected(notes=notes)
        elif kind == ".json":
            frame, notes = read_objects(decoded.text, name)
            detected = Detected(notes=notes)
        elif kind == ".txt" and delimiter == "auto" and not _is_tabular(decoded.text):
            frame, detected = _read_lines(decoded.text, header)
        else:
            rows = read_rows(decoded.text, delimiter, name)
            if not rows.cells:
                raise DataError(
                    "{name} has no rows", "give a file with a row for each example", name=name
                )
            frame, detected = _with_header(rows, name, header, known_names)
        detected = Detected(
            decoded.encoding, detected.delimiter, detected.header, 0, decoded.notes + detected.notes
        )
    if frame.empty:
        raise DataError(
            "{name} has a header but no rows" if detected.header == "yes" else "{name} has no rows",
            "give a file with a row for each example",
            name=name,
        )
    return frame, Detected(
        detected.encoding, detected.delimiter, detected.header, len(frame), detected.notes
    )


def _read_bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError("no such file: {path}", "check data.source", path=shorten(path)) from None
    except OSError as error:
        raise DataError(
            "cannot read {path} ({reason})",
            "check the path",
            path=shorten(path),
            reason=error.strerror,
        ) from None
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            raise DataError(
                "{name} is a damaged gzip file",
                "fetch it again, or give it unpacked",
                name=path.name,
            ) from None
    if not raw:
        raise DataError(
            "{name} is empty", "give a file with a row for each example", name=path.name
        )
    return raw


def _kind(name: str, raw: bytes) -> str:
    """Return the format as a suffix: by content where that is certain, else by name."""
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if raw.startswith(b"PAR1"):
        return ".parquet"
    if raw.startswith(b"PK\x03\x04"):
        return ".xlsx"
    if suffix in (".jsonl", ".ndjson", ".json"):
        return ".json"
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return ".xls"
    if suffix == ".xls":  # what some programs call so is a table of text, or a page
        if raw.lstrip()[:1] == b"<":
            raise DataError(
                "{name} is a page of HTML or XML", "save it as .xlsx or .csv", name=name
            )
        return ".csv"
    return suffix if suffix in SUFFIXES else ".csv"


def _is_tabular(text: str) -> bool:
    """Say whether nearly all lines have the same number of tabs, and at least one."""
    tabs = Counter(line.count("\t") for line in text[:200_000].split("\n")[:-1] if line.strip())
    if not tabs:
        return False
    usual, count = tabs.most_common(1)[0]
    return usual > 0 and count > 0.9 * tabs.total()


def _read_lines(text: str, header: str) -> tuple[Any, Detected]:
    import pandas

    # Not `splitlines`: it also splits at marks that are part of a text, such as U+2028.
    ends = io.StringIO(text, newline=None)
    lines = [(n, line.rstrip("\n")) for n, line in enumerate(ends, start=1) if line.strip()]
    column = "text"
    if header == "yes":
        column = lines.pop(0)[1].strip()
        lines = [(n - 1, line) for n, line in lines]
    frame = pandas.DataFrame(
        {column: [line for _, line in lines]}, index=[n for n, _ in lines], dtype=object
    )
    return frame, Detected(header="yes" if header == "yes" else "no")


def _with_header(
    rows: Rows, name: str, header: str, known_names: Collection[str]
) -> tuple[Any, Detected]:
    """Turn rows into a frame, the first of them into column names if it is a header."""
    import pandas

    cells, numbers, notes = rows.cells, rows.numbers, list(rows.notes)
    has_header = header == "yes" or (header == "auto" and looks_like_header(cells, known_names))
    columns = [str(number) for number in range(len(cells[0]))]
    if has_header:
        columns = _column_names(cells[0], name)
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
    return frame, Detected(delimiter=shown, header="yes" if has_header else "no", notes=notes)


def _column_names(first: list[str], name: str) -> list[str]:
    columns = [cell.strip() or f"unnamed_{position}" for position, cell in enumerate(first)]
    double = next((column for column in columns if columns.count(column) > 1), None)
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


def _read_parquet(raw: bytes, name: str) -> tuple[Any, Detected]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(raw))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            "{name} is a damaged parquet file ({reason})",
            "write or fetch it again",
            name=name,
            reason=shorten(error),
        ) from None
    metadata = table.schema.metadata or {}
    frame = table.to_pandas(ignore_metadata=True)
    frame.columns = [str(column) for column in frame.columns]
    frame.index = range(1, len(frame) + 1)
    frame.attrs["class_names"] = _class_names(metadata.get(b"huggingface", b"{}"))
    return frame, Detected()


def _class_names(metadata: bytes) -> dict[str, list[str]]:
    """Return the names behind numbered classes, as the datasets library notes them in parquet."""
    try:
        features = json.loads(metadata)["info"]["features"]
        return {
            column: list(map(str, feature["names"]))
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


Sheets = tuple[list[list[str]], int]
"""The rows of the first sheet, empty ones included, and how many sheets there are."""


def _read_workbook(
    raw: bytes,
    name: str,
    read: Callable[[bytes], Sheets],
    header: str,
    known_names: Collection[str],
) -> tuple[Any, Detected]:
    try:
        table, sheets = read(raw)
    except Exception as error:
        # A damaged part of a workbook makes openpyxl and xlrd fail in any way at all.
        raise DataError(
            "{name} cannot be read as an Excel workbook ({reason})",
            "save it again as .xlsx, or as .csv",
            name=name,
            reason=shorten(error),
        ) from None
    filled = [(number, row) for number, row in enumerate(table, start=1) if any(row)]
    if not filled:
        raise DataError(
            "{name}: the first sheet is empty", "move the table to the first sheet", name=name
        )
    width = max(len(row) for _, row in filled)
    cells = [row + [""] * (width - len(row)) for _, row in filled]
    notes = [say("data.note.first_sheet", count=sheets)] if sheets > 1 else []
    rows = Rows(cells, [number for number, _ in filled], "", notes)
    return _with_header(rows, name, header, known_names)


def _sheets_of_xlsx(raw: bytes) -> Sheets:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    return [[as_text(value) for value in row] for row in rows], len(book.worksheets)


def _sheets_of_xls(raw: bytes) -> Sheets:
    import xlrd

    book = xlrd.open_workbook(file_contents=raw, logfile=io.StringIO())
    sheet = book.sheet_by_index(0)
    rows = [[_cell_of_xls(cell, book) for cell in row] for row in sheet.get_rows()]
    return rows, book.nsheets


def _cell_of_xls(cell: Any, book: Any) -> str:
    """Return a cell as text; dates and truth values are numbers that say what they are."""
    import xlrd

    match cell.ctype:
        case xlrd.XL_CELL_DATE:
            return as_text(xlrd.xldate.xldate_as_datetime(cell.value, book.datemode))
        case xlrd.XL_CELL_BOOLEAN:
            return as_text(bool(cell.value))
        case xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "")
    return as_text(cell.value)
