"""The labels of examples: which there are, in which order, and which do not belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from .counted import Counted
from .examples import Examples
from .header import is_number
from .tables import Table

MOST_CLASSES = 100
MOST_NUMBERS = 20


def keep_labels(
    examples: Examples, wanted: Sequence[str], split: str
) -> tuple[Examples, list[str]]:
    """Keep the examples that have wanted labels only; no wish keeps all."""
    if not wanted:
        return examples, []
    kept = [i for i, labels in enumerate(examples.labels) if set(labels) <= set(wanted)]
    left_out = len(examples) - len(kept)
    if not left_out:
        return examples, []
    note = say("data.note.other_labels", count=f"{left_out:,}", split=say(f"data.part.{split}"))
    return examples.select(kept), [note]


def check_wanted(examples: Examples, wanted: Sequence[str], table: Table) -> None:
    """Refuse a wish for labels that do not occur, or for one twice.

    Raises:
        DataError: naming the label and those that there are.
    """
    known = set(examples.all_labels())
    for label in wanted:
        if label not in known:
            near = get_close_matches(label, known, n=1)
            raise DataError(
                "data.labels: no row of {table} has the label {label!r}; there are {known}",
                "did you mean {near!r}?" if near else "choose from these",
                table=table.name,
                label=shorten(label, 40),
                known=_listed(known),
                near=shorten(next(iter(near), ""), 40),
            ).at("data.labels", label, "no_such_label")
        if wanted.count(label) > 1:
            raise DataError(
                "data.labels: {label!r} is given twice", "give it once", label=shorten(label, 40)
            ).at("data.labels", label, "label_twice")


def name_labels(examples: Examples, wanted: Sequence[str], table: Table, column: str) -> list[str]:
    """Return the classes in order: as wanted, else as the source numbers them, else sorted.

    Raises:
        DataError: there is only one class, or the column holds free text or a measure.
    """
    counts = Counter(examples.all_labels())
    if wanted:
        labels = list(wanted)
    else:
        _check_classes(counts, table.name, column)
        _check_one_kind(examples, table.name, column)
        order = {name: number for number, name in enumerate(table.class_names.get(column, []))}
        labels = sorted(
            counts, key=lambda label: (order.get(label, len(order)), natural_key(label))
        )
    if len(labels) == 1:
        raise DataError(
            "{table}: all {count:,} rows have the one label {label!r} (column {column!r})",
            "add rows of another class, or set data.columns or data.labels",
            table=table.name,
            count=counts[labels[0]],
            label=shorten(labels[0], 40),
            column=shorten(column),
        )
    return labels


def name_numbers(examples: Examples, role: str, columns: list[str], table: Table) -> list[str]:
    """Return what the numbers of each row are called: the columns, or the column and a number.

    Raises:
        DataError: rows differ in how many numbers they hold, or all hold the same.
    """
    values = examples.values[role]
    width = len(values[0])
    odd = next((i for i, numbers in enumerate(values) if len(numbers) != width), None)
    if odd is not None or not width:
        row = examples.rows[odd or 0]
        raise DataError(
            "{table}: row {row} holds {count} numbers in the column {column!r}, the first row "
            "{width}",
            "give every row the same numbers",
            table=table.name,
            row=row,
            count=len(values[odd or 0]),
            column=shorten(columns[0]),
            width=width,
        )
    names = columns if len(columns) == width else [f"{columns[0]}.{n}" for n in range(1, width + 1)]
    for number, name in enumerate(names):
        if len({numbers[number] for numbers in values}) == 1:
            raise DataError(
                "{table}: all {count:,} rows have the one value {value:g} (column {column!r})",
                "set data.columns to another column",
                table=table.name,
                count=len(values),
                value=values[0][number],
                column=shorten(name),
            ).at("data.columns", {"label": name}, "one_value")
    return names


def natural_key(label: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers by value, and before words."""
    return (0, float(label), label) if is_number(label) else (1, 0.0, label)


def check_seen(examples: Examples, labels: Sequence[str], table: Table, seen_in: str) -> None:
    """Refuse labels beyond `labels`, naming one, how often it occurs and where.

    Raises:
        DataError: there is such a label.
    """
    known = set(labels)
    strange = [
        (i, label) for i, own in enumerate(examples.labels) for label in own if label not in known
    ]
    if strange:
        first, label = strange[0]
        count = sum(label in own for own in examples.labels)
        text = next(iter(examples.values.values()))[first]
        raise DataError(
            "{table}: the label {label!r} of 1 row (row {row}: {text!r}) is unknown to {seen_in}, "
            "which has {labels}"
            if count == 1
            else "{table}: the label {label!r} of {count:,} rows (row {row}: {text!r}) is unknown "
            "to {seen_in}, which has {labels}",
            "correct the label, or leave the rows out",
            table=table.name,
            label=shorten(label, 40),
            count=count,
            row=examples.rows[first],
            text=shorten(text, 40),
            seen_in=seen_in,
            labels=_listed(labels),
        )


def _check_classes(counts: Counter[str], name: str, column: str) -> None:
    total = counts.total()
    numbers = [label for label in counts if is_number(label)]
    fractions = any(not float(label).is_integer() for label in numbers)
    measure = len(numbers) == len(counts) > MOST_NUMBERS and fractions
    free = len(counts) > MOST_CLASSES and len(counts) > total / 2
    if measure or free:
        raise DataError(
            "{name}: the column {column!r} has {count:,} different values in {total:,} rows; "
            "that is no set of classes",
            "set data.columns to {{label: NAME}} with the column that holds the class",
            name=name,
            column=shorten(column),
            count=len(counts),
            total=total,
        ).at("data.columns", {"label": column}, "too_many_labels")


def _check_one_kind(examples: Examples, name: str, column: str) -> None:
    """Refuse numbers and words side by side: whether 1 is `pos` only their author knows."""
    numbers, words = Counted(), Counted()
    for row, labels in zip(examples.rows, examples.labels, strict=True):
        for label in labels:
            (numbers if is_number(label) else words).add(row, label)
    if numbers.count and words.count:
        raise DataError(
            "{name}: the column {column!r} has both numbers and words as labels: {numbers} "
            "numbers ({numbered}), {words} words ({worded})",
            "write each class in one way, or name in data.labels the labels to keep, all of them "
            "if they are right: {labels}",
            name=name,
            column=shorten(column),
            numbers=numbers.count,
            numbered=numbers.rows(None),
            words=words.count,
            worded=words.rows(None),
            labels=_listed(set(examples.all_labels())),
        )


def _listed(labels: Any) -> str:
    return shorten(", ".join(sorted(labels, key=natural_key)), 120)
