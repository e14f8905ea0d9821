"""A source to clean by itself, without a run: its table, and which columns are what."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import DataError, shorten
from ...runs import write_output
from ...sources import Progress
from ...spec import DataSpec, RunSpec
from ...tasks import Task, load_task
from ..columns import Columns, flat, present_columns, text_columns, told_columns
from ..divide import train_split
from ..export import as_lines, write_table
from ..tables import Table, Tables, find_tables
from .apply import Cleaned, Custom, clean_table


@dataclass(frozen=True)
class Source:
    """One split of a source, as it was found; `files` are those that it was read from."""

    table: Table
    columns: Columns
    task: Task
    spec: RunSpec
    files: list[Path]

    def with_steps(self, steps: Sequence[str]) -> Source:
        """Return the source to be cleaned by other steps.

        Raises:
            SpecError: naming every step that does not exist or does not fit.
        """
        return replace(self, spec=self.spec.replace({"data.cleaning": list(steps)}))

    @property
    def texts(self) -> list[str]:
        """The columns of plain text."""
        return text_columns(self.columns, self.task)

    def clean(self, custom: Custom | None = None) -> Cleaned:
        """Return the table as the steps of the spec leave it, which stays as it is itself."""
        return clean_table(self.table, self.columns, self.task, self.spec.data, custom)


def open_source(spec: RunSpec, progress: Progress | None = None) -> Source:
    """Read the split that a run would learn from; of a file without labels, the texts.

    Raises:
        DataError: the file cannot be read, or no column looks like what the task asks.
        SourceError: the source cannot be found or fetched.
    """
    (source,) = _opened(spec, progress, lambda tables, data: [train_split(tables, data)])
    return source


def open_all(
    spec: RunSpec, wanted: Sequence[str] = (), progress: Progress | None = None
) -> list[Source]:
    """Read all splits of a source, or those wanted.

    Raises:
        DataError: there is no such split, it cannot be read, or lacks the columns of the first.
        SourceError: the source cannot be found or fetched.
    """

    def names(tables: Tables, data: DataSpec) -> list[str]:
        found = [tables.match(name, "--split") for name in wanted]
        return list(dict.fromkeys(found)) or list(tables.splits)

    return _opened(spec, progress, names)


def _opened(
    spec: RunSpec, progress: Progress | None, names: Callable[[Tables, DataSpec], list[str]]
) -> list[Source]:
    task = load_task(spec.task)
    found, data, tables = find_tables(spec.data, task, progress)
    read = [tables.read(name) for name in names(tables, data)]
    told = told_columns(found.columns, task, data.columns)
    columns, _ = present_columns(read[0].frame, task, told, read[0].name)
    needed = set(flat(columns))
    for table in read:
        if missing := needed - set(table.frame.columns):
            raise DataError(
                "the split {split} has no column {column}, which {first} has",
                "clean one at a time: --split NAME",
                split=shorten(table.split),
                column=shorten(min(missing)),
                first=shorten(read[0].split),
            )
    return [Source(table, columns, task, spec, found.files) for table in read]


def path_of(split: str, path: Path, several: bool) -> Path:
    """Return where a split is written: of several, `rows.csv` is `rows-train.csv` and so on."""
    name = re.sub(r"[^\w.-]+", "_", split)
    return path.with_name(f"{path.stem}-{name}{path.suffix}") if several else path


def write_cleaned(cleaned: Cleaned, path: Path, texts: Sequence[str] = ()) -> dict[str, Any]:
    """Write a cleaned table, and beside it the rows that were dropped; say what was written.

    In csv, lists in the columns `texts` are joined, and become JSON in others.

    Of `tweets.csv`, the dropped rows are in `tweets.dropped.jsonl`, with their numbers in the
    source and all of their cells.

    Raises:
        InputError: the file has an ending that cannot be written, or there is no room.
    """
    made_safe = write_table(cleaned.table.frame, path, texts)
    beside = path.with_name(f"{path.stem}.dropped.jsonl")
    write_output(beside, as_lines(cleaned.dropped))
    return {
        "rows": len(cleaned.table.frame),
        "file": str(path),
        "dropped": len(cleaned.dropped),
        "dropped_file": str(beside),
        "cells_made_safe": made_safe,
    }
