"""Tables that live only in a notebook, kept as files, so that a run on them can be repeated."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..runs import write_output
from .arrow_files import named_classes


def keep_table(data: Any, folder: Path) -> Path:
    """Write a table, or a mapping of splits to tables, below `folder`; return where it lies.

    A table is a pandas frame, a `datasets.Dataset`, a list of rows, or text as it is copied out of
    a spreadsheet or a file. The place is named by the content, so that the same table is kept once.

    Raises:
        DataError: it is nothing of these, or has no rows.
    """
    splits = dict(data) if isinstance(data, Mapping) else {"train": data}
    files = {f"{name}.{_kind(table)}": _content(table, name) for name, table in splits.items()}
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content if isinstance(content, bytes) else content.encode())
    place = folder / "data" / digest.hexdigest()[:16]
    for name, content in files.items():
        write_output(place / name, content)
    return place if isinstance(data, Mapping) else place / next(iter(files))


def _content(table: Any, name: str) -> str | bytes:
    if isinstance(table, str):
        return _pasted(table, name)
    return _parquet(table) if _has_classes(table) and len(table) else _lines(table, name)


def _has_classes(table: Any) -> bool:
    """Say whether a `datasets.Dataset` has names for numbered classes, which lines would lose."""
    features: Any = getattr(table, "features", None)
    return hasattr(features, "to_dict") and bool(named_classes(features.to_dict()))


def _parquet(table: Any) -> bytes:
    held = io.BytesIO()
    table.to_parquet(held)
    return held.getvalue()


def _kind(table: Any) -> str:
    """Return the suffix of the file: pasted text stays what it is, class names need parquet."""
    if _has_classes(table) and len(table):
        return "parquet"
    is_csv = isinstance(table, str) and not table.lstrip().startswith(("{", "["))
    return "csv" if is_csv else "jsonl"


def _pasted(text: str, name: str) -> str:
    if "\n" not in text.strip():
        raise DataError(
            "data: {name} is one line of text, {text!r}, not a table",
            "paste the rows with their header; a file or another source goes into data.source",
            name=name,
            text=shorten(text),
        )
    return text


def _lines(table: Any, name: str) -> str:
    import pandas

    frame = table.to_pandas() if hasattr(table, "to_pandas") else table
    if isinstance(frame, list) and all(isinstance(row, Mapping) for row in frame):
        frame = pandas.DataFrame(frame)
    if not isinstance(frame, pandas.DataFrame):
        raise DataError(
            "data: {name} is a {kind}, not a table",
            "give a pandas frame, a datasets table, a list of rows, or pasted text",
            name=name,
            kind=type(table).__name__,
        )
    if frame.empty:
        raise DataError("data: {name} has no rows", "give some", name=name)
    return frame.to_json(orient="records", lines=True, force_ascii=False)
