"""From the rows of a table to examples: each is read, mended, or left out and counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from ..spec import DataSpec
from ..tasks import Role, RowError, Task
from .cells import as_text
from .columns import Columns, columns_of
from .counted import Counted
from .examples import Examples
from .label_cells import LabelColumn, is_one_hot, no_labels, separator_of, spellings
from .tables import Table
from .values import Cells, Repaired, structure

LARGEST_CELL = 1_000_000


def take_examples(
    table: Table,
    columns: Columns,
    task: Task,
    split: str,
    spec: DataSpec,
    given: Callable[[int], dict[str, Any] | None] = lambda row: None,
) -> tuple[Examples, list[str]]:
    """Return the rows that can be used, and notes on those left out and those mended.

    `given` returns the answer of a row by role, where another one counts than the table's.

    Raises:
        DataError: a cell is larger than any text should be, or rows cannot be used and the spec
            says that this is a reason to stop.
    """
    left_out: dict[str, Counted] = defaultdict(Counted)
    repairs: dict[str, Counted] = defaultdict(Counted)
    reader = RowReader(table, columns, task, spec)
    rows: list[int] = []
    kept: list[dict[str, Any]] = []
    for position, row in enumerate(map(int, table.frame.index)):

        def repaired(reason: str, shown: object, row: int = row) -> None:
            repairs[reason].add(row, shown)

        try:
            values = reader.asked(position, repaired)
            answer = given(row)
            if answer is None:
                answer = reader.answers(position, repaired)
            kept.append(task.read(values | answer, repaired))
            rows.append(row)
        except RowError as error:
            left_out[error.reason].add(row, error.shown)
    if left_out and spec.bad_rows == "refuse":
        raise DataError(
            "{name}: {notes}",
            "correct these rows, or set data.bad_rows to leave_out",
            name=table.name,
            notes=" ".join(_notes(left_out, split)).rstrip(".。"),
        ).at("data.bad_rows", "refuse", "bad_rows")
    inputs = tuple(role.name for role in task.inputs)
    examples = Examples(
        rows,
        {name: [values[name] for values in kept] for name in (kept[0] if kept else columns)},
        [task.labels_of(values) for values in kept],
        [task.stratum(values) for values in kept],
        inputs,
        task.grouped_by or inputs,
    )
    return examples, [*reader.notes, *_notes(left_out, split), *_notes(repairs, split)]


class RowReader:
    """Reads the rows of a table by role: what is asked, and, apart from it, the answers.

    What is asked comes first: of a row that lacks both, that is told.
    """

    def __init__(self, table: Table, columns: Columns, task: Task, spec: DataSpec) -> None:
        roles = [role for role in task.roles if role.name in columns]
        read = {r.name: _cells(table, r, columns_of(columns[r.name]), spec) for r in roles}
        cells = {name: found for name, (found, _) in read.items()}
        self.notes = [note for _, notes in read.values() for note in notes]
        self._asked = {r.name: cells[r.name] for r in roles if not r.answer}
        self._answers = {r.name: cells[r.name] for r in roles if r.answer}

    def asked(self, position: int, repaired: Repaired) -> dict[str, Any]:
        """Return what is asked in a row; raises `RowError` where it lacks that."""
        values = {}
        for name, cells in self._asked.items():
            try:
                values[name] = cells.value(position, repaired)
            except RowError as error:
                if error.reason != "empty_text" or len(self._asked) == 1:
                    raise
                raise RowError("empty_side", ", ".join(cells.columns)) from None
        return values

    def answers(self, position: int, repaired: Repaired) -> dict[str, Any]:
        """Return the answers that a row has; raises `RowError` where it lacks them."""
        return {name: cells.value(position, repaired) for name, cells in self._answers.items()}


def _cells(table: Table, role: Role, columns: list[str], spec: DataSpec) -> tuple[Cells, list[str]]:
    """Return the cells of a role, none of them larger than any text should be, and notes."""
    found = [list(table.frame[column]) for column in columns]
    for column, held in zip(columns, found, strict=True):
        for row, cell in zip(table.frame.index, held, strict=True):
            if isinstance(cell, str) and len(cell) > LARGEST_CELL:
                raise DataError(
                    "{name}: row {row} has {count:,} characters in the column {column!r}, more "
                    "than {limit:,}",
                    "cut the text into pieces, or close a quote left open there",
                    name=table.name,
                    row=row,
                    count=len(cell),
                    column=shorten(column),
                    limit=LARGEST_CELL,
                )
    known, notes = known_labels(role, columns, found, spec, table)
    cells = Cells(
        role, columns, found, table.class_names.get(columns[0]), spec.label_separator,
        spec.multi_label, spec.several_targets, known,
    )  # fmt: skip
    return cells, notes


# Columns of labels that people agreed on, of texts that are read two at a time.
_SECOND = ("sentence2", "hypothesis", "text2", "text_pair", "question2")
_GOLD = ("gold", "entailment", "judgment", "judgement")


def known_labels(
    role: Role, columns: list[str], found: list[list[Any]], spec: DataSpec, table: Table
) -> tuple[LabelColumn, list[str]]:
    """Return what a column of labels holds as a whole, and what is to be said of that."""
    if role.kind != "label" or len(found) > 1 or not found:
        return LabelColumn(), []
    cells = found[0]
    column = shorten(columns[0])
    held = [structure(cell) for cell in cells]
    if is_one_hot(held):
        return LabelColumn(one_hot=True), [say("data.note.one_hot", column=column)]
    pairs = any(str(one).casefold() in _SECOND for one in table.frame.columns)
    gold = pairs or any(word in columns[0].casefold() for word in _GOLD)
    named = columns[0] in table.class_names
    none = frozenset() if named else no_labels(cells, spec.labels, gold)
    notes = []
    separator = ""
    if not spec.label_separator and not any(isinstance(one, list | dict) for one in held):
        separator = separator_of(cells)
    if separator:
        example = next(text for cell in cells if separator in (text := as_text(cell)))
        key = "separated" if spec.multi_label else "maybe_separated"
        notes = [
            say(f"data.note.{key}", column=column, separator=separator, example=shorten(example))
        ]
    return (
        LabelColumn(spellings(cells), separator if spec.multi_label else "", none=none),
        notes,
    )


def _notes(counted: Mapping[str, Counted], split: str, language: str | None = None) -> list[str]:
    """Return one sentence a reason, a missing text before a missing label."""
    order = ("empty_text", "empty_side", "empty_label")
    reasons = sorted(counted, key=lambda r: order.index(r) if r in order else len(order))
    return [
        say(
            f"data.note.{reason}",
            language,
            count=f"{counted[reason].count:,}",
            split=say(f"data.part.{split}", language),
            rows=counted[reason].rows(language),
        )
        for reason in reasons
    ]
