"""What is known of a data source before anything is learned from it."""

from __future__ import annotations

from typing import Any

from ..errors import shorten
from ..sources import Progress, find_data
from ..spec import DataSpec
from .tables import open_tables

FIRST_ROWS = 3


def describe_source(source: str, progress: Progress | None = None) -> dict[str, Any]:
    """Return a source's splits with their columns, detected format and first rows, as plain data.

    Raises:
        SourceError: it cannot be found or fetched.
        DataError: a file in it cannot be read.
    """
    found = find_data(source, None, progress)
    tables = open_tables(found, DataSpec(source=source))
    splits = {}
    for name in tables.splits:
        table = tables.read(name)
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
        "columns": found.columns,
        "labels": found.labels,
        "splits": splits,
    }
