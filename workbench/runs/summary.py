"""The state of a run at a glance: a small file, beaten out while the run is written.

`state.json` is derived from the events and says nothing that they do not; it spares the listing
of thousands of runs from reading thousands of logs. Whether its writer still lives is told by
the writer's lock, or, for a run on another machine, by the age of its last beat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from shutil import disk_usage
from typing import Any

from ..errors import RunError
from .control import FULL_DISK
from .folder import RunFolder, list_runs, write_json
from .inside import read_text, require_inside
from .lock import lock_state, read_owner
from .reader import RunReader, read_state
from .state import RunState

BEAT_SECONDS = 1.0
# Without a beat for so long, on a disk with so little room, a writer waits for room.
FULL_SILENCE_SECONDS = 5.0
FULL_BYTES = 1_000_000
# A writer on another machine that has not beaten for so long is taken for dead.
SILENCE_SECONDS = 60.0

# A process that was started takes its run over within so long, or never.
STARTING_SECONDS = 30.0

_UNENDED = ("new", "running", "paused")


@dataclass(frozen=True)
class RunSummary:
    """A run in a line. `status` is one of `RunState`, or `interrupted` (nobody writes it now) or
    `unreadable` (`failure` says why).

    Units: `seconds_left` and `active_seconds` in seconds, `beat` in seconds since 1970.
    """

    status: str
    step: int
    total_steps: int
    loss: float | None
    validation: dict[str, float | None]
    best_step: int
    seconds_left: float | None
    active_seconds: float
    failure: str
    beat: float

    @property
    def active(self) -> bool:
        """Whether somebody trains the run, holds it, or is about to begin."""
        return self.status in _UNENDED

    @property
    def ended(self) -> bool:
        """Whether the run is over for good: neither being written nor to be resumed."""
        return not self.active and self.status != "interrupted"


@contextmanager
def heartbeat(run: RunFolder) -> Iterator[None]:
    """Write `state.json` from the run's own events while the block lasts.

    A failed run that is taken up is new until its log goes on: whoever watches must not take it
    for over.
    """
    reader, done = RunReader(run), threading.Event()
    reader.update()
    taken_up = reader.state.status == "failed"

    def beat() -> None:
        nonlocal taken_up
        reader.update()
        summary = _summary(reader.state)
        taken_up = taken_up and summary.status == "failed"
        if taken_up and not done.is_set():
            summary = replace(summary, status="new")
        with suppress(OSError):  # a full disk: the lock still tells that somebody is here
            write_json(run.path / "state.json", asdict(summary), make_folder=False)

    def beat_on() -> None:
        while not done.wait(BEAT_SECONDS):
            beat()

    beat()
    thread = threading.Thread(target=beat_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        beat()


def announce(run: RunFolder) -> None:
    """Say that a process has been started for a run; until it takes the run over, it is new."""
    summary = _summary(read_state(run))
    write_json(run.path / "state.json", asdict(replace(summary, status="new")), make_folder=False)


def summarise(run: RunFolder) -> RunSummary:
    """Return a run's state at a glance."""
    try:
        require_inside(run.path, below=False)
        return _summarise(run)
    except RunError as error:
        return replace(_summary(RunState(), beat=0.0), status="unreadable", failure=str(error))
    except OSError as error:
        why = error.strerror or str(error)
        return replace(_summary(RunState(), beat=0.0), status="unreadable", failure=why)


def _summarise(run: RunFolder) -> RunSummary:
    noted = _read(run)
    summary = noted or _summary(read_state(run), beat=0.0)
    if summary.status not in _UNENDED:
        return summary
    if _alive(run, summary):
        # On a full disk the beats are lost, and so may be the note that the run waits.
        if _silence(summary) > FULL_SILENCE_SECONDS and disk_usage(run.path).free < FULL_BYTES:
            return replace(summary, status="paused", failure=FULL_DISK)
        return summary
    # The last words may have come after the last beat.
    folded = _summary(read_state(run)) if noted else summary
    return folded if folded.ended else replace(folded, status="interrupted", seconds_left=None)


def summarise_all(runs_dir: str | Any = "runs") -> list[tuple[RunFolder, RunSummary]]:
    """Return all runs of a folder with their states, oldest first."""
    return [(run, summarise(run)) for run in list_runs(runs_dir)]


def _alive(run: RunFolder, summary: RunSummary) -> bool:
    silence = _silence(summary)
    if summary.status == "new" and silence < STARTING_SECONDS:
        return True
    owner = read_owner(run)
    locked = lock_state(run) if owner is None or owner.here else None
    return silence < SILENCE_SECONDS if locked is None else locked


def _silence(summary: RunSummary) -> float:
    # A beat that lies in the future was made before the clock was set back.
    return abs(time.time() - summary.beat)


def _summary(state: RunState, beat: float | None = None) -> RunSummary:
    return RunSummary(
        status=state.status,
        step=state.step,
        total_steps=state.total_steps,
        loss=state.steps[-1].get("loss") if state.steps else None,
        validation=dict(state.evaluations[-1]["metrics"]) if state.evaluations else {},
        best_step=state.best_step,
        seconds_left=state.seconds_left(),
        active_seconds=state.active_seconds,
        failure=state.failure,
        beat=time.time() if beat is None else beat,
    )


def _read(run: RunFolder) -> RunSummary | None:
    try:
        return _checked().validate_json(read_text(run.path / "state.json"))
    except (OSError, ValueError):
        return None


@cache
def _checked() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(RunSummary)
