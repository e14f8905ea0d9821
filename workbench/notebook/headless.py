"""What an unattended notebook tells: where training stands, and the metrics for other programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from ..errors import plain
from ..language import current, text
from ..runs import Event, RunFolder, RunState, Sink
from .kernel import in_notebook, is_headless

# A line every few seconds; a run of many hours does not fill the notebook with them.
FEWEST_SECONDS, MOST_SECONDS, SHARE_OF_TIME = 5.0, 60.0, 1 / 120

# The form of nteract's scrapbook, read by `scrapbook.read_notebook(path).scraps`.
SCRAP_MIME = "application/scrapbook.scrap.json+json"


def progress_lines() -> list[Sink]:
    """Return what tells of a run's progress in this notebook; nothing outside of one."""
    return [ProgressLines()] if in_notebook() else []


def tell(key: str) -> None:
    """Print a sentence of the studio, where a notebook shows it."""
    if in_notebook():
        _say(text(f"studio.{key}"))


class ProgressLines:
    """Prints where a run stands: when its status changes, at evaluations, every few seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._state = RunState()
        self._began = self._said_at = now()
        self._known = ("", 0, False)  # what always makes a line, once it changes

    def receive(self, events: Sequence[Event]) -> None:
        """Print a line if one is due."""
        state, now = self._state.fold(events), self._now()
        is_through = 0 < state.total_steps <= state.step
        known = (state.status, len(state.evaluations), is_through)
        between = min(MOST_SECONDS, max(FEWEST_SECONDS, (now - self._began) * SHARE_OF_TIME))
        if known == self._known and now - self._said_at < between:
            return
        _say(progress_line(state))
        if is_through and not self._known[2] and not state.ended:
            _say(text("studio.progress.evaluating"))
        self._said_at, self._known = now, known

    def close(self) -> None:
        """Do nothing: every line stands."""


def progress_line(state: RunState) -> str:
    """Return where a run stands: step, time left, loss, and how it did when last evaluated."""
    from ..figures.curves import metric_name
    from ..widgets.words import describe_state

    parts = [describe_state(state, current())["text"]]
    if state.steps:
        parts.append(text("studio.progress.loss", value=_short(state.steps.value(-1, "loss"))))
    if state.evaluations:
        scores = state.evaluations[-1]["metrics"]
        # The loss, and the task's own first score.
        names = ["loss"] * ("loss" in scores) + [name for name in scores if name != "loss"][:1]
        for name in names:
            values = {"name": metric_name(name), "value": _short(scores[name])}
            parts.append(text("studio.progress.validation", **values))
    return " · ".join(parts)


def keep_scraps(run: RunFolder) -> None:
    """Leave each metric of a run, and its folder, in the notebook for programs that read it.

    Each is an output in scrapbook's form, shown by nobody; its metadata has it once more.
    """
    if not is_headless():
        return
    from IPython.display import display

    for name, value in run.headline().items():
        data = {"name": name, "data": value, "encoder": "json", "version": 1}
        kept = {"scrapbook": {"name": name, "data": True, "display": False}}
        display({SCRAP_MIME: data}, metadata=kept | {"workbench": {name: value}}, raw=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{plain(line)}\n")
    sys.stdout.flush()


def _short(value: float | None) -> str:
    return text("report.not_applicable") if value is None else f"{value:.4g}"
