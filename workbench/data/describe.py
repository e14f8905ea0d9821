"""What is known of a data source before anything is learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, shorten
from ..sources import FoundData, Progress, find_data
from ..spec import DataSpec
from ..spec.run import TASKS
from ..tasks import Task, load_task
from .columns import Columns, given_columns, guess_columns
from .divide import train_split
from .load import column_notes
from .tables import Table, Tables, open_tables, reshaped

FIRST_ROWS = 3
# A file larger than this is read once, not once for each task.
MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class _Reading:
    """How a task reads a source: its columns by role, and what is to be said of the others."""

    tables: Tables
    columns: Columns
    notes: list[str] = field(default_factory=list)


def describe_source(source: str, progress: Progress | None = None) -> dict[str, Any]:
    """Return a source's splits with their columns, detected format and first rows, as plain data.

    `columns` says, for each task that the source fits, which column plays which role, as a run of
    the task would read it; `left` what a run would say of the rest, `refused` why a task does not
    take what looks like its data.

    Raises:
        SourceError: it cannot be found or fetched.
        DataError: a file in it cannot be read.
    """
    found = find_data(source, None, progress)
    spec = DataSpec(source=source)
    # What only a task's own reader can read, such as words with their tags, is no table.
    tables, fault = _as_table(found, spec)
    readings, refused = _readings(found, spec, tables)
    # What a task reads by a shape of its own is shown as that task has it.
    shown = next((one.tables for one in readings.values() if one.tables is not tables), tables)
    if shown is None:
        raise fault
    return {
        "source": found.place,
        "kind": found.kind,
        **found.about,
        "revision": found.revision,
        "columns": {name: one.columns for name, one in readings.items()}
        or "none found; name them, as in -p columns '{text: NAME, label: NAME}'",
        **_by_reading("left", {name: one.notes for name, one in readings.items() if one.notes}),
        **_by_reading("refused", refused),
        "labels": found.labels,
        "splits": {name: _split(shown.read(name)) for name in shown.splits},
    }


def _as_table(found: FoundData, spec: DataSpec) -> tuple[Tables | None, Any]:
    try:
        return open_tables(found, spec), None
    except InputError as error:
        return None, error


def _by_reading(name: str, held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: dict(held)} if held else {}


def _split(table: Table) -> dict[str, Any]:
    rows = table.frame.head(FIRST_ROWS).to_dict("records")
    return {
        "rows": len(table.frame),
        "columns": [str(column) for column in table.frame.columns],
        "encoding": table.detected.encoding,
        "delimiter": table.detected.delimiter,
        "header": table.detected.header,
        "notes": table.detected.notes,
        "first_rows": [{str(k): shorten(v, 120) for k, v in row.items()} for row in rows],
    }


def _readings(
    found: FoundData, spec: DataSpec, tables: Tables | None
) -> tuple[dict[str, _Reading], dict[str, str]]:
    """Return how each task reads a source, and why some do not."""
    fitting: dict[str, _Reading] = {}
    refused: dict[str, str] = {}
    first = tables.read(next(iter(tables.splits))) if tables else None
    small = bool(found.tables) or sum(file.stat().st_size for file in found.files) < MOST_BYTES
    for name in TASKS:
        task = load_task(name)
        try:
            reading = _reading(found, spec, (tables, first), task, small)
        except InputError as error:
            if "preferences" in error.args[0]:
                refused[name] = str(error)
            continue
        if reading is not None:
            fitting[name] = reading
    return fitting, refused


def _reading(
    found: FoundData,
    spec: DataSpec,
    read: tuple[Tables | None, Table | None],
    task: Task,
    small: bool,
) -> _Reading | None:
    plain, first = read
    own = open_tables(found, spec, task) if small or plain is None else plain
    table = own.read(train_split(own, spec))
    if not small:
        table = reshaped(table, task, spec)
    given = given_columns(found.columns, task, {})
    columns = guess_columns(table.frame, task, given, table.name)
    measures = [columns.get(role.name) for role in task.roles if role.kind == "numbers"]
    if not all(_is_measure(table.frame[one]) for one in measures if one in table.frame):
        return None
    notes = column_notes(table, columns, task, given)
    if plain is None or first is None:
        return _Reading(own, columns, notes)
    same = list(first.frame.columns) == list(table.frame.columns)
    notes = [*[n for n in table.detected.notes if n not in first.detected.notes], *notes]
    return _Reading(plain if same else own, columns, notes)


def _is_measure(column: Any) -> bool:
    import pandas

    return pandas.to_numeric(column, errors="coerce").notna().mean() > 0.5
