"""The places of a cell's output where runs are watched and steered.

A click has no cell of its own to show things in, so the places are made first and filled later:
one for a run, and more for the runs that are forked from it by a click.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .. import worker
from ..runs import RunFolder, read_state
from ..runs.summary import summarise
from .handles import NOTHING, make_place
from .live import LiveChart, Record, show_live
from .steering import SteeringPanel, show_steering


class RunOutputs:
    """A column of places, each for one run: its curves, and below them its controls.

    When all are taken, the place of a run that is over is used again, else the oldest fork's;
    the run itself is not touched by that.
    """

    def __init__(self, count: int = 6) -> None:
        self._count = count
        self._free: list[_Output] = []
        self._taken: list[_Output] = []  # the earliest first
        self._lock = threading.Lock()

    def show(self) -> RunOutputs:
        """Make the places in this cell."""
        self._free = [_Output() for _ in range(self._count)]
        return self

    def fill(
        self,
        run: RunFolder,
        on_end: Callable[[], None] | None = None,
        parent: RunFolder | None = None,
    ) -> None:
        """Show a run's curves, live or at rest, and its controls while it can be steered.

        `parent` is drawn behind it. `on_end` is called when the run has ended.
        """
        with self._lock:
            place = self._choose(run, parent)
            self._taken.append(place)
        place.take(run, on_end)
        self._watch(place, run, parent)

    def _choose(self, run: RunFolder, parent: RunFolder | None) -> _Output:
        """Return the place for a run, out of the lists of places."""
        known = next((place for place in self._taken if place.holds(run)), None)
        if known is None and self._free:
            return self._free.pop(0)
        others = [place for place in self._taken if not place.holds(parent)]
        place = known or min(others or self._taken, key=_Output.worth)
        self._taken.remove(place)
        return place

    def _watch(self, place: _Output, run: RunFolder, parent: RunFolder | None) -> None:
        chart, controls = place.turns

        def ended() -> None:
            if read_state(run).status != "failed":  # such a run can be taken up again
                controls.update(NOTHING, raw=True)
            if place.on_end is not None:
                place.on_end()

        def resume(interrupted: RunFolder) -> None:
            worker.resume(interrupted)
            if place.view is not None and place.view.closed:
                show_curves()

        def fork(step: int, changes: dict[str, Any]) -> None:
            self.fill(worker.fork(run, step, changes), parent=run)

        def show_curves() -> LiveChart | Record:
            behind = [] if parent is None else [parent]
            place.view = show_live(run, ended, chart, on_fork=fork, behind=behind)
            return place.view

        if not show_curves().ended or read_state(run).status == "failed":
            place.panel = show_steering(run, controls, on_resume=resume)


class _Output:
    """Where one run at a time is shown; whoever takes it ends what was shown before."""

    def __init__(self) -> None:
        self._handles = [make_place() for _ in range(2)]
        self.turns: list[_Turn] = []
        self.run: RunFolder | None = None
        self.on_end: Callable[[], None] | None = None
        self.view: LiveChart | Record | None = None
        self.panel: SteeringPanel | None = None

    def take(self, run: RunFolder, on_end: Callable[[], None] | None) -> None:
        """End what is shown here, and hold the place for another run."""
        for turn in self.turns:
            turn.end()
        for widget in (self.view, self.panel):
            if widget is not None:
                widget.close()
        self.run, self.on_end, self.view, self.panel = run, on_end, None, None
        self.turns = [_Turn(handle) for handle in self._handles]
        self.turns[1].update(NOTHING, raw=True)

    def holds(self, run: RunFolder | None) -> bool:
        """Return whether it is this run that is shown here."""
        if run is None or self.run is None:
            return False
        return run.path.absolute() == self.run.path.absolute()

    def worth(self) -> tuple[bool, bool]:
        """Return how much would be lost with what is shown here; less is taken first."""
        if self.run is None:
            return False, False
        summary = summarise(self.run)
        return not summary.ended or summary.status == "failed", self.on_end is not None


class _Turn:
    """The right to show things through a display handle, until somebody else has it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._over = False

    def update(self, shown: Any, **options: Any) -> None:
        """Show something; nothing happens once the turn is over."""
        with self._lock:
            if not self._over:
                self._handle.update(shown, **options)

    def end(self) -> None:
        """Give the right away: what a thread of this turn still shows is not seen."""
        with self._lock:
            self._over = True
