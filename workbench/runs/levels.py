"""Levels: where the losses of a stretch of a run lie, and how sure that is.

Medians throughout: a few wild steps do not move them. Only windows and samples are looked at, so
the cost does not grow with the length of the run.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeGuard

from .events import Event
from .state import RunState

# After these acts the loss means something else: levels before and after do not compare.
REDEFINING = ("label_smoothing_factor", "dropout")
# After these the run deserves time to show their effect.
MOVES = (*REDEFINING, "learning_rate", "weight_decay", "max_grad_norm", "rollback")

# A window of 50 losses has a median with an error of 0.18 of their scatter; below 10 the scatter
# itself is anybody's guess. In between, an eighth of the run so far.
WINDOW, LEAST_WINDOW, WINDOWS_A_RUN = 50, 10, 8
# Long stretches are sampled: 500 losses put the median's error at 0.06 of their scatter.
SAMPLE = 500


@dataclass(frozen=True)
class Level:
    """Where the losses of a stretch lie: median, its error, and the scatter of one loss.

    `step` is that of the stretch's middle.
    """

    step: int
    median: float
    error: float
    scatter: float


def level(events: Sequence[Event], start: int, stop: int) -> Level | None:
    """Return the level of `events[start:stop]`; None where fewer than five losses are numbers."""
    stride = max(1, (stop - start) // SAMPLE)
    losses = [x for i in range(start, stop, stride) if is_number(x := loss_of(events[i]))]
    if len(losses) < 5:
        return None
    middle = median(losses)
    # 1.4826 turns the median deviation into a standard deviation, and 1.2533 is the error of a
    # median over that of a mean, both for normal scatter.
    scatter = 1.4826 * median(abs(loss - middle) for loss in losses)
    error = 1.2533 * scatter / math.sqrt(len(losses))
    return Level(events[(start + stop - 1) // 2]["step"], middle, error, scatter)


@dataclass(frozen=True)
class History:
    """The logged losses of a run, from where on they compare, and since when it was left alone.

    `comparable` and `settled` are positions in `steps`, `comparable_step` and `settled_step` the
    steps of the acts before them (0 without one); `window` is how many losses make a window.
    """

    steps: Sequence[Event]
    comparable: int
    comparable_step: int
    settled: int
    settled_step: int
    window: int

    @classmethod
    def of(cls, state: RunState) -> History:
        """Read the acts of a run."""
        comparable, settled = _last_act(state, REDEFINING), _last_act(state, MOVES)
        # An act happens after its step and before the next.
        start = first_after(state.steps, comparable) if comparable else 0
        alone = first_after(state.steps, settled) if settled else 0
        window = min(WINDOW, max(LEAST_WINDOW, (len(state.steps) - start) // WINDOWS_A_RUN))
        return cls(state.steps, start, comparable, alone, settled, window)

    def first(self) -> Level | None:
        """Return the level of the first window."""
        return self.at(self.comparable)

    def latest(self) -> Level | None:
        """Return the level of the last window."""
        return self.at(len(self.steps) - self.window)

    def around(self, step: int) -> Level | None:
        """Return the level of the window with as many losses before a step as after it."""
        return self.at(first_after(self.steps, step) - self.window // 2)

    def at(self, start: int) -> Level | None:
        """Return the level of the window that starts at a position."""
        start = max(self.comparable, start)
        return level(self.steps, start, min(len(self.steps), start + self.window))


def first_after(events: Sequence[Event], step: int) -> int:
    """Return the position of the first event after a step."""
    return bisect_right(range(len(events)), step, key=lambda i: events[i]["step"])


def spread(start: int, stop: int, count: int) -> Iterator[int]:
    """Yield about `count` places from `start` on, evenly, all below `stop`."""
    yield from range(start, stop, max(1, (stop - start) // count))


def loss_of(event: Event) -> Any:
    """Return the loss that was logged or evaluated."""
    return event["metrics"].get("loss") if "metrics" in event else event.get("loss")


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def _last_act(state: RunState, names: tuple[str, ...]) -> int:
    return next(
        (command["step"] for command in reversed(state.commands) if command["knob"] in names), 0
    )
