"""Examples: the rows of a table that can be learned from, cleaned and checked."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from ..tasks import Task
from .cells import as_text
from .header import is_number
from .tables import Table

FEWEST_ROWS = 4
LARGEST_CELL = 1_000_000
MOST_CLASSES = 100
MOST_NUMBERS = 20


@dataclass(frozen=True)
class Examples:
    """Rows with text and label: numbers in the source, texts by role, label names."""

    rows: list[int]
    texts: dict[str, list[str]]
    labels: list[str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def select(self, positions: Sequence[int]) -> Examples:
        """Return the examples at these positions."""
        return Examples(
            [self.rows[i] for i in positions],
            {role: [column[i] for i in positions] for role, column in self.texts.items()},
            [self.labels[i] for i in positions],
        )

    def text_keys(self) -> list[str]:
        """Return what makes a row's text: equal for texts that differ in case or blanks only."""
        columns = [[" ".join(t.split()).casefold() for t in texts] for texts in self.texts.values()]
        return ["\0".join(parts) for parts in zip(*columns, strict=True)]


def take_examples(
    table: Table, columns: Mapping[str, str], task: Task, split: str
) -> tuple[Examples, list[str]]:
    """Return the rows that have text and label, and notes on those left out.

    Raises:
        DataError: a cell is larger than any text should be.
    """
    frame = table.frame
    label_column = next(columns[role.name] for role in task.roles if role.kind == "label")
    names = table.class_names.get(label_column)
    labels = [_label(cell, names) for cell in frame[label_column]]
    texts = {
        role.name: [as_text(cell) for cell in frame[columns[role.name]]]
        for role in task.roles
        if role.kind == "text" and role.name in columns
    }
    for role, column in [*texts.items(), ("label", labels)]:
        for row, text in zip(frame.index, column, strict=True):
            if len(text) > LARGEST_CELL:
                name = columns.get(role, label_column)
                raise DataError(
                    f"{table.name}: row {row} has {len(text):,} characters in the column "
                    f"{shorten(name)!r}, more than {LARGEST_CELL:,}",
                    "cut the text into pieces, or close a quote left open there",
                )
    filled = [
        all(parts) for parts in zip(*(map(str.strip, c) for c in texts.values()), strict=True)
    ]
    kept = [i for i, label in enumerate(labels) if filled[i] and label]
    empty_text = filled.count(False)
    empty_label = len(labels) - empty_text - len(kept)
    notes = []
    if empty_text:
        notes.append(
            say("data.note.empty_text", count=f"{empty_text:,}", split=say(f"data.part.{split}"))
        )
    if empty_label:
        notes.append(
            say("data.note.empty_label", count=f"{empty_label:,}", split=say(f"data.part.{split}"))
        )
    rows = [int(row) for row in frame.index]
    return Examples(rows, texts, labels).select(kept), notes


def _label(cell: Any, names: list[str] | None) -> str:
    """Return a cell as the name of a class; -1 is how hub sets say that there is none."""
    text = as_text(cell).strip()
    if names is None or not text.lstrip("-").isdecimal():
        return text
    return names[int(text)] if 0 <= int(text) < len(names) else ""


def keep_labels(
    examples: Examples, wanted: Sequence[str], split: str
) -> tuple[Examples, list[str]]:
    """Keep the examples with the wanted labels; no wish keeps all."""
    if not wanted:
        return examples, []
    kept = [i for i, label in enumerate(examples.labels) if label in set(wanted)]
    left_out = len(examples) - len(kept)
    if not left_out:
        return examples, []
    note = say("data.note.other_labels", count=f"{left_out:,}", split=say(f"data.part.{split}"))
    return examples.select(kept), [note]


def check_enough(examples: Examples, table: Table) -> None:
    """Refuse too few rows to learn from.

    Raises:
        DataError: saying how many there are.
    """
    count = len(examples)
    if count < FEWEST_ROWS:
        raise DataError(
            f"{table.name} has {count} usable {'row' if count == 1 else 'rows'}; "
            f"at least {FEWEST_ROWS} are needed",
            "add rows with a text and a label",
        )


def check_wanted(examples: Examples, wanted: Sequence[str], table: Table) -> None:
    """Refuse a wish for labels that do not occur, or for one twice.

    Raises:
        DataError: naming the label and those that there are.
    """
    known = set(examples.labels)
    for label in wanted:
        if label not in known:
            near = get_close_matches(label, known, n=1)
            raise DataError(
                f"data.labels: no row of {table.name} has the label {shorten(label, 40)!r}; "
                f"there are {_listed(known)}",
                f"did you mean {shorten(near[0], 40)!r}?" if near else "choose from these",
            )
        if wanted.count(label) > 1:
            raise DataError(f"data.labels: {shorten(label, 40)!r} is given twice", "give it once")


def name_labels(examples: Examples, wanted: Sequence[str], table: Table, column: str) -> list[str]:
    """Return the classes in order: as wanted, else as the source numbers them, else sorted.

    Raises:
        DataError: there is only one class, or the column holds free text or a measure.
    """
    counts = Counter(examples.labels)
    if wanted:
        labels = list(wanted)
    else:
        _check_classes(counts, table.name, column)
        order = {name: number for number, name in enumerate(table.class_names.get(column, []))}
        labels = sorted(
            counts, key=lambda label: (order.get(label, len(order)), natural_key(label))
        )
    if len(labels) == 1:
        raise DataError(
            f"{table.name}: all {counts[labels[0]]:,} rows have the one label "
            f"{shorten(labels[0], 40)!r} (column {shorten(column)!r})",
            "add rows of another class, or set data.columns or data.labels",
        )
    return labels


def natural_key(label: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers by value, and before words."""
    return (0, float(label), label) if is_number(label) else (1, 0.0, label)


def check_seen(examples: Examples, labels: Sequence[str], table: Table, seen_in: str) -> None:
    """Refuse labels beyond `labels`, naming one, how often it occurs and where.

    Raises:
        DataError: there is such a label.
    """
    known = set(labels)
    strange = [i for i, label in enumerate(examples.labels) if label not in known]
    if strange:
        first = strange[0]
        label = examples.labels[first]
        count = examples.labels.count(label)
        text = next(iter(examples.texts.values()))[first]
        rows = "1 row" if count == 1 else f"{count:,} rows"
        raise DataError(
            f"{table.name}: the label {shorten(label, 40)!r} of {rows} "
            f"(row {examples.rows[first]}: {shorten(text, 40)!r}) is unknown to {seen_in}, "
            f"which has {_listed(labels)}",
            "correct the label, or leave the rows out",
        )


def _check_classes(counts: Counter[str], name: str, column: str) -> None:
    total = counts.total()
    numbers = [label for label in counts if is_number(label)]
    fractions = any(not float(label).is_integer() for label in numbers)
    measure = len(numbers) == len(counts) > MOST_NUMBERS and fractions
    free = len(counts) > MOST_CLASSES and len(counts) > total / 2
    if measure or free:
        raise DataError(
            f"{name}: the column {shorten(column)!r} has {len(counts):,} different values in "
            f"{total:,} rows; that is no set of classes",
            "set data.columns to {label: NAME} with the column that holds the class",
        )


def to_dataset(examples: Examples, labels: list[str]) -> Any:
    """Return the examples as a `datasets.Dataset` with a `ClassLabel`."""
    from datasets import ClassLabel, Dataset, Features, Value

    features = {role: Value("string") for role in examples.texts}
    features |= {"label": ClassLabel(names=labels), "row": Value("int64")}
    number = {label: position for position, label in enumerate(labels)}
    columns = {
        **examples.texts,
        "label": [number[label] for label in examples.labels],
        "row": examples.rows,
    }
    return Dataset.from_dict(columns, features=Features(features))


def fingerprint(*parts: Examples) -> str:
    """Return the sha256 of all texts and labels in order: the same on every machine."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)} {' '.join(part.texts)}\n".encode())
        for cells in zip(*part.texts.values(), part.labels, strict=True):
            for cell in cells:
                raw = cell.encode("utf-8")
                # The length in front keeps "ab","c" apart from "a","bc".
                digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()


def _listed(labels: Any) -> str:
    return shorten(", ".join(sorted(labels, key=natural_key)), 120)
