"""Predictions as a table for page and notebook: columns as the task has them, cells as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..evaluation.playground import read_answers
from ..language import text
from ..runs import RunFolder
from ..tasks import Column, Task
from . import facts


@dataclass(frozen=True)
class Shown:
    """A table of predictions: `columns` pairs titles with looks; a row has a cell for each.

    A cell is plain text, or `Markup` in which everything from data is escaped.
    """

    columns: list[tuple[str, str]]
    rows: list[list[str]]


def show_answers(run: RunFolder) -> list[dict[str, str]]:
    """Return what was written to the probe sentences before and after, by column; none if none."""
    return [
        {
            text("playground.asked"): one.asked,
            text("playground.before"): one.before or text("playground.nothing"),
            text("playground.after"): one.after or text("playground.nothing"),
        }
        for one in read_answers(run)
    ]


def show_predictions(task: Task, records: list[dict[str, Any]]) -> Shown:
    """Return prediction records as a table; columns that no record fills are left out."""
    columns = [
        column
        for column in task.columns
        if column.cell or any(record.get(column.name) is not None for record in records)
    ]
    return Shown(
        [(text(f"report.column.{column.name}"), column.look) for column in columns],
        [[_cell(column, record) for column in columns] for record in records],
    )


def _cell(column: Column, record: dict[str, Any]) -> str:
    if column.cell:
        return column.cell(record)
    value = record.get(column.name)
    if value is None:
        return "–"
    if isinstance(value, list):
        return text("report.comma").join(_number_or_text(column, one) for one in value)
    return _number_or_text(column, value)


def _number_or_text(column: Column, value: Any) -> str:
    if isinstance(value, float):
        return facts.percent(value) if column.look == "share" else f"{value:.3f}"
    return str(value)
