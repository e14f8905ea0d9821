"""A run in the hand: its folder, with verbs to steer, hold, end, resume, fork and retrain it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .. import pipeline, worker
from ..errors import RunError
from ..runs import RunFolder, RunState, ask, read_state
from ..runs.control import check
from ..runs.summary import RunSummary, summarise
from .headless import progress_lines
from .kernel import is_headless

POLL_SECONDS = 0.2


class Run(RunFolder):
    """A run that may be training in a process of its own.

    What is asked is done before the next step, and noted as an event of the run; nothing here
    waits for it but `wait`.
    """

    @property
    def summary(self) -> RunSummary:
        """The run's state at a glance: status, step, loss, time left."""
        return summarise(self)

    @property
    def state(self) -> RunState:
        """All that the run's events add up to."""
        return read_state(self)

    def steer(self, **knobs: Any) -> None:
        """Move knobs: `run.steer(learning_rate=1e-5, dropout=0.2)`.

        Raises:
            InputError: there is no such knob, a value does not fit (then none is moved), or
                nobody is training the run.
        """
        for name, value in knobs.items():
            check(name, value)
        self._require_trained()
        for name, value in knobs.items():
            ask(self, name, value)

    def pause(self) -> None:
        """Hold the training; `resume` lets it go on."""
        self.steer(paused=True)

    def resume(self) -> None:
        """Let a paused run go on; start an interrupted or failed one again where it was.

        Where nobody is there to wait for it (papermill), it is then trained to its end first.
        """
        if pipeline.lacks_report(self):
            pipeline.finish(self)
        elif self.summary.status not in ("interrupted", "failed"):
            self.steer(paused=False)
        elif is_headless():
            pipeline.resume(self, sinks=progress_lines())
        else:
            worker.resume(self)

    def evaluate_now(self) -> None:
        """Evaluate before the next step."""
        self.steer(evaluate=True)

    def checkpoint_now(self) -> None:
        """Save a checkpoint before the next step."""
        self.steer(checkpoint=True)

    def roll_back(self) -> None:
        """Take the weights of the best checkpoint and go on with them."""
        self.steer(rollback=True)

    def add_probe(self, sentence: str) -> None:
        """Keep the attention on one more sentence."""
        self.steer(probe=sentence)

    def stop(self, discard: bool = False) -> None:
        """End the run and keep its best model, or keep nothing but the log."""
        self.steer(stop="discard" if discard else "keep")

    def fork(self, step: int | None = None, **changes: Any) -> Run:
        """Start a new run from the checkpoint at or before `step`, with some fields changed.

        Where nobody is there to wait for it (papermill), it is trained to its end first.

        Raises:
            InputError: there is no good checkpoint, or a change does not fit.
        """
        child = pipeline.fork(self, step, changes)
        if is_headless():
            pipeline.resume(child, sinks=progress_lines())
        else:
            worker.start_run(child)
        return hold(child)

    def correct(self, labels: Mapping[int, Any], why: str = "") -> int:
        """Note the right labels of rows, by number; return how many differ from those learned.

        They stand in the run's journal, of which `retrain` makes use; the data stays as it is.

        Raises:
            InputError: the run did not learn from a row, or knows no such label.
        """
        from ..dynamics.corrections import correct, corrected, open_corrections
        from ..dynamics.rows import LearnedRows

        journal, rows = open_corrections(self), LearnedRows(self)
        for row, label in labels.items():
            correct(journal, rows, int(row), label, why)  # papermill makes keys into text
        return len(corrected(journal, rows))

    def retrain(self, **changes: Any) -> Run:
        """Start a new run from this one's model, on its data with the labels as corrected.

        Where nobody is there to wait for it (papermill), it is trained to its end first.

        Raises:
            InputError: nothing was corrected, there is no model yet, or a change does not fit.
        """
        if is_headless():
            child, prepared = pipeline.retrain(self, changes)
            pipeline.train_prepared(child, prepared, progress_lines())
        else:
            child = worker.retrain(self, changes)
        return hold(child)

    def wait(self, seconds: float | None = None) -> RunState:
        """Wait until the run has ended, been interrupted or failed; return its state.

        Raises:
            TimeoutError: it goes on after so many seconds.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.summary.active:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} goes on after {seconds:g} seconds")
            time.sleep(POLL_SECONDS)
        return self.state

    def _require_trained(self) -> None:
        summary = self.summary
        if not summary.active:
            status = summary.status
            raise RunError(
                "{run} is not training ({status})",
                "resume it first" if status in ("interrupted", "failed") else "fork it",
                run=self.name,
                status=status,
            )


def hold(run: RunFolder) -> Run:
    """Return a run's folder as something to steer."""
    return run if isinstance(run, Run) else Run(run.path)
