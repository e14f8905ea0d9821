"""Tables from JSON: a list of objects, objects in a row, or an object of columns or objects."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from ..language import translate
from .cells import as_text
from .header import looks_like_header
from .splits import role_of

_BROKEN = object()
SHAPES = "give a list of objects, one object a line, or an object of columns"


def read_objects(text: str, name: str, bad_rows: str = "leave_out") -> tuple[Any, list[str]]:
    """Read JSON or JSON lines into a frame; the index counts the objects from 1.

    Objects that simply follow one another are read too, whether or not each has its own line.
    A line that is no JSON among lines that are is left out, unless `bad_rows` is refuse. Rows that
    are lists are read by their shape: the turns of a conversation, a text and what is marked in
    it, or cells.

    Raises:
        DataError: the text is not JSON, or is no table.
    """
    import pandas

    try:
        documents, notes = _documents(text, name)
    except DataError:
        found = _whole_lines(text) if bad_rows == "leave_out" else None
        if found is None:
            raise
        documents, notes = found
    records = documents
    if len(documents) == 1 and not _is_record(documents[0]):
        records = _records(documents[0], name)
    records = as_objects(records)
    numbers = [n for n, record in enumerate(records, start=1) if record is not _BROKEN]
    records = [record for record in records if record is not _BROKEN]
    for number, record in zip(numbers, records, strict=True):
        if not isinstance(record, dict):
            raise DataError(
                "{name}: item {number} is {value!r}, not an object",
                SHAPES,
                name=name,
                number=number,
                value=shorten(record, 40),
            )
    frame = pandas.DataFrame(records, dtype=object)
    frame.columns = [str(column) for column in frame.columns]
    frame.index = numbers
    return frame, notes


def _whole_lines(text: str) -> tuple[list[Any], list[str]] | None:
    """Return the values of JSON lines, a mark for each that is broken; None where many are."""
    lines = [line for line in io.StringIO(text, newline=None) if line.strip()]
    values: list[Any] = []
    broken: list[int] = []
    for number, line in enumerate(lines, start=1):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError):
            values.append(_BROKEN)
            broken.append(number)
    if len(broken) > len(lines) / 5 or len(broken) == len(lines):
        return None
    first = shorten(lines[broken[0] - 1], 60)
    return values, [
        say("data.note.broken_lines", count=f"{len(broken):,}", line=broken[0], shown=first)
    ]


def as_objects(records: list[Any]) -> list[Any]:
    """Return rows that are lists as objects, by their shape; others as they are."""
    rows = [record for record in records if record is not _BROKEN]
    if not rows or not all(isinstance(row, list) and row for row in rows):
        return records
    if all(isinstance(turn, dict) for row in rows for turn in row):
        return _each(records, lambda row: {"messages": row})
    if all(len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict) for row in rows):
        return _each(records, lambda row: {"text": row[0], **row[1]})
    if len({len(row) for row in rows}) > 1 or any(
        isinstance(cell, list | dict) for row in rows for cell in row
    ):
        return records
    first = [str(cell) for cell in rows[0]]
    named = len(set(first)) == len(first) and looks_like_header(
        [[as_text(cell) for cell in row] for row in rows[:200]]
    )
    names = first if named else [str(place) for place in range(len(first))]
    if named:
        records = records[records.index(rows[0]) + 1 :]
    return _each(records, lambda row: dict(zip(names, row, strict=True)))


def _each(records: list[Any], change: Callable[[list[Any]], dict[str, Any]]) -> list[Any]:
    return [record if record is _BROKEN else change(record) for record in records]


def _documents(text: str, name: str) -> tuple[list[Any], list[str]]:
    """Return the JSON values of the text, one after the other."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    position, end = _skip_blanks(text, 0), len(text)
    several_lines = False
    while position < end:
        try:
            value, stop = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            at = getattr(error, "pos", position)
            line = text.count("\n", 0, at) + 1
            reason = getattr(error, "msg", translate("nested too deeply"))
            raise DataError(
                "{name} is not JSON on line {line}: {reason}",
                SHAPES,
                name=name,
                line=line,
                reason=reason,
            ) from None
        several_lines = several_lines or "\n" in text[position:stop]
        values.append(value)
        position = _skip_blanks(text, stop)
    joined = len(values) > 1 and several_lines
    return values, [say("data.note.concatenated_json")] if joined else []


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


def without_giants(frame: Any) -> Any:
    """Return a frame in which whole numbers that no float holds are texts."""
    for name in (name for name, kind in frame.dtypes.items() if str(kind) == "object"):
        giant = [type(cell) is int and abs(cell) > sys.float_info.max for cell in frame[name]]
        if any(giant):
            frame[name] = frame[name].map(lambda c: str(c) if type(c) is int else c)
    return frame


def _is_record(value: Any) -> bool:
    """Say whether a value is one row: an object with nothing but plain values."""
    return isinstance(value, dict) and not any(isinstance(v, list | dict) for v in value.values())


def _records(value: Any, name: str) -> list[Any]:
    """Find the rows in one JSON value."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise DataError(
            "{name} holds {value!r}, not a table", SHAPES, name=name, value=shorten(value, 40)
        )
    if (found := _in_a_frame(value)) is not None:
        return found
    tables = [key for key, held in value.items() if _is_table(held)]
    if len(tables) > 1:
        raise DataError(
            "{name} holds several tables: {tables}",
            "write each to a file of its own, named train, validation or test",
            name=name,
            tables=shorten(", ".join(tables)),
        )
    held = list(value.values())
    if all(isinstance(column, list) for column in held):
        if len({len(column) for column in held}) > 1:
            sizes = ", ".join(f"{key} {len(column)}" for key, column in value.items())
            raise DataError(
                "{name}: columns differ in length ({sizes})",
                SHAPES,
                name=name,
                sizes=shorten(sizes),
            )
        return [dict(zip(value, row, strict=True)) for row in zip(*held, strict=True)]
    if all(isinstance(column, dict) for column in held):
        return _rows_or_columns(value)
    raise DataError(
        "{name}: its top-level keys ({names}) are no table",
        SHAPES,
        name=name,
        names=shorten(", ".join(value)),
    )


def _is_table(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(row, dict) for row in held)


def _in_a_frame(value: dict[str, Any]) -> list[Any] | None:
    """Return the rows that stand inside of an object beside other things; None where none do."""
    if {"columns", "data"} <= value.keys() <= {"columns", "data", "index"}:  # as pandas splits it
        return [dict(zip(map(str, value["columns"]), row, strict=True)) for row in value["data"]]
    rows = value.get("rows", [])
    if "features" in value and _is_table(rows) and all("row" in row for row in rows):
        return [row["row"] for row in rows]  # as the hub's viewer answers
    tables = [key for key, held in value.items() if _is_table(held)]
    if len(tables) == 1:
        return value[tables[0]]
    roles = [role_of(key, whole=True) for key in tables]
    if len(tables) > 1 and all(roles) and "train" in roles:
        return [row | {"split": key} for key in tables for row in value[key]]
    marked = [key for key, held in value.items() if _is_marked(held)]
    # As the annotators of spaCy write it, beside the names of classes.
    return [row for row in value[marked[0]] if row] if len(marked) == 1 else None


def _is_marked(held: Any) -> bool:
    """Say whether a value is a list of texts, each with what is marked in it."""
    rows = [row for row in held if row] if isinstance(held, list) else []
    return bool(rows) and all(
        isinstance(row, list) and len(row) == 2 and isinstance(row[1], dict) for row in rows
    )


def _rows_or_columns(value: dict[str, dict[str, Any]]) -> list[Any]:
    """Tell `{id: {column: cell}}` from `{column: {row number: cell}}`, which pandas writes."""
    keys = [list(held) for held in value.values()]
    if all(key == keys[0] and all(map(str.isdigit, key)) for key in keys):
        return [{column: held[row] for column, held in value.items()} for row in keys[0]]
    return [{"id": key, **held} for key, held in value.items()]
