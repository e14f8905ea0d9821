"""Exports of labelling tools as tables: the texts, and what people answered."""

from __future__ import annotations

from typing import Any

from ..language import text as say
from ..spec import DataSpec
from ..tasks import Task
from .exports import Answer, Export, read_export
from .values import structure

LABEL = "label"
SAMPLE_ROWS = 200
# Columns that hold lists and objects, also where a table has them as text.
_STRUCTURES = (
    "annotations", "completions", "responses", "fields", "accept", "spans", "options", "data",
)  # fmt: skip


def answered(frame: Any, task: Task, spec: DataSpec) -> tuple[Any, list[str]]:
    """Return a frame with a row for each person's answer, where a labelling tool wrote the rows.

    The column of the answers is called as their question; what was no answer is counted.
    """
    import pandas

    if read_export(_records(frame.head(SAMPLE_ROWS))) is None:
        return _without_scores(frame, task)
    export = read_export(_records(frame)) or Export("")
    rows: list[dict[str, Any]] = []
    index: list[int] = []
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


def _records(frame: Any) -> list[dict[str, Any]]:
    held = [key for key in _STRUCTURES if key in frame.columns]
    records = frame.to_dict("records")
    for record in records if held else ():
        record.update({key: structure(record[key]) for key in held})
    return records


def _without_scores(frame: Any, task: Task) -> tuple[Any, list[str]]:
    """Return a frame in which an object of classes, each 0 or 1, is the list of those that are 1.

    spaCy's `cats` are such.
    """
    columns = [str(one) for one in frame.columns]
    if not any(role.kind == "label" for role in task.roles) or LABEL in columns:
        return frame, []
    for column in columns:
        if not all(map(_is_scores, frame[column])):
            continue
        chosen = [[name for name, one in cell.items() if one] for cell in frame[column]]
        found = frame.drop(columns=column)
        found[LABEL] = pandas_objects([c[0] if len(c) == 1 else c for c in chosen], frame.index)
        found.attrs = frame.attrs
        return found, [say("data.note.scored_classes", column=column)]
    return frame, []


def _is_scores(cell: Any) -> bool:
    return isinstance(cell, dict) and len(cell) > 1 and set(cell.values()) <= {0, 1}


def pandas_objects(cells: list[Any], index: Any) -> Any:
    """Return cells as a column that keeps lists as they are."""
    import pandas

    return pandas.Series(cells, index=index, dtype=object)


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
