"""Progress in the terminal: a bar where there is one, plain lines where there is none."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from ..language import text, translate
from ..runs import Event, RunFolder, RunState, Sink
from ..runs.control import FULL_DISK
from ..runs.sinks import follow
from ..training.processes import rank
from .output import word
from .screen import plain

POLL_SECONDS = 0.2
LINE_EVERY_SECONDS = 10.0


def console() -> Console:
    """Return the console on stderr: progress never mixes with a command's answer."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, quiet=rank() > 0)


@contextmanager
def download_progress() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function `(done_bytes, total_bytes, text)` that shows downloads as they go."""
    screen = console()
    if not screen.is_terminal:
        shown: set[str] = set()

        def tell(done: int, total: int, what: str) -> None:
            if what not in shown:
                shown.add(what)
                screen.print(plain(f"{what} ({total / 1e6:.0f} MB)" if total else what))

        yield tell
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(plain(what), total=total or None)
            bar.update(tasks[what], completed=done, total=total or None)

        yield show


@contextmanager
def watching(run: RunFolder) -> Iterator[None]:
    """Show a run's progress while the block runs; reads the events like any other watcher."""
    done = threading.Event()
    screen = console()
    sink: Sink = Bar(screen) if screen.is_terminal else Lines(screen)
    watch = (run.events_path, sink, done, POLL_SECONDS)
    thread = threading.Thread(target=follow, args=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)


class Bar:
    """Shows where a run stands, on one line of a terminal."""

    def __init__(self, screen: Console) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        self._state = RunState()
        self._bar = Progress(*columns, console=screen)
        self._task = self._bar.add_task(
            translate("training"), total=None, note=translate("getting ready")
        )
        self._bar.start()

    def receive(self, events: Sequence[Event]) -> None:
        """Show what the events add up to."""
        state = self._state.fold(events)
        self._bar.update(
            self._task,
            completed=state.step,
            total=state.total_steps or None,
            description=phase(state),
            note=plain(summary(state)),
        )

    def close(self) -> None:
        """Leave the line as it is."""
        self._bar.stop()


class Lines:
    """Prints a line at each evaluation, and now and then between them."""

    def __init__(self, screen: Console) -> None:
        self._screen, self._state = screen, RunState()
        self._said_at, self._said = 0.0, 0

    def receive(self, events: Sequence[Event]) -> None:
        """Print pauses, and where the run stands if that is due."""
        state = self._state.fold(events)
        for event in events:
            if event.get("knob") == "paused":
                self._screen.print(plain(hold_words(event)), soft_wrap=True)
        evaluations, since = len(state.evaluations), time.monotonic() - self._said_at
        if state.step and (evaluations > self._said or since > LINE_EVERY_SECONDS):
            step = translate("step {step}", step=f"{state.step}/{state.total_steps}")
            line = f"{step}  {summary(state)}"
            self._screen.print(plain(line), soft_wrap=True)
            self._said_at, self._said = time.monotonic(), evaluations

    def close(self) -> None:
        """Leave the lines as they are."""


def phase(state: RunState) -> str:
    """Return what a run is doing now, or how it ended, in a word."""
    if state.ended or state.status == "paused":
        return text(f"compare.status.{state.status}")
    return translate("evaluating" if 0 < state.total_steps <= state.step else "training")


def hold_words(event: Event) -> str:
    """Return in a line who holds a run, or that it goes on."""
    step = translate("step {step}", step=event["step"])
    if not event.get("new"):
        said = translate("goes on")
    elif event.get("who") == FULL_DISK:
        said = translate(
            "paused: the disk is full; it goes on once there is room for a checkpoint (Ctrl-C "
            "ends it; what was saved is kept)"
        )
    else:
        said = translate("paused by {who}", who=event.get("who"))
    return f"{step}  {said}"


def summary(state: RunState) -> str:
    """Return loss, validation scores and time left in one line."""
    if state.status == "paused" and state.commands:
        return hold_words(next(act for act in reversed(state.commands) if act["knob"] == "paused"))
    parts: list[str] = []
    if state.steps:
        parts.append(f"{word('loss')} {state.steps[-1]['loss']:.4f}")
    if state.evaluations:
        scores = state.evaluations[-1]["metrics"]
        if "loss" in scores:
            parts.append(f"{word('validation loss')} {scores['loss']:.4f}")
        # The task's own first score, such as the accuracy.
        parts += [f"{word(name)} {scores[name]:.4f}" for name in scores if name != "loss"][:1]
    if state.steps and (left := state.seconds_left()) is not None:
        parts.append(translate("{time} left", time=duration(left)))
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return a time such as `45 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return translate("{seconds} s", seconds=whole)
    if whole < 3600:
        return translate("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
    return translate("{hours} h {minutes} min", hours=whole // 3600, minutes=whole % 3600 // 60)


def is_piped_in() -> bool:
    """Return whether text is coming on stdin."""
    return sys.stdin is not None and not sys.stdin.isatty()
