"""Examples: the rows of a table that can be used, and the tables that a run is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError
from ..tasks import Task
from .duplicates import text_key
from .splits import Groups
from .tables import Table

FEWEST_ROWS = 4


@dataclass(frozen=True)
class Examples:
    """Rows that can be used: their numbers in the source, and their values by role.

    `labels` names the labels of each, none where the task has none; `strata` is what each counts
    as when some are held out. `asked` are the roles that make a row's text, `grouped_by` those
    that keep rows together, and `groups` what a column says belongs together.
    """

    rows: list[int]
    values: dict[str, list[Any]]
    labels: list[list[str]]
    strata: list[str]
    asked: tuple[str, ...]
    grouped_by: tuple[str, ...]
    groups: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def select(self, positions: Sequence[int]) -> Examples:
        """Return the examples at these positions."""
        return Examples(
            [self.rows[i] for i in positions],
            {role: [column[i] for i in positions] for role, column in self.values.items()},
            [self.labels[i] for i in positions],
            [self.strata[i] for i in positions],
            self.asked,
            self.grouped_by,
            [self.groups[i] for i in positions] if self.groups else [],
        )

    def text_keys(self) -> list[str]:
        """Return what makes a row's text: equal for texts that differ in case or blanks only."""
        return self._keys(self.asked)

    def group_keys(self) -> list[str]:
        """Return what keeps rows together: equal for rows that may not be divided.

        They are those with the same text, and those of the same group, however many steps apart.
        """
        keys = self._keys(self.grouped_by)
        if not self.groups:
            return keys
        joined = Groups(keys)
        joined.join_equal(keys, self.groups)
        return list(map(joined.name, keys))

    def all_labels(self) -> list[str]:
        """Return the labels of all rows, one after the other."""
        return [label for labels in self.labels for label in labels]

    def _keys(self, roles: Sequence[str]) -> list[str]:
        columns = [map(_plain, self.values[role]) for role in roles if role in self.values]
        return [text_key(*parts) for parts in zip(*columns, strict=True)]


def check_enough(examples: Examples, table: Table, notes: Sequence[str] = ()) -> None:
    """Refuse too few rows to learn from.

    Raises:
        DataError: saying how many there are, and what is wrong with the others.
    """
    count = len(examples)
    if count >= FEWEST_ROWS:
        return
    why = " ".join(notes).rstrip(".。")
    if why:
        few = "{name} has {count} usable {count:row|rows} ({why}); at least {least} are needed"
        remedy = "correct these rows, name other columns in data.columns, or add rows"
    else:
        few = "{name} has {count} usable {count:row|rows}; at least {least} are needed"
        remedy = "add rows with a text and a label"
    raise DataError(few, remedy, name=table.name, count=count, why=why, least=FEWEST_ROWS)


def to_dataset(examples: Examples, task: Task, labels: list[str]) -> Any:
    """Return the examples as a `datasets.Dataset`: a column for each role, and `row`.

    Labels, which are names in the examples, become numbers with a `ClassLabel`.
    """
    from datasets import ClassLabel, Dataset, Features, List, Value

    number = {label: position for position, label in enumerate(labels)}
    kinds = {role.name: role.kind for role in task.roles}
    columns: dict[str, list[Any]] = {}
    features: dict[str, Any] = {}
    for role, values in examples.values.items():
        columns[role] = values
        match kinds.get(role):
            case "text" if any(isinstance(value, list) for value in values):
                features[role] = List(Value("string"))
                columns[role] = [[v] if isinstance(v, str) else v for v in values]
            case "text":
                features[role] = Value("string")
            case "numbers":
                features[role] = List(Value("float64"))
            case "label" if all(isinstance(value, str) for value in values):
                features[role] = ClassLabel(names=labels)
                columns[role] = [number[label] for label in values]
            case "label" | "labels":
                features[role] = List(ClassLabel(names=labels))
                several = [[v] if isinstance(v, str) else v for v in values]
                columns[role] = [[number[label] for label in own] for own in several]
            case _:
                features[role] = Dataset.from_dict({role: values}).features[role]
    features["row"], columns["row"] = Value("int64"), examples.rows
    return Dataset.from_dict(columns, features=Features(features))


def fingerprint(*parts: Examples) -> str:
    """Return the sha256 of all values in order: the same on every machine."""
    digest = hashlib.sha256()
    for part in parts:
        asked = [role for role in part.asked if role in part.values]
        digest.update(f"{len(part)} {' '.join(asked)}\n".encode())
        for cells in zip(*part.values.values(), strict=True):
            for cell in cells:
                raw = _plain(cell).encode("utf-8")
                # The length in front keeps "ab","c" apart from "a","bc".
                digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
