"""A source to clean by itself, without a run: its table, and which columns are what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...runs import write_output
from ...sources import Progress
from ...spec import RunSpec
from ...tasks import Task, load_task
from ..columns import Columns, present_columns, told_columns
from ..divide import train_split
from ..export import as_lines, write_table
from ..tables import Table, find_tables
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

    def clean(self, custom: Custom | None = None) -> Cleaned:
        """Return the table as the steps of the spec leave it, which stays as it is itself."""
        return clean_table(self.table, self.columns, self.task, self.spec.data, custom)


def open_source(spec: RunSpec, progress: Progress | None = None) -> Source:
    """Read the split that a run would learn from; of a file without labels, the texts.

    Raises:
        DataError: the file cannot be read, or no column looks like what the task asks.
        SourceError: the source cannot be found or fetched.
    """
    task = load_task(spec.task)
    found, data, tables = find_tables(spec.data, task, progress)
    table = tables.read(train_split(tables, data))
    told = told_columns(found.columns, task, data.columns)
    columns, _ = present_columns(table.frame, task, told, table.name)
    return Source(table, columns, task, spec, found.files)


def write_cleaned(cleaned: Cleaned, path: Path) -> dict[str, Any]:
    """Write a cleaned table, and beside it the rows that were dropped; say what was written.

    Of `tweets.csv`, the dropped rows are in `tweets.dropped.jsonl`, with their numbers in the
    source and all of their cells.

    Raises:
        InputError: the file has an ending that cannot be written, or there is no room.
    """
    made_safe = write_table(cleaned.table.frame, path)
    beside = path.with_name(f"{path.stem}.dropped.jsonl")
    write_output(beside, as_lines(cleaned.dropped))
    return {
        "rows": len(cleaned.table.frame),
        "file": str(path),
        "dropped": len(cleaned.dropped),
        "dropped_file": str(beside),
        "cells_made_safe": made_safe,
    }
