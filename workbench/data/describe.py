"""What is known of a data source before anything is learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DataError, shorten
from ..sources import Progress, find_data
from ..spec import DataSpec
from ..spec.run import TASKS
from ..tasks import load_task
from .columns import guess_columns
from .tables import Table, open_tables

FIRST_ROWS = 3


def describe_source(source: str, progress: Progress | None = None) -> dict[str, Any]:
    """Return a source's splits with their columns, detected format and first rows, as plain data.

    `columns` says, for each task that the source fits, which column plays which role.

    Raises:
        SourceError: it cannot be found or fetched.
        DataError: a file in it cannot be read.
    """
    found = find_data(source, None, progress)
    tables = open_tables(found, DataSpec(source=source))
    splits, roles = {}, {}
    for name in tables.splits:
        table = tables.read(name)
        roles = roles or _roles(table, found.columns)
        rows = table.frame.head(FIRST_ROWS).to_dict("records")
        splits[name] = {
            "rows": len(table.frame),
            "columns": [str(column) for column in table.frame.columns],
            "encoding": table.detected.encoding,
            "delimiter": table.detected.delimiter,
            "header": table.detected.header,
            "notes": table.detected.notes,
            "first_rows": [{str(k): shorten(v, 120) for k, v in row.items()} for row in rows],
        }
    return {
        "source": found.place,
        "kind": found.kind,
        **found.about,
        "revision": found.revision,
        "columns": roles or "none found; name them, as in -p columns '{text: NAME, label: NAME}'",
        "labels": found.labels,
        "splits": splits,
    }


def _roles(table: Table, known: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the columns by role for each task whose roles the table can fill."""
    fitting = {}
    for name in TASKS:
        task = load_task(name)
        try:
            columns = guess_columns(table.frame, task, known, table.name)
        except DataError:
            continue
        measures = [columns.get(role.name) for role in task.roles if role.kind == "numbers"]
        if all(_is_measure(table.frame[column]) for column in measures if column in table.frame):
            fitting[name] = columns
    return fitting


def _is_measure(column: Any) -> bool:
    import pandas

    return pandas.to_numeric(column, errors="coerce").notna().mean() > 0.5
