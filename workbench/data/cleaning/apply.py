"""Cleaning a table: the steps one after the other, what each changed, and the rows it dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ...errors import DataError, shorten
from ...language import text as say
from ...spec import DataSpec
from ...spec.cleaning import Step, parse_step, step_name
from ...tasks import Task
from ..cells import as_text
from ..columns import Columns, columns_of
from ..tables import Table
from . import labels, rows, texts
from .contract import Change, Dropped, Rows

EXAMPLES = 5
EXAMPLE_CHARACTERS = 200
NEEDS_LABELS = ("labels", "conflicting_labels")

Custom = Callable[[str], str | None]


@dataclass(frozen=True)
class Example:
    """A cell before and after a step."""

    row: int
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Done:
    """What one step did: how many cells and rows it changed, how many rows it dropped."""

    step: str
    changed_cells: int = 0
    changed_rows: int = 0
    dropped_rows: int = 0
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


def clean_table(
    table: Table,
    columns: Columns,
    task: Task,
    spec: DataSpec,
    custom: Custom | None = None,
    drop: bool = True,
) -> Cleaned:
    """Apply `data.cleaning` to the columns that a task reads; the table given stays as it is.

    `custom` is applied to each text after all other steps, and drops the row where it returns
    None. Without `drop`, only those steps are taken that change cells.

    Raises:
        DataError: a step needs labels, which the task does not have, or no row is left.
    """
    if not spec.cleaning and custom is None:
        return Cleaned(table)
    state = _rows(table, columns, task, spec)
    before = state.cells
    done: list[Done] = []
    reasons: dict[int, tuple[str, Dropped, int | None]] = {}
    steps = [(entry, function_of(parse_step(entry))) for entry in spec.cleaning]
    if custom is not None:
        steps.append((f"custom({custom.__name__})", _custom(custom)))
    for entry, apply in steps:
        _check(entry, state, task)
        change = apply(state)
        if not drop:
            change = replace(change, dropped={})
        done.append(_done(entry, state, change))
        for i, why in change.dropped.items():
            repeats = None if why.repeats is None else state.numbers[why.repeats]
            reasons[state.numbers[i]] = (entry, why, repeats)
        state = state.after(change)
    if not len(state):
        most = max(done, key=lambda one: one.dropped_rows)
        raise DataError(
            f"data.cleaning leaves no row of {table.name}; {most.step} dropped "
            f"{most.dropped_rows:,} of {len(table.frame):,}",
            "loosen or remove that step",
        )
    return Cleaned(_with(table, state, before), done, _records(table, reasons))


def clean_texts(given: Mapping[str, Any], task: Task, cleaning: Sequence[str]) -> dict[str, Any]:
    """Return the texts of a row, by role, as those were cleaned that the model learned from."""
    kinds = {role.name: role.kind for role in task.roles}
    mends = [mend for entry in cleaning if (mend := _mend(parse_step(entry)))]
    cleaned = dict(given)
    for role in given:
        if kinds.get(role) == "text":
            for mend in mends:
                cleaned[role] = _mended(cleaned[role], mend)
    return cleaned


def notes_of(cleaned: Cleaned, split: str) -> list[str]:
    """Return a sentence for each step that did anything."""
    told = []
    part = say(f"data.part.{split}")
    for one in cleaned.done:
        if one.changed_cells:
            told.append(
                say("clean.changed", step=one.step, split=part, count=f"{one.changed_rows:,}")
            )
        if one.dropped_rows:
            told.append(
                say("clean.dropped", step=one.step, split=part, count=f"{one.dropped_rows:,}")
            )
    return told


def function_of(step: Step) -> Callable[[Rows], Change]:
    """Return what a step does, as a function of rows."""
    if mend := _mend(step):
        return lambda state: _each_text(state, mend)
    name = step_name(type(step))
    function = getattr(labels, name, None) or getattr(rows, name)
    return lambda state: function(state, step)


def _mend(step: Step) -> texts.Mend | None:
    """Return what a step does to a text, if it looks at texts one by one."""
    make = getattr(texts, step_name(type(step)), None)
    return make(step) if make else None


def _each_text(state: Rows, mend: Custom) -> Change:
    return Change(
        {name: [_mended(cell, mend) for cell in state.cells[name]] for name in state.texts}
    )


def _mended(cell: Any, mend: Custom) -> Any:
    """Return a cell mended; of a list of texts, each of them."""
    if isinstance(cell, str):
        return mend(cell)
    if isinstance(cell, list) and all(isinstance(item, str) for item in cell):
        return [mend(item) for item in cell]
    return cell


def _custom(function: Custom) -> Callable[[Rows], Change]:
    def apply(state: Rows) -> Change:
        change = _each_text(state, function)
        gone = {i for column in change.cells.values() for i, c in enumerate(column) if c is None}
        return replace(change, dropped={i: Dropped() for i in sorted(gone)})

    return apply


def _check(entry: str, state: Rows, task: Task) -> None:
    name = entry.partition("(")[0].strip()
    if hasattr(texts, name) and not state.texts:
        raise DataError(
            f"data.cleaning: {shorten(entry)} changes texts, and {task.name} finds none in "
            f"{', '.join(state.cells)}",
            "leave this step out",
        )
    if name in NEEDS_LABELS and not state.labels:
        raise DataError(
            f"data.cleaning: {shorten(entry)} needs labels, which {task.name} does not have",
            "leave this step out",
        )


def _rows(table: Table, columns: Columns, task: Task, spec: DataSpec) -> Rows:
    """Return the columns of a table that a task reads, by what they are to it."""
    places = {role: columns_of(columns[role.name]) for role in task.roles if role.name in columns}

    def named(*kinds: str, answer: bool | None = None) -> tuple[str, ...]:
        return tuple(
            name
            for role, held in places.items()
            if (not kinds or role.kind in kinds) and answer in (None, role.answer)
            for name in held
        )

    # Several columns of labels hold yes and no, which are no names.
    single = tuple(
        held[0] for role, held in places.items() if role.kind == "label" and len(held) == 1
    )
    return Rows(
        numbers=list(map(int, table.frame.index)),
        cells={name: list(table.frame[name]) for held in places.values() for name in held},
        texts=named("text"),
        asked=named(answer=False),
        answers=named(answer=True),
        labels=single,
        names=table.class_names,
        separator=spec.label_separator,
    )


def _done(entry: str, state: Rows, change: Change) -> Done:
    """Count what a step did, and keep a few cells to show."""
    changed_rows: set[int] = set()
    cells = 0
    examples: list[Example] = []
    for name, after in change.cells.items():
        pairs = zip(state.cells[name], after, strict=True)
        changed = [i for i, (old, new) in enumerate(pairs) if _differs(old, new)]
        changed = [i for i in changed if i not in change.dropped]
        cells += len(changed)
        changed_rows.update(changed)
        examples += [
            Example(state.numbers[i], name, *_around(state.cells[name][i], after[i]))
            for i in changed[: EXAMPLES - len(examples)]
        ]
    return Done(entry, cells, len(changed_rows), len(change.dropped), examples)


def _differs(old: Any, new: Any) -> bool:
    return old is not new and (type(old) is not type(new) or old != new)


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


def _with(table: Table, state: Rows, before: Mapping[str, list[Any]]) -> Table:
    """Return the table with the rows that stay, and their cells as they are now."""
    import pandas

    frame = table.frame
    if len(state) < len(frame):
        frame = frame.loc[state.numbers]
    changed = {
        name: pandas.Series(column, index=frame.index, dtype=object)
        for name, column in state.cells.items()
        if len(column) < len(before[name]) or any(map(_differs, before[name], column))
    }
    return replace(table, frame=frame.assign(**changed))


def _records(
    table: Table, reasons: Mapping[int, tuple[str, Dropped, int | None]]
) -> list[dict[str, Any]]:
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
