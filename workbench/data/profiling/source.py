"""All splits of a source, as far as a task reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ...errors import shorten
from ...language import text as say
from ...sources import FoundData, Progress
from ...spec import DataSpec, RunSpec
from ...tasks import RowError, Task, load_task
from ..cells import as_text
from ..cleaning import clean_table, notes_of
from ..columns import Columns, columns_of, flat, given_columns, present_columns
from ..divide import wished
from ..duplicates import text_key
from ..load import column_notes
from ..rows import known_labels
from ..splits import ROLES
from ..tables import Table, Tables, find_tables
from ..values import Cells


@dataclass(frozen=True)
class Split:
    """The rows of one split, by position.

    `parts` holds the cells of each role that is asked, as text; `labels` the names of each row's
    labels, `answers` what makes its answer. Both are empty texts where there is none.
    """

    name: str
    table: Table
    parts: list[list[str]]
    labels: list[list[str]]
    answers: list[str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table.frame)

    @cached_property
    def numbers(self) -> list[int]:
        """The number of each row in the source, from 1."""
        return list(map(int, self.table.frame.index))

    @cached_property
    def texts(self) -> list[str]:
        """What is asked in each row, as one text."""
        return self.parts[0] if len(self.parts) == 1 else list(map("\n".join, zip(*self.parts)))  # noqa: B905

    @cached_property
    def keys(self) -> list[str]:
        """What makes each row's text: equal for texts that differ in case or blanks only."""
        return list(map(text_key, *self.parts))

    @cached_property
    def filled(self) -> list[int]:
        """The positions of the rows that have a text."""
        return [i for i, key in enumerate(self.keys) if key.strip("\0")]


@dataclass(frozen=True)
class Opened:
    """A source with its splits; `columns` are those that the task reads, by role."""

    spec: RunSpec
    task: Task
    found: FoundData
    columns: Columns
    splits: list[Split]
    notes: list[str]

    @property
    def has_answers(self) -> bool:
        """Whether a column holds what is to be predicted."""
        return any(role.answer for role in self.task.roles if role.name in self.columns)


def open_splits(spec: RunSpec, progress: Progress | None = None) -> Opened:
    """Read all splits of a spec's data, cleaned as it says; of a file without labels, the texts.

    Raises:
        DataError: a file cannot be read, or no column looks like what the task asks.
        SourceError: the source cannot be found or fetched.
    """
    task = load_task(spec.task)
    found, data, tables = find_tables(spec.data, task, progress)
    named = _tables(tables, data, task)
    first = next(iter(named.values()))
    given = given_columns(found.columns, task, data.columns)
    columns, notes = present_columns(first.frame, task, given, first.name, data.multi_label)
    notes += column_notes(first, columns, task, given, data.group_column)
    needed = set(flat(columns))
    splits = []
    for name, table in named.items():
        if needed <= set(table.frame.columns):
            cleaned = clean_table(table, columns, task, data)
            notes += notes_of(cleaned, name if name in ROLES else "all")
            splits.append(_split(name, cleaned.table, columns, task, data))
        else:
            notes.append(say("data.note.other_columns", split=shorten(name)))
    notes += _not_kept(splits, (data.labels or found.labels) if task.names_labels else [])
    return Opened(spec, task, found, columns, splits, notes)


def _not_kept(splits: Sequence[Split], wanted: Sequence[str]) -> list[str]:
    """Return what is to be said of rows whose labels a run would not keep."""
    if not wanted:
        return []
    kept = set(wanted)
    others = sum(not kept.issuperset(held) for split in splits for held in split.labels)
    if not others:
        return []
    listed = say("data.comma").join(map(shorten, wanted))
    return [say("findings.not_kept", labels=listed, count=f"{others:,}")]


def drawn(splits: Sequence[Split], count: int) -> list[tuple[Split, int]]:
    """Return rows with a text, at most `count` of them, evenly over all splits."""
    step = max(1, -(-sum(len(split.filled) for split in splits) // count))
    return [(split, i) for split in splits for i in split.filled[::step]]


def fingerprint(splits: Sequence[Split]) -> str:
    """Return the sha256 of all cells that the task reads, in order: the same on every machine."""
    digest = hashlib.sha256()
    for split in splits:
        digest.update(f"{split.name} {len(split)} {len(split.parts)}\n".encode())
        for column in (*split.parts, split.answers):
            for start in range(0, len(column), 10_000):
                some = column[start : start + 10_000]
                raw = [cell.encode("utf-8", "surrogatepass") for cell in some]
                # The length in front keeps "ab","c" apart from "a","bc".
                digest.update(b"".join(b"%d:" % len(cell) + cell for cell in raw))
    return digest.hexdigest()


def _tables(tables: Tables, spec: DataSpec, task: Task) -> dict[str, Table]:
    named = {name: tables.read(name) for name in tables.splits}
    wish = spec.validation_split
    if wish and wish not in named:
        table, name = wished(tables, spec, "", task)
        if len(named) == 1:
            named = {"train": next(iter(named.values()))}
        named["validation" if name not in named else name] = table
    return named


def _split(name: str, table: Table, columns: Columns, task: Task, spec: DataSpec) -> Split:
    asked = [role for role in task.inputs if role.name in columns]
    answers = [role for role in task.roles if role.answer and role.name in columns]
    cells = [_texts(table, columns_of(columns[role.name])) for role in answers]
    return Split(
        name,
        table,
        [_texts(table, columns_of(columns[role.name])) for role in asked],
        _labels(table, columns, task, spec),
        list(map(_recurring_key, *cells)) if cells else [""] * len(table.frame),
    )


# Answers recur where they are labels.
_recurring_key = lru_cache(10_000)(text_key)


def _texts(table: Table, columns: list[str]) -> list[str]:
    cells = [[as_text(cell) for cell in table.frame[column]] for column in columns]
    return cells[0] if len(cells) == 1 else list(map(" ".join, zip(*cells, strict=True)))


def _labels(table: Table, columns: Columns, task: Task, spec: DataSpec) -> list[list[str]]:
    """Return the names of each row's labels; none where a row has none that can be read."""
    role = next((r for r in task.roles if r.kind in ("label", "labels") and r.answer), None)
    if role is None or role.name not in columns:
        return [[] for _ in range(len(table.frame))]
    places = columns_of(columns[role.name])
    held = [list(table.frame[column]) for column in places]
    names = table.class_names.get(places[0])
    known, _ = known_labels(role, places, held, spec, table)
    cells = Cells(role, places, held, names, spec.label_separator, several=True, column=known)

    def read(position: int) -> list[str]:
        try:
            value = cells.value(position, lambda reason, shown: None)
        except RowError:
            return []
        return [value] if isinstance(value, str) else list(value)

    # Labels recur, so each text is read once.
    seen: dict[str, list[str]] = {}
    found = []
    for position, cell in enumerate(held[0]):
        if len(held) > 1 or not isinstance(cell, str):
            found.append(read(position))
            continue
        if cell not in seen:
            seen[cell] = read(position)
        found.append(seen[cell])
    return found
