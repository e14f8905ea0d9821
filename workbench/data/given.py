"""Tables that live only in a notebook, kept as files, so that a run on them can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..runs import write_output


def keep_table(data: Any, folder: Path) -> Path:
    """Write a table, or a mapping of splits to tables, below `folder`; return where it lies.

    A table is a pandas frame, a `datasets.Dataset` or a list of rows. The place is named by the
    content, so that the same table is kept once.

    Raises:
        DataError: it is nothing of these, or has no rows.
    """
    splits = dict(data) if isinstance(data, Mapping) else {"train": data}
    files = {name: _lines(table, name) for name, table in splits.items()}
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}:{len(content)}:{content}".encode())
    place = folder / "data" / digest.hexdigest()[:16]
    for name, content in files.items():
        write_output(place / f"{name}.jsonl", content)
    return place if isinstance(data, Mapping) else place / "train.jsonl"


def _lines(table: Any, name: str) -> str:
    import pandas

    frame = table.to_pandas() if hasattr(table, "to_pandas") else table
    if isinstance(frame, list) and all(isinstance(row, Mapping) for row in frame):
        frame = pandas.DataFrame(frame)
    if not isinstance(frame, pandas.DataFrame):
        raise DataError(
            f"data: {name} is a {type(table).__name__}, not a table",
            "give a pandas frame, a datasets table or a list of rows",
        )
    if frame.empty:
        raise DataError(f"data: {name} has no rows", "give some")
    return frame.to_json(orient="records", lines=True, force_ascii=False)
