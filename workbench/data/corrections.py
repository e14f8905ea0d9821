"""`data.corrections`: what a journal of labels says of the rows that are read, before all else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import DataError
from ..labelling.journal import Decision, open_journal, row_key
from ..language import text as say
from ..spec import DataSpec
from ..tasks import RowError, Task
from .columns import guess_columns, has_column
from .tables import Table
from .values import Cells, Repaired


class Corrections:
    """The labels that a journal has for the rows of a table; none where the spec names none.

    Raises:
        DataError: there is no such journal, or nothing to be labelled in this task.
    """

    def __init__(self, table: Table, task: Task, spec: DataSpec) -> None:
        self._task, self._spec = task, spec
        self._applied = self._stale = 0
        self._decided: dict[int, Decision] = {}
        if spec.corrections:
            if task.labelling is None:
                raise DataError(
                    f"data.corrections: rows of {task.name} have no answers to correct",
                    "leave it empty",
                )
            decided = open_journal(spec.corrections).decisions()
            self._decided = {
                row: one
                for (split, row), one in decided.items()
                if split == table.split and one.act == "label"
            }

    def answer(
        self,
        row: int,
        values: dict[str, Any],
        repaired: Repaired,
        in_source: Callable[[int], dict[str, Any]] | None = None,
    ) -> dict[str, Any] | None:
        """Return the answer of a row as people gave it; None where they did not.

        `values` are those of the roles that are asked, and `in_source` gives those from before
        they were cleaned: people may have read either, but spans are places in the one they read.
        What was decided on another text that stood in this row does not count.

        Raises:
            RowError: the row has no text, or the decision is no answer to it.
        """
        decision = self._decided.get(row)
        if decision is None:
            return None
        task = self._task
        given = task.read(values, _ignore)
        asked = [role.name for role in task.inputs]
        known = {row_key(given, asked)}
        if in_source is not None and task.labelling.kind != "spans":
            known.add(row_key(task.read(in_source(row), _ignore), asked))
        if decision.key not in known:
            self._stale += 1
            return None
        role = task.role(task.labelling.role)
        try:
            cell = task.labelling.cell(given, decision.value)
        except (TypeError, KeyError, ValueError):
            raise RowError("no_decision", decision.value) from None
        held = Cells(role, [role.name], [[cell]], None, "", self._spec.multi_label)
        found = {role.name: held.value(0, repaired)}
        self._applied += 1
        return found

    def notes(self, split: str) -> list[str]:
        """Return sentences on how many labels were taken over, and how many were not."""
        counts = {"corrected": self._applied, "corrected_elsewhere": self._stale}
        part = say(f"data.part.{split}")
        return [
            say(f"data.note.{name}", count=f"{count:,}", split=part)
            for name, count in counts.items()
            if count
        ]


def _ignore(reason: str, shown: object) -> None:
    """Say nothing of what was mended: whoever reads the row is told."""


def answerable(table: Table, task: Task | None, spec: DataSpec, always: bool = False) -> Table:
    """Give a table without a column for the answers an empty one, if a journal is to fill it.

    Where columns have names, one of them must be named as the answers usually are; else their
    looks decide.
    """
    if not (spec.corrections or always) or task is None or task.labelling is None:
        return table
    role = task.role(task.labelling.role)
    told = spec.columns.get(role.name, role.name) != role.name
    if told or not role.required or has_column(table.frame, role):
        return table
    if all(str(column).isdecimal() for column in table.frame.columns):
        with suppress(DataError):
            guess_columns(table.frame, task, spec.columns, table.name)
            return table
    return replace(table, frame=table.frame.assign(**{role.name: None}))
