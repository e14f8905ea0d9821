"""Cleaning a table: the steps one after the other, what each changed, and the rows it dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...errors import DataError, shorten
from ...spec import DataSpec
from ...spec.cleaning import Step, parse_step, step_name
from ...tasks import Task
from ..columns import Columns, columns_of
from ..tables import Table
from ..values import structure
from . import labels, rows, texts
from .base import Change, Dropped, Rows
from .record import Cleaned, Done, count_changes, differs, records_of

NEEDS_LABELS = ("labels", "conflicting_labels")

Custom = Callable[[str], str | None]
Left = Callable[[str], bool]


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
        steps.append((f"custom({name_of(custom)})", _custom(custom)))
    for entry, apply in steps:
        _check(entry, state, task)
        change = apply(state)
        if not drop:
            change = replace(change, dropped={})
        done.append(count_changes(entry, state, change))
        for i, why in change.dropped.items():
            repeats = None if why.repeats is None else state.numbers[why.repeats]
            reasons[state.numbers[i]] = (entry, why, repeats)
        state = state.after(change)
    if not len(state):
        most = max(done, key=lambda one: one.dropped_rows)
        raise DataError(
            "data.cleaning leaves no row of {name}; {step} dropped {dropped:,} of {count:,}",
            "loosen or remove that step",
            name=table.name,
            step=most.step,
            dropped=most.dropped_rows,
            count=len(table.frame),
        ).at("data.cleaning", most.step, "leaves_no_row")
    return Cleaned(_with(table, state, before), done, records_of(table, reasons))


def clean_texts(given: Mapping[str, Any], task: Task, cleaning: Sequence[str]) -> dict[str, Any]:
    """Return the texts of a row, by role, as those were cleaned that the model learned from."""
    kinds = {role.name: role.kind for role in task.roles}
    normalizers = [normalize for entry in cleaning if (normalize := _normalizer(parse_step(entry)))]
    cleaned = dict(given)
    for role in given:
        if not task.answers_point_at_texts and kinds.get(role) == "text":
            for normalize in normalizers:
                cleaned[role] = _normalized(cleaned[role], normalize)
    if task.answers_point_at_texts:
        for normalize in normalizers:
            cleaned, _ = task.normalized(cleaned, normalize)
    return cleaned


def function_of(step: Step) -> Callable[[Rows], Change]:
    """Return what a step does, as a function of rows."""
    name = step_name(type(step))
    if normalize := _normalizer(step):
        return lambda state: _each_text(state, normalize, texts.LEFT.get(name))
    function = getattr(labels, name, None) or getattr(rows, name)
    return lambda state: function(state, step)


def name_of(custom: Custom) -> str:
    """Return what a function of the user's is called."""
    return getattr(custom, "__name__", type(custom).__name__)


def _normalizer(step: Step) -> texts.Mend | None:
    """Return what a step does to a text, if it looks at texts one by one."""
    make = getattr(texts, step_name(type(step)), None)
    return make(step) if make else None


def _each_text(state: Rows, normalize: Custom, is_left: Left | None = None) -> Change:
    if state.normalized is not None:
        return _each_row(state, normalize)
    cells = {
        name: [_normalized(cell, normalize) for cell in state.cells[name]] for name in state.texts
    }
    left = 0
    if is_left is not None:
        held = (cell for column in cells.values() for cell in column)
        left = sum(isinstance(cell, str) and is_left(cell) for cell in held)
    return Change(cells, left=left)


def _each_row(state: Rows, normalize: Custom) -> Change:
    """Mend row by row, where a text is not to change without what hangs on it."""
    assert state.normalized is not None
    cells = {column: list(state.cells[column]) for column in state.roles.values()}
    left = 0
    for i in range(len(state)):
        before = {
            role: cells[column][i] if column in state.texts else structure(cells[column][i])
            for role, column in state.roles.items()
        }
        after, stays = state.normalized(before, normalize)
        left += stays
        for role, column in state.roles.items():
            if differs(before[role], after[role]):
                cells[column][i] = after[role]
    return Change(cells, left=left)


def _normalized(cell: Any, normalize: Custom) -> Any:
    """Return a cell mended; of a list of texts, each of them. What does not change is kept."""
    if isinstance(cell, str):
        after = normalize(cell)
        return cell if after == cell else after
    if isinstance(cell, list) and all(isinstance(item, str) for item in cell):
        return [normalize(item) for item in cell]
    return cell


def _custom(function: Custom) -> Callable[[Rows], Change]:
    def apply(state: Rows) -> Change:
        change = _each_text(state, function)
        gone = {i for column in change.cells.values() for i, c in enumerate(column) if c is None}
        return replace(change, dropped={i: Dropped() for i in sorted(gone)})

    return apply


def _check(entry: str, state: Rows, task: Task) -> None:
    name = entry.partition("(")[0].strip()
    if hasattr(texts, name) and not (state.texts or state.normalized):
        raise DataError(
            "data.cleaning: {entry} changes texts, and {task} finds none in {columns}",
            "leave this step out",
            entry=shorten(entry),
            task=task.name,
            columns=", ".join(state.cells),
        ).at("data.cleaning", entry, "no_text")
    if name in NEEDS_LABELS and not state.labels:
        raise DataError(
            "data.cleaning: {entry} needs labels, which {task} does not have",
            "leave this step out",
            entry=shorten(entry),
            task=task.name,
        ).at("data.cleaning", entry, "no_labels")


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
        roles={role.name: held[0] for role, held in places.items() if len(held) == 1},
        normalized=task.normalized if task.answers_point_at_texts else None,
    )


def _with(table: Table, state: Rows, before: Mapping[str, list[Any]]) -> Table:
    """Return the table with the rows that stay, and their cells as they are now."""
    import pandas

    frame = table.frame
    if len(state) < len(frame):
        frame = frame.loc[state.numbers]
    changed = {
        name: pandas.Series(column, index=frame.index, dtype=object)
        for name, column in state.cells.items()
        if len(column) < len(before[name]) or any(map(differs, before[name], column))
    }
    return replace(table, frame=frame.assign(**changed))
