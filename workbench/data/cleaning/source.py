"""A source to clean by itself, without a run: its table, and which columns are what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import DataError, InputError, shorten
from ...runs import write_output
from ...sources import Progress
from ...spec import DataSpec, RunSpec
from ...tasks import Task, load_task
from ..columns import Columns, flat, given_columns, present_columns, text_columns
from ..divide import train_split
from ..export import as_lines, check_ending, write_table
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


def open_all(
    spec: RunSpec, wanted: Sequence[str] = (), progress: Progress | None = None
) -> list[Source]:
    """Read all splits of a source, or those wanted; of files without labels, the texts.

    Raises:
        DataError: there is no such split, it cannot be read, or lacks the columns of the first.
        SourceError: the source cannot be found or fetched.
    """
    sources, faults = _opened(spec, wanted, progress)
    if faults:
        raise faults[0]
    return sources


def open_fitting(spec: RunSpec, progress: Progress | None = None) -> tuple[list[Source], list[str]]:
    """Read the splits of a source that have the columns of the first; say what others lack.

    Raises:
        DataError: a split cannot be read.
        SourceError: the source cannot be found or fetched.
    """
    sources, faults = _opened(spec, (), progress)
    return sources, [fault.what for fault in faults]


def _opened(
    spec: RunSpec, wanted: Sequence[str], progress: Progress | None
) -> tuple[list[Source], list[DataError]]:
    task = load_task(spec.task)
    found, data, tables = find_tables(spec.data, task, progress)
    names = list(dict.fromkeys(tables.match(name, "--split") for name in wanted))
    read = [tables.read(name) for name in names or _learned_first(tables, data)]
    given = given_columns(found.columns, task, data.columns)
    columns, _ = present_columns(read[0].frame, task, given, read[0].name, data.multi_label)
    needed = set(flat(columns))
    sources, faults = [], []
    for table in read:
        if missing := needed - set(table.frame.columns):
            fault = DataError(
                "the split {split} has no column {column}, which {first} has",
                "clean one at a time: --split NAME",
                split=shorten(table.split),
                column=shorten(min(missing)),
                first=shorten(read[0].split),
            )
            faults.append(fault)
        else:
            sources.append(Source(table, columns, task, spec, found.files))
    return sources, faults


def _learned_first(tables: Tables, data: DataSpec) -> list[str]:
    """Return the names of all splits, the one to learn from first, if it can be told."""
    with suppress(DataError):
        return list(dict.fromkeys([train_split(tables, data), *tables.splits]))
    return list(tables.splits)


def places_of(sources: Sequence[Source], path: Path) -> list[Path]:
    """Return where each split is written: of several, `rows.csv` is `rows-train.csv` and so on.

    Raises:
        InputError: the ending cannot be written, or a place is the source itself.
    """
    check_ending(path)
    places = [path] if len(sources) == 1 else [_named(path, one.table.split) for one in sources]
    own = {file.resolve() for source in sources for file in source.files}
    if place := next((place for place in places if place.resolve() in own), None):
        raise InputError(
            "{path} is the source itself, which stays as it is",
            "write to another place",
            path=place,
        )
    return places


def _named(path: Path, split: str) -> Path:
    name = re.sub(r"[^\w.-]+", "_", split)
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


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
