"""`data.corrections`: what a journal of labels says of the rows that are read, before all else."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import DataError
from ..labelling.journal import Decision, open_journal, row_key
from ..language import text as say
from ..spec import DataSpec
from ..tasks import Labelling, RowError, Task
from .cleaning import clean_texts
from .columns import Columns, column_called, columns_of, guess_columns, has_column
from .counted import Counted
from .rows import RowReader
from .tables import Table
from .values import Cells


class Corrections:
    """The labels that a journal has for the rows of a table; none where the spec names none.

    What was decided on another text that stood in a row does not count; cleaning makes no other
    text of it. `strata` keeps what the source says of corrected rows, so that a correction moves
    no row between training and validation.

    Raises:
        DataError: there is no such journal, or nothing to be labelled in this task.
    """

    def __init__(self, table: Table, columns: Columns, task: Task, spec: DataSpec) -> None:
        self._columns, self._task, self._spec = columns, task, spec
        self._answers: dict[int, dict[str, Any]] = {}
        self._cells: dict[int, Any] = {}
        self._stale = 0
        self._unfit = Counted()
        self.table = table
        self.strata: dict[int, str] = {}
        if not spec.corrections:
            return
        labelling = task.labelling
        if labelling is None:
            raise DataError(
                "data.corrections: rows of {task} have no answers to correct",
                "leave it empty",
                task=task.name,
            ).at("data.corrections", spec.corrections, "nothing_to_correct")
        present = set(map(int, table.frame.index))
        decided = {
            row: one
            for (split, row), one in open_journal(spec.corrections).decisions().items()
            if split == table.split and one.act == "label" and row in present
        }
        reader = RowReader(
            replace(table, frame=table.frame.loc[list(decided)]), columns, task, spec
        )
        for position, (row, one) in enumerate(decided.items()):
            with suppress(RowError):  # of a row without a text, whoever reads it tells
                self._read(reader, labelling, position, row, one)
        self._cells = self._written(labelling)

    def answer(self, row: int) -> dict[str, Any] | None:
        """Return the answer of a row as people gave it, unless it stands in `table` by now."""
        return None if row in self._cells else self._answers.get(row)

    def notes(self, split: str, rows: Collection[int]) -> list[str]:
        """Return sentences on how many labels of these rows are people's, and which are not."""
        part = say(f"data.part.{split}")
        counts = {
            "corrected": len(self._answers.keys() & set(rows)),
            "corrected_elsewhere": self._stale,
            "no_decision": self._unfit.count,
        }
        return [
            say(f"data.note.{name}", count=f"{count:,}", split=part, rows=self._unfit.rows(None))
            for name, count in counts.items()
            if count
        ]

    def _read(
        self, reader: RowReader, labelling: Labelling, position: int, row: int, decision: Decision
    ) -> None:
        """Keep the answer that a decision gives to the row's text, as it is or as it is cleaned."""
        task = self._task
        asked = reader.asked(position, _ignore)
        given = task.read(asked, _ignore)
        roles = [role.name for role in task.inputs]
        if decision.key != row_key(given, roles):
            given = task.read(clean_texts(asked, task, self._spec.cleaning), _ignore)
            if decision.key != row_key(given, roles):
                self._stale += 1
                return
        try:
            cell = labelling.cell(given, decision.value)
            if labelling.kind == "class" and isinstance(cell, str):
                cell = [cell]  # a name such as [1] is none of a list
            self._answers[row] = {labelling.role: self._held(cell, labelling.role)}
        except (RowError, TypeError, KeyError, ValueError):
            self._unfit.add(row, decision.value)
            return
        with suppress(RowError):
            source = task.read(asked | reader.answers(position, _ignore), _ignore)
            self.strata[row] = task.stratum(source)

    def _held(
        self, cell: Any, name: str, names: list[str] | None = None, separator: str = ""
    ) -> Any:
        role = self._task.role(name)
        several = self._spec.multi_label
        return Cells(role, [role.name], [[cell]], names, separator, several).value(0, _ignore)

    def _written(self, labelling: Labelling) -> dict[int, Any]:
        """Write names of classes into the table, for the steps of cleaning that look at labels.

        Returns the cells by row; an answer that no cell would stand for is left to `answer`.
        """
        places = columns_of(self._columns.get(labelling.role, []))
        if labelling.kind != "class" or len(places) != 1:
            return {}
        names = self.table.class_names.get(places[0])
        cells = {}
        for row, answer in self._answers.items():
            label = answer[labelling.role]
            cell = names.index(label) if names and label in names else label
            with suppress(RowError):
                if self._held(cell, labelling.role, names, self._spec.label_separator) == label:
                    cells[row] = cell
        column = self.table.frame[places[0]].astype(object)
        for row, cell in cells.items():
            column.at[row] = cell
        self.table = replace(self.table, frame=self.table.frame.assign(**{places[0]: column}))
        return cells


def answerable(table: Table, task: Task | None, spec: DataSpec, always: bool = False) -> Table:
    """Give a table without a column for the answers an empty one, if a journal is to fill it.

    Where columns have names, one of them must be named as the answers usually are; else their
    looks decide. A column with such a name that is still empty, or nearly, gives what it holds.
    """
    if not (spec.corrections or always) or task is None or task.labelling is None:
        return table
    role = task.role(task.labelling.role)
    is_given = spec.columns.get(role.name, role.name) != role.name
    if is_given or not role.required or has_column(table.frame, role):
        return table
    if all(str(column).isdecimal() for column in table.frame.columns):
        with suppress(DataError):
            guess_columns(table.frame, task, spec.columns, table.name)
            return table
    held = column_called(table.frame.columns, role)
    cells = None if held is None else table.frame[held]
    return replace(table, frame=table.frame.assign(**{role.name: cells}))


def _ignore(reason: str, shown: object) -> None:
    """Say nothing of what was mended: whoever reads all rows tells it."""
