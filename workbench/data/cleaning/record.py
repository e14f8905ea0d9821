"""What cleaning did, as plain data: counts and examples of each step, and the dropped rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ...language import text as say
from ..cells import as_text
from ..tables import Table
from .base import Change, Dropped, Rows

EXAMPLES = 5
EXAMPLE_CHARACTERS = 200


@dataclass(frozen=True)
class Example:
    """A cell before and after a step."""

    row: int
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Done:
    """What one step did: how many cells and rows it changed, how many rows it dropped.

    `left_cells` are those that it found at fault and could not mend.
    """

    step: str
    changed_cells: int = 0
    changed_rows: int = 0
    dropped_rows: int = 0
    left_cells: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class Cleaned:
    """A table as the steps leave it, what each did, and a record of each row that was dropped.

    A record holds the `row` (number in the source), the `step`, what was `found`, the row that it
    `repeats`, and its `cells` as they stood in the source.
    """

    table: Table
    done: list[Done] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> list[dict[str, Any]]:
        """Return a line for each step: what it changed, what it dropped, what was left."""
        left = len(self.table.frame) + sum(one.dropped_rows for one in self.done)
        lines = []
        for one in self.done:
            left -= one.dropped_rows
            changed = {"changed cells": one.changed_cells, "changed rows": one.changed_rows}
            lines.append(
                {"step": one.step, **changed, "dropped rows": one.dropped_rows, "rows left": left}
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and examples as plain data."""
        return {"rows": len(self.table.frame), "steps": [asdict(one) for one in self.done]}


def notes_of(cleaned: Cleaned, split: str) -> list[str]:
    """Return a sentence for each step that did anything."""
    notes = []
    part = say(f"data.part.{split}")
    for one in cleaned.done:
        if one.changed_cells:
            notes.append(
                say("clean.changed", step=one.step, split=part, count=f"{one.changed_rows:,}")
            )
        if one.dropped_rows:
            notes.append(
                say("clean.dropped", step=one.step, split=part, count=f"{one.dropped_rows:,}")
            )
    return [*notes, *left_notes(cleaned, part)]


def left_notes(cleaned: Cleaned, part: str) -> list[str]:
    """Return a sentence for each step that had to leave cells of a part as they were."""
    return [
        say("clean.left", step=one.step, split=part, count=f"{one.left_cells:,}")
        for one in cleaned.done
        if one.left_cells
    ]


def count_changes(entry: str, state: Rows, change: Change) -> Done:
    """Count what a step did, and keep a few cells to show."""
    changed_rows: set[int] = set()
    cells = 0
    examples: list[Example] = []
    for name, after in change.cells.items():
        pairs = zip(state.cells[name], after, strict=True)
        changed = [i for i, (old, new) in enumerate(pairs) if differs(old, new)]
        if change.dropped:
            changed = [i for i in changed if i not in change.dropped]
        cells += len(changed)
        changed_rows.update(changed)
        examples += [
            Example(state.numbers[i], name, *_around(state.cells[name][i], after[i]))
            for i in changed[: EXAMPLES - len(examples)]
        ]
    return Done(entry, cells, len(changed_rows), len(change.dropped), change.left, examples)


def _around(old: Any, new: Any) -> tuple[str, str]:
    """Return both texts from a little before the first character that differs."""
    before, after = as_text(old), as_text(new)
    pairs = enumerate(zip(before, after, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = same - 20 if same > 40 else 0
    front = "…" if start else ""
    ends = (text[start : start + EXAMPLE_CHARACTERS] for text in (before, after))
    before, after = (front + end for end in ends)
    return before, after


def differs(old: Any, new: Any) -> bool:
    """Say whether a cell was changed; most are the very same object."""
    return old is not new and (type(old) is not type(new) or old != new)


def records_of(
    table: Table, reasons: Mapping[int, tuple[str, Dropped, int | None]]
) -> list[dict[str, Any]]:
    """Return a record of each dropped row, by its number in the source."""
    numbers = sorted(reasons)
    frame = table.frame.loc[numbers]
    names = [str(column) for column in frame.columns]
    columns = [[_plain(cell) for cell in frame.iloc[:, i]] for i in range(len(names))]
    return [
        {
            "row": number,
            "step": reasons[number][0],
            "found": reasons[number][1].shown,
            "repeats": reasons[number][2],
            "cells": dict(zip(names, cells, strict=True)),
        }
        for number, cells in zip(numbers, zip(*columns, strict=True), strict=True)
    ]


def _plain(cell: Any) -> Any:
    """Return a cell as JSON can hold it."""
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124  (NaN differs from itself)
        return None
    return cell if isinstance(cell, str | int | float | bool | list | dict | None) else str(cell)
