"""Showing a run that is already there: its curves, live or at rest, and its controls."""

from __future__ import annotations

from ..errors import RunError
from ..language import text
from ..runs import RunFolder
from ..runs.summary import summarise_all
from .kernel import Slots, is_live
from .pages import curves_page

_KEPT = ("finished", "early_stopped", "stopped")


def show(run: RunFolder) -> None:
    """Show a run's curves and, where somebody is there to use them, its controls."""
    if not is_live():
        Slots(live=False, count=0).fill(curves_page(run))
        return
    from ..widgets.studio import RunOutputs

    RunOutputs().show().fill(run)


def active_runs(runs_dir: str) -> list[RunFolder]:
    """Return the runs of a folder that somebody trains now, or is about to."""
    return [run for run, summary in summarise_all(runs_dir) if summary.active]


def last_finished(runs_dir: str) -> RunFolder | None:
    """Return the latest run of a folder that has been evaluated, None if there is none."""
    for run, summary in reversed(summarise_all(runs_dir)):
        if summary.status in _KEPT and (run.evaluation_path / "metrics.json").is_file():
            return run
    return None


def choose(runs_dir: str = "runs") -> RunFolder | None:
    """Return the run that is training; of several, show a choice and return None.

    Raises:
        RunError: none is training, or several are and nobody is there to choose.
    """
    active = active_runs(runs_dir)
    if len(active) == 1:
        return active[0]
    if not active or not is_live():
        raise RunError(
            "several runs are training: {names}" if active else "none trains in {runs_dir}",
            "name one: wb.attach(RUN)",
            names=", ".join(run.name for run in active),
            runs_dir=runs_dir,
        )
    from ..widgets.studio import RunOutputs, show_choice

    places = RunOutputs()
    show_choice(text("studio.choose_run"), active, places.fill)
    places.show()
    return None
