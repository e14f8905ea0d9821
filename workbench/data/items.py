"""What there is to be labelled: the rows of a split, with or without an answer of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from ..labelling.items import Item
from ..labelling.journal import row_key
from ..sources import Progress
from ..spec import DataSpec
from ..tasks import Labelling, RowError, Task
from .columns import columns_of, given_columns, guess_columns
from .corrections import answerable
from .divide import train_split
from .labels import natural_key
from .rows import RowReader
from .tables import find_tables


@dataclass(frozen=True)
class Items:
    """The rows of a split that can be labelled, and what their answers have in common.

    `labels` are the classes, or the names of spans, that the source uses; `scale` is from the
    least to the greatest of its numbers, None where it has none. `left_out` rows have no text.
    """

    name: str
    items: list[Item]
    labels: list[str]
    scale: tuple[float, float] | None
    columns: dict[str, str | list[str]]
    left_out: int = 0


def read_items(
    spec: DataSpec, task: Task, split: str = "", progress: Progress | None = None
) -> Items:
    """Read the rows of a split, by default the one to learn from; labels are not needed.

    Raises:
        DataError: the file cannot be read, or has no text, or the task has nothing to label.
        SourceError: the source cannot be found or fetched.
    """
    labelling = task.labelling
    if labelling is None:
        raise DataError(
            "rows of {task} have no answers to label", "choose another task", task=task.name
        )
    found, spec, tables = find_tables(spec, task, progress)
    name = tables.match(split, "split") if split else train_split(tables, spec)
    table = answerable(tables.read(name), task, spec, always=True)
    given = given_columns(found.columns, task, spec.columns)
    columns = guess_columns(table.frame, task, given, table.name, spec.multi_label)
    reader = RowReader(table, columns, task, spec)
    items = []
    for position, row in enumerate(map(int, table.frame.index)):
        try:
            items.append(_item(reader, task, labelling, position, row, name))
        except RowError:
            continue
    if not items:
        raise DataError(
            "{name} has no row with a text", "set data.columns, or add rows", name=table.name
        )
    decisions = [item.was for item in items if item.was is not None]
    place = columns.get(labelling.role)
    order = [] if place is None else table.class_names.get(columns_of(place)[0], [])
    return Items(
        table.name,
        items,
        spec.labels or found.labels or _labels(decisions, labelling.kind, order),
        _scale(decisions) if labelling.kind == "number" else None,
        columns,
        len(table.frame) - len(items),
    )


def _item(
    reader: RowReader, task: Task, labelling: Labelling, position: int, row: int, split: str
) -> Item:
    asked = reader.asked(position, _ignore)
    values = task.read(asked, _ignore)
    was = None
    try:
        whole = task.read(asked | reader.answers(position, _ignore), _ignore)
    except RowError:
        pass
    else:
        was = labelling.decision(whole)
        values = {name: whole[name] for name in values}
    texts = {name: held for name, held in values.items() if isinstance(held, str) and held}
    if labelling.inside:
        texts[labelling.inside] = labelling.shown(values)
    return Item(row, split, row_key(values, [r.name for r in task.inputs]), texts, values, was)


def _labels(decisions: list[Any], kind: str, order: list[str]) -> list[str]:
    """Return the labels that decisions use: as the source numbers them, else sorted."""
    counts: Counter[str] = Counter()
    for one in decisions:
        if kind == "class":
            counts.update([one] if isinstance(one, str) else one)
        elif kind == "spans":
            counts.update(span["label"] for span in one if "label" in span)
    known = [label for label in order if label in counts]
    return [*known, *sorted(counts.keys() - set(known), key=natural_key)]


def _scale(decisions: list[Any]) -> tuple[float, float] | None:
    numbers = [one for one in decisions if isinstance(one, int | float)]
    return (min(numbers), max(numbers)) if numbers else None


def _ignore(reason: str, shown: object) -> None:
    """Say nothing of what was mended: whoever trains on the rows is told."""
