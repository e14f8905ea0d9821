"""Sheets of Excel workbooks as rows of text: merged cells, errors, line ends, formulas, choices."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from .cells import as_text
from .splits import role_of

# What a cell shows whose formula has failed: no value.
ERRORS = frozenset((
    "#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#GETTING_DATA", "#SPILL!",
    "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!",
))  # fmt: skip
FEWEST_ROWS = 4


@dataclass(frozen=True)
class Sheet:
    """A sheet: all its rows as text, empty ones included, and sentences on what was mended."""

    name: str
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)

    @property
    def filled(self) -> list[list[str]]:
        """The rows with anything in them."""
        return [row for row in self.rows if any(row)]


def read_sheets(raw: bytes, name: str, kind: str) -> list[Sheet]:
    """Return the sheets of a workbook that have anything in them.

    Raises:
        DataError: it is damaged, or empty.
    """
    try:
        sheets = _of_xlsx(raw) if kind == ".xlsx" else _of_xls(raw)
    except Exception as error:
        # A damaged part of a workbook makes openpyxl and xlrd fail in any way at all.
        raise DataError(
            "{name} cannot be read as an Excel workbook ({reason})",
            "save it again as .xlsx, or as .csv",
            name=name,
            reason=shorten(error),
        ) from None
    held = [sheet for sheet in sheets if sheet.filled]
    if not held:
        raise DataError("{name}: all sheets are empty", "put the table into one", name=name)
    return held


def split_sheets(path: Path) -> dict[str, str]:
    """Return the names of a workbook's sheets by split, where more than one is called so."""
    try:
        names = _sheet_names(path)
    except Exception:  # damaged: whoever reads it tells
        return {}
    named = {role: name for name in names if (role := role_of(name))}
    return named if len(named) > 1 and "train" in named else {}


def _sheet_names(path: Path) -> list[str]:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK"):
        import openpyxl

        return openpyxl.load_workbook(path, read_only=True).sheetnames
    if start == b"\xd0\xcf\x11\xe0":
        import xlrd

        return xlrd.open_workbook(path, on_demand=True, logfile=io.StringIO()).sheet_names()
    return []


def choose_sheet(
    sheets: list[Sheet], wanted: str, name: str, known_names: Collection[str]
) -> tuple[Sheet, list[str]]:
    """Return the sheet that is wanted, else the first that looks like a table, and what is said.

    Raises:
        DataError: there is no such sheet.
    """
    names = [sheet.name for sheet in sheets]
    if wanted:
        found = [sheet for sheet in sheets if sheet.name.casefold() == wanted.casefold()]
        if not found:
            near = get_close_matches(wanted, names, n=1, cutoff=0.5)
            raise DataError(
                "{name} has no sheet {sheet!r}; it has {sheets}",
                "did you mean {near!r}?" if near else "set it to one of them",
                name=name,
                sheet=shorten(wanted),
                sheets=shorten(", ".join(names), 200),
                near=next(iter(near), ""),
            )
        return found[0], []
    most = max(len(sheet.filled) for sheet in sheets)
    tables = [s for s in sheets if len(s.filled) > max(FEWEST_ROWS, most / 4) and _width(s) > 1]
    headed = [sheet for sheet in tables if _names_columns(sheet, set(known_names))]
    chosen = next(iter(headed or tables or sheets))
    others = [other for other in names if other != chosen.name]
    if not others:
        return chosen, []
    shown = shorten(", ".join(others), 200)
    return chosen, [say("data.note.sheet", sheet=chosen.name, others=shown, file=name)]


def _width(sheet: Sheet) -> int:
    return max(sum(map(bool, row)) for row in sheet.filled)


def _names_columns(sheet: Sheet, known: set[str]) -> bool:
    start = [{cell.strip().casefold() for cell in row} for row in sheet.filled[:10]]
    # A sheet that explains the columns has one of their names in a row, not several.
    return bool(start[0] & known) or any(len(row & known) > 1 for row in start)


def _of_xlsx(raw: bytes) -> list[Sheet]:
    import openpyxl

    merged, formulas = _marks(raw)
    # Only a sheet that is held whole knows its merged cells.
    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=not merged, data_only=True)
    written = openpyxl.load_workbook(io.BytesIO(raw), read_only=True) if formulas else None
    found = []
    for sheet in book.worksheets:
        notes: list[str] = []
        rows = [[_plain(value) for value in row] for row in sheet.iter_rows(values_only=True)]
        if written is not None:
            notes += _without_values(rows, written[sheet.title])
        if merged and sheet.merged_cells.ranges:
            notes += _fill(rows, sheet.merged_cells.ranges)
        found.append(Sheet(sheet.title, rows, notes))
    return found


def _marks(raw: bytes) -> tuple[bool, bool]:
    """Say whether any sheet has merged cells, and whether any has formulas."""
    merged = formulas = False
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                continue
            rest = b""
            with archive.open(name) as file:
                while piece := file.read(2**20):
                    merged = merged or b"<mergeCell " in rest + piece
                    formulas = formulas or re.search(rb"<f[ >]", rest + piece) is not None
                    rest = piece[-16:]
    return merged, formulas


def _plain(value: Any) -> str:
    """Return a cell as text: escaped characters as themselves, line ends as line feeds."""
    text = as_text(value)
    if "_x" in text:
        from openpyxl.utils.escape import unescape

        text = unescape(text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _without_values(rows: list[list[str]], sheet: Any) -> list[str]:
    """Return what is to be said of formulas whose values were not stored."""
    from openpyxl.utils import get_column_letter

    count, first = 0, ""
    for number, (row, formulas) in enumerate(
        zip_longest(rows, sheet.iter_rows(values_only=True), fillvalue=()), start=1
    ):
        for place, (shown, held) in enumerate(zip_longest(row, formulas, fillvalue=None), start=1):
            is_formula = isinstance(held, str) and held.startswith("=") and len(held) > 1
            if (is_formula or hasattr(held, "ref")) and not shown:
                count += 1
                first = first or f"{get_column_letter(place)}{number}"
    return [say("data.note.formulas", count=f"{count:,}", cell=first)] if count else []


def _fill(rows: list[list[str]], ranges: Any) -> list[str]:
    """Give each cell of a merged range the value of its first."""
    count = 0
    for one in ranges:
        value = rows[one.min_row - 1][one.min_col - 1] if one.min_row <= len(rows) else ""
        # A title over all columns is no value of each.
        if not value or one.max_row == one.min_row:
            continue
        for row in rows[one.min_row - 1 : one.max_row]:
            row[one.min_col - 1 : one.max_col] = [value] * (one.max_col - one.min_col + 1)
        count += 1
    return [say("data.note.merged_cells", count=f"{count:,}")] if count else []


def _of_xls(raw: bytes) -> list[Sheet]:
    import xlrd

    book = xlrd.open_workbook(file_contents=raw, logfile=io.StringIO())
    found = []
    for sheet in book.sheets():
        rows = [[_cell_of_xls(cell, book) for cell in row] for row in sheet.get_rows()]
        found.append(Sheet(sheet.name, rows))
    return found


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
    return _plain(cell.value)
