"""The curves of a run while it learns: a chart that is sent only what is new.

A thread reads the run's events, at most twice a second, and sends the new points as binary
columns. The chart's traits stay small, so a saved notebook does not grow; when the run ends, a
static record takes the chart's place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import InputError
from ..runs import RunFolder
from ..runs.reader import RunReader, read_state
from ..runs.summary import summarise
from ..spec import SpecError
from ..static import script, style
from .forking import fork_changes, fork_offer
from .handles import make_place
from .messages import Alive, Detail, Forked, Offer, Points, Received, RunTable, Table, TableName
from .points import (
    MOST_HELD,
    STEP_COLUMNS,
    all_steps,
    columns_first,
    evaluation_rows,
    new_steps,
    score_names,
    steps_between,
)
from .routing import use_subshell
from .words import attach_line, chart_labels, count_marks, describe_marks, describe_state

SECONDS_BETWEEN_UPDATES = 0.5
# A run that has been silent for so long is asked whether anybody still writes it.
SILENT_SECONDS = 5.0

# Whoever shows the curves hears so often that the kernel is there.
SECONDS_BETWEEN_SIGNS = 3.0


class LiveChart(anywidget.AnyWidget):
    """A run's losses, scores, rates and speed, growing with its events.

    `start` begins to watch in a thread; `update` looks once. The run may be anybody's: only its
    folder is read. The curves of the runs in `behind` (a fork's parent) are drawn muted. With
    `on_fork`, a click on the curve offers to fork there, and `on_fork` is called with the step
    and what is to be changed in the spec.
    """

    _esm = script("live/view.js")
    _css = style("controls.css", "live.css")
    run_names: traitlets.List[Any] = traitlets.List().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    can_fork = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        run: RunFolder,
        language: str | None = None,
        on_fork: Callable[[int, dict[str, Any]], Any] | None = None,
        behind: Sequence[RunFolder] = (),
    ) -> None:
        self._language = language or languages.current()
        self._run = run
        self._on_fork = on_fork
        self._followed = [_Followed(folder) for folder in (run, *behind)]
        self._marks_sent = 0
        self._watched = False
        self._sign_at = 0.0
        self._interrupted = False
        self._news_at = time.monotonic()
        # The watching thread and the front end's questions meet in these.
        self._lock = threading.Lock()
        self._closing = threading.Event()
        super().__init__(
            run_names=[folder.name for folder in (run, *behind)],
            labels=chart_labels(self._language) | {"attach": attach_line(run)},
            can_fork=on_fork is not None,
        )
        self.on_msg(self._received)
        use_subshell(self)

    @property
    def ended(self) -> bool:
        """Whether the run is over and everything of it has been sent."""
        state = self._followed[0].reader.state
        # A failed run that is taken up again has failed until its log goes on.
        return state.ended and not (state.status == "failed" and summarise(self._run).active)

    @property
    def closed(self) -> bool:
        """Whether nobody watches the run here any more."""
        return self._closing.is_set()

    def start(self, on_end: Callable[[], None] | None = None) -> threading.Thread:
        """Watch until the run ends or the chart is closed; then call `on_end`, if it ended."""
        thread = threading.Thread(target=self._watch, args=(on_end,), daemon=True)
        thread.start()
        return thread

    def update(self) -> None:
        """Read the events that are new, and send their points if anybody is looking."""
        with self._lock:
            news = [followed.reader.update() for followed in self._followed]
            news.append(self._check_writer(any(news)))
            if self._watched and any(news):
                self._publish(whole=False)
            elif self._watched and time.monotonic() - self._sign_at > SECONDS_BETWEEN_SIGNS:
                self._sign_at = time.monotonic()
                alive: Alive = {"kind": "alive"}
                self.send(alive, [])

    def rest(self) -> None:
        """Stop watching; a page that is opened later still gets the curves from here."""
        self._closing.set()

    def close(self) -> None:
        """Stop watching and take the chart away."""
        self._closing.set()
        super().close()

    def _watch(self, on_end: Callable[[], None] | None) -> None:
        while not self._closing.is_set():
            self.update()
            if self.ended:
                if on_end is not None:
                    on_end()
                return
            self._closing.wait(SECONDS_BETWEEN_UPDATES)

    def _check_writer(self, news: bool) -> bool:
        """Return whether it has turned out that nobody writes the run any more, or again."""
        before = self._interrupted
        if news:
            self._interrupted = False
            self._news_at = time.monotonic()
        elif not (self.ended or before) and time.monotonic() - self._news_at > SILENT_SECONDS:
            self._interrupted = summarise(self._run).status == "interrupted"
            self._news_at = time.monotonic()
        return self._interrupted != before

    def _received(self, _: Any, content: Received, __: Any) -> None:
        match content:
            case {"kind": "sync"}:
                with self._lock:
                    self._watched = True
                    self._publish(whole=True)
            case {"kind": "detail", "run": int(run), "first": first, "last": last}:
                with self._lock:
                    steps = self._followed[run].reader.state.steps
                    rows = columns_first(steps_between(steps, first, last))
                detail: Detail = {"kind": "detail", "run": run, "first": first, "last": last}
                self.send(detail, [rows])
            case {"kind": "pick", "step": int(step)} if self._on_fork is not None:
                self._offer(step)
            case {"kind": "fork", "step": int(step), "changes": dict(changes)}:
                self._fork(step, changes)

    def _offer(self, step: int) -> None:
        try:
            found = fork_offer(self._run, step, self._language)
        except InputError as error:
            self._answer_fork(str(error))
            return
        offer: Offer = {"kind": "offer", "step": step, **found}
        self.send(offer, [])

    def _fork(self, step: int, changes: dict[str, Any]) -> None:
        if self._on_fork is None:
            return
        fault = ""
        try:
            self._on_fork(step, fork_changes(changes))
        except SpecError as error:
            fault = "; ".join(error.lines)
        except (InputError, OSError) as error:
            fault = str(error)
        self._answer_fork(fault)

    def _answer_fork(self, fault: str) -> None:
        forked: Forked = {"kind": "forked", "fault": fault}
        self.send(forked, [])

    def _publish(self, whole: bool) -> None:
        """Send what the views do not hold yet, or all that they should hold."""
        parts: list[RunTable] = []
        buffers: list[bytes] = []
        for number, followed in enumerate(self._followed):
            for about, rows in followed.parts(whole):
                parts.append({"run": number, **about})
                buffers.append(rows)
        self._sign_at = time.monotonic()
        state = self._followed[0].reader.state
        start = 0 if whole else self._marks_sent
        self._marks_sent = count_marks(state)
        message: Points = {
            "kind": "points",
            "parts": parts,
            "marks_at": start,
            "marks": describe_marks(state, self._language, start),
            "state": describe_state(state, self._language, self._interrupted),
        }
        self.send(message, buffers)


class _Followed:
    """One of the chart's runs, and how much of it the views hold."""

    def __init__(self, run: RunFolder) -> None:
        self.reader = RunReader(run)
        self._held: dict[TableName, int] = {"steps": 0, "evaluations": 0}
        self._sent = dict(self._held)
        self._last_sent: tuple[float, float] | None = None
        self._names: list[str] = []

    def parts(self, whole: bool) -> list[tuple[Table, bytes]]:
        """Return each table that has news: what it is, and its rows."""
        parts = (self._steps(whole), self._evaluations(whole))
        return [part for part in parts if part is not None]

    def _steps(self, whole: bool) -> tuple[Table, bytes] | None:
        steps, sent = self.reader.state.steps, self._sent["steps"]
        fresh = len(steps) - sent
        # Where steps were logged again, what was sent of them no longer holds.
        anew = whole or self._seal(sent) != self._last_sent
        if anew or self._held["steps"] + fresh > MOST_HELD:
            rows = all_steps(steps)
            self._held["steps"] = 0
        elif fresh:
            rows = new_steps(steps, sent)
        else:
            return None
        self._last_sent = self._seal(len(steps))
        return self._part("steps", STEP_COLUMNS, rows, len(steps))

    def _evaluations(self, whole: bool) -> tuple[Table, bytes] | None:
        done, sent = self.reader.state.evaluations, self._sent["evaluations"]
        names = score_names(done[sent:], self._names)
        if whole or names != self._names:
            self._held["evaluations"] = sent = 0
        elif sent == len(done):
            return None
        self._names = names
        rows = evaluation_rows(done, names, sent)
        return self._part("evaluations", ("index", "step", *names), rows, len(done))

    def _part(
        self, table: TableName, columns: Sequence[str], rows: Any, total: int
    ) -> tuple[Table, bytes]:
        held = self._held[table]
        about: Table = {"table": table, "held": held, "total": total}
        if not held:
            about["columns"] = list(columns)
        self._held[table] += len(rows)
        self._sent[table] = total
        return about, columns_first(rows)

    def _seal(self, count: int) -> tuple[float, float] | None:
        steps = self.reader.state.steps
        if not 0 < count <= len(steps):
            return None
        return steps.value(count - 1, "seq"), steps.value(count - 1, "step")


class Record:
    """What stands for a chart where the run was over from the start."""

    ended = closed = True

    def close(self) -> None:
        """Do nothing: nobody watches."""


def show_live(
    run: RunFolder,
    on_end: Callable[[], None] | None = None,
    handle: Any = None,
    on_fork: Callable[[int, dict[str, Any]], Any] | None = None,
    behind: Sequence[RunFolder] = (),
) -> LiveChart | Record:
    """Show a run's chart in this cell; when the run ends, its static record replaces it.

    `on_end` is then called, from the watching thread. A run already over shows its record at
    once, and `on_end` is called before this returns. With `handle`, a display handle, the chart
    appears there instead: a click has no cell of its own to show things in.
    """
    if handle is None:
        handle = make_place()
    # A chart that is made only to be taken away again leaves an error in the browser's console.
    if summarise(run).ended:
        handle.update(static_record(run), raw=True)
        if on_end is not None:
            on_end()
        return Record()
    chart = LiveChart(run, on_fork=on_fork, behind=behind)
    chart.update()
    handle.update(chart)

    def replace() -> None:
        handle.update(static_record(run), raw=True)
        chart.rest()
        if on_end is not None:
            on_end()

    chart.start(on_end=replace)
    return chart


def static_record(run: RunFolder) -> dict[str, Any]:
    """Return the curves of a run as a mime bundle that needs no kernel and no widget."""
    from ..figures.bundle import bundle
    from ..figures.training import training_curves

    return bundle(training_curves(read_state(run)))
