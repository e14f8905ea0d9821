"""Exports of labelling tools as tables: the texts, and what people answered."""

from __future__ import annotations

from typing import Any

from ..language import text as say
from ..spec import DataSpec
from ..tasks import Task
from .exports import Answer, Export, read_export

LABEL = "label"


def answered(frame: Any, task: Task, spec: DataSpec) -> tuple[Any, list[str]]:
    """Return a frame with a row for each person's answer, where a labelling tool wrote the rows.

    The column of the answers is called as their question; what was no answer is counted.
    """
    import pandas

    records = frame.to_dict("records")
    export = read_export(records)
    if export is None:
        return frame, []
    rows, index = [], []
    for answer in export.answers:
        rows.append({**answer.texts, **_values(answer, spec.multi_label)})
        index.append(len(index) + 1)
    notes = [
        say("data.note.export", tool=export.tool, count=f"{len(rows):,}"),
        *passed_notes(export),
    ]
    if not rows:
        rows, index = [dict.fromkeys(("text", LABEL))], [1]
    found = pandas.DataFrame(rows, dtype=object, index=index)
    return found, notes


def passed_notes(export: Export) -> list[str]:
    """Return what is to be said of records that are no answer."""
    passed = {reason: count for reason, count in export.passed.items() if count}
    if not passed:
        return []
    reasons = ", ".join(
        f"{say(f'data.passed.{reason}')} {count:,}" for reason, count in passed.items()
    )
    total = sum(passed.values())
    return [say("data.note.no_answer", tool=export.tool, count=f"{total:,}", reasons=reasons)]


def _values(answer: Answer, several: bool) -> dict[str, Any]:
    """Return the columns of what was answered; one that is also a text is that alone."""
    return {
        (LABEL if name in answer.texts and answer.texts[name] != value else name): value
        for name, value in answer.values.items()
        if not (isinstance(value, str) and answer.texts.get(name) == value)
    }
