"""What a step of cleaning sees of a table, and what it gives back; nothing is changed in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..cells import as_text
from ..duplicates import text_key


@dataclass(frozen=True)
class Rows:
    """The rows of a table, as far as a task reads them.

    `numbers` are those of the source, `cells` the columns that play a role. `texts` names the
    columns of plain text, `asked` those that make a row's text, `answers` those that are to be
    predicted, `labels` those of labels. `names` has the names behind numbered labels, by column;
    `separator` is what stands between several labels of a cell. Where answers hang on the texts,
    `normalized` is the task's way to change them, of the cells of a row by role; `roles` says which
    column plays which.
    """

    numbers: Sequence[int]
    cells: Mapping[str, list[Any]]
    texts: tuple[str, ...]
    asked: tuple[str, ...]
    answers: tuple[str, ...]
    labels: tuple[str, ...]
    names: Mapping[str, list[str]] = field(default_factory=dict)
    separator: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    normalized: Callable[..., tuple[dict[str, Any], bool]] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    @cached_property
    def keys(self) -> list[str]:
        """What makes each row's text: equal for texts that differ in case or blanks only."""
        return self._keys(self.asked)

    @cached_property
    def answer_keys(self) -> list[str]:
        """What makes each row's answer; empty texts where the task has none."""
        return self._keys(self.answers)

    def asked_texts(self) -> list[str]:
        """Return what is asked in each row, as one text."""
        columns = [map(as_text, self.cells[name]) for name in self.asked]
        return list(map(" ".join, zip(*columns, strict=True)))

    def _keys(self, names: Sequence[str]) -> list[str]:
        if not names:
            return [""] * len(self)
        columns = [map(as_text, self.cells[name]) for name in names]
        return [text_key(*parts) for parts in zip(*columns, strict=True)]

    def after(self, change: Change) -> Rows:
        """Return the rows as a step leaves them."""
        cells = {**self.cells, **change.cells}
        numbers = self.numbers
        if change.dropped:
            kept = [i for i in range(len(numbers)) if i not in change.dropped]
            numbers = [numbers[i] for i in kept]
            cells = {name: [column[i] for i in kept] for name, column in cells.items()}
        return replace(self, numbers=numbers, cells=cells)


@dataclass(frozen=True)
class Dropped:
    """Why a row was dropped: what was found in it, and the position of the row it repeats."""

    shown: str = ""
    repeats: int | None = None


@dataclass(frozen=True)
class Change:
    """What a step does: whole columns anew, and the positions of rows that it drops.

    `left` counts cells that looked as if they were to be mended, and could not be.
    """

    cells: Mapping[str, list[Any]] = field(default_factory=dict)
    dropped: Mapping[int, Dropped] = field(default_factory=dict)
    left: int = 0
