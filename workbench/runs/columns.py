"""The logged steps of a run as columns of numbers, so that a million of them fit and add fast."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast, overload

from .events import Event

# `active_seconds` is worked out while the log is read; all others stand in the `step_logged` event.
COLUMNS = (
    "seq", "step", "wall_seconds", "epoch", "loss", "learning_rate", "grad_norm",
    "tokens_per_second", "rows_per_second", "rows", "memory_bytes", "active_seconds",
)  # fmt: skip
_WIDTH = len(COLUMNS)
_AT = {name: place for place, name in enumerate(COLUMNS)}
_WHOLE = ("seq", "step", "rows", "memory_bytes")
# These are numbers even where they are NaN; any other NaN means that nothing was logged.
_MAY_BE_LOST = ("loss", "grad_norm")


class Steps(Sequence[Event]):
    """A sequence of `step_logged` events, in the order of their steps.

    An entry is put together when it is asked for; a column is had at once. A step that is logged
    again, as older versions did after a break, takes the place of all from there on.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._numbers = array("d")
        for event in events:
            self.append(event)

    def append(self, event: Event, active_seconds: float = math.nan) -> None:
        """Add one event."""
        row = [_float(event.get(name)) for name in COLUMNS[:-1]]
        self._forget_from(row[_AT["step"]])
        self._numbers.extend(row)
        self._numbers.append(active_seconds)

    def extend(self, numbers: bytes) -> None:
        """Add rows as `numbers` of another gave them."""
        if numbers:
            rows = array("d")
            rows.frombytes(numbers)
            self._forget_from(rows[_AT["step"]])
            self._numbers.extend(rows)

    def numbers(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return the rows from `start` to `stop` as float64, `COLUMNS` after one another."""
        end = None if stop is None else stop * _WIDTH
        return self._numbers[start * _WIDTH : end].tobytes()

    def column(self, name: str) -> array[float]:
        """Return one of `COLUMNS`; NaN where nothing was logged."""
        return self._numbers[_AT[name] :: _WIDTH]

    def value(self, place: int, name: str) -> float:
        """Return one number without putting its event together."""
        return self._numbers[range(len(self))[place] * _WIDTH + _AT[name]]

    def __len__(self) -> int:
        """Return how many steps were logged."""
        return len(self._numbers) // _WIDTH

    @overload
    def __getitem__(self, place: int) -> Event: ...
    @overload
    def __getitem__(self, place: slice) -> Steps: ...
    def __getitem__(self, place: int | slice) -> Event | Steps:
        """Return one event, or some as a sequence of their own."""
        if isinstance(place, slice):
            part = Steps()
            for number in range(len(self))[place]:
                part._numbers.extend(self._row(number))
            return part
        return _event(self._row(range(len(self))[place]))

    def __iter__(self) -> Iterator[Event]:
        """Put every event together, one after the other."""
        return (_event(self._row(place)) for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Compare number by number; NaN equals NaN."""
        return isinstance(other, Steps) and self.numbers() == other.numbers()

    __hash__ = None  # type: ignore[assignment]  # cannot be hashed

    @staticmethod
    def event(numbers: bytes) -> Event:
        """Return the event of one row, given as `numbers` gives it."""
        row = array("d")
        row.frombytes(numbers)
        return _event(row)

    def _row(self, place: int) -> array[float]:
        return self._numbers[place * _WIDTH : (place + 1) * _WIDTH]

    def _forget_from(self, step: float) -> None:
        while len(self) and self.value(-1, "step") >= step:
            del self._numbers[-_WIDTH:]


def _event(row: Sequence[float]) -> Event:
    event: dict[str, Any] = {"event": "step_logged"}
    for name, value in zip(COLUMNS[:-1], row, strict=False):
        if not math.isnan(value) or name in _MAY_BE_LOST:
            event[name] = int(value) if name in _WHOLE and math.isfinite(value) else value
    return cast(Event, event)


def _float(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else math.nan
