"""`wb.label_issues`: the dataset map, likely label errors, and a run on corrected labels."""

from __future__ import annotations

from typing import Any

from .. import worker
from ..dynamics import Dynamics, Ranking, expected_precision, rank, read_dynamics
from ..dynamics.rows import LearnedRows, describe_rows
from ..errors import shorten
from ..language import text
from ..runs import RunFolder
from . import pages
from .kernel import Slots, is_live

SHOWN_CHARACTERS = 160


def show_label_issues(run: RunFolder, by: str, count: int) -> list[dict[str, Any]]:
    """Show a run's map and its most suspect labels, and return these, the worst first."""
    if is_live():
        _show_live(run, by)
        return _records(run, by, count)[2] if _is_recorded(run) else []
    dynamics, ranking, records = _records(run, by, count)
    Slots(live=False, count=0).fill(label_issues_page(run, dynamics, ranking, records))
    return records


def label_issues_page(
    run: RunFolder, dynamics: Dynamics, ranking: Ranking, records: list[dict[str, Any]]
) -> list[pages.Bundle]:
    """Return the map, and the most suspect labels as a table."""
    from ..figures import dataset_map, explained

    rows = [
        {
            name: f"{held:.3f}" if isinstance(held, float) else shorten(held, SHOWN_CHARACTERS)
            for name, held in record.items()
            if name not in ("split", "flagged")
        }
        for record in records
    ]
    notices = []
    if ranking.flagged is not None:
        precision = f"{expected_precision(ranking.flagged, len(dynamics)):.0%}"
        counts = {"flagged": f"{ranking.flagged:,}", "rows": f"{len(dynamics):,}"}
        counts |= {"precision": precision, "run": run.path.as_posix()}
        notices = [pages.note(text("learning.counted", **counts))]
    elif ranking.name == "confident_learning":
        counts = {"rows": f"{len(dynamics):,}", "passes": f"{dynamics.passes}"}
        notices = [pages.note(text("learning.one_pass", **counts))]
    table = pages.page(pages.table(rows), f"{len(rows)} label issues")
    intro, heading = (pages.note(text(f"learning.{name}")) for name in ("intro", "heading"))
    return [intro, *explained(dataset_map(dynamics)), *notices, heading, table]


def _records(run: RunFolder, by: str, count: int) -> tuple[Dynamics, Ranking, list[dict[str, Any]]]:
    dynamics = read_dynamics(run)
    ranking = rank(dynamics, by)
    places = ranking.order[:count]
    return dynamics, ranking, describe_rows(dynamics, ranking, LearnedRows(run), places)


def _is_recorded(run: RunFolder) -> bool:
    """Return whether anything was recorded of the run's rows yet."""
    from ..dynamics.record import has_dynamics

    return has_dynamics(run) and len(read_dynamics(run)) > 0


def _show_live(run: RunFolder, by: str) -> None:
    from ..widgets.dataset_map import show_map
    from ..widgets.outputs import RunOutputs

    def retrain() -> None:
        child = worker.retrain(run, {})
        places.fill(child, lambda: _compare(slots, run, child), parent=run)

    show_map(run, by, on_retrain=retrain)
    places = RunOutputs(count=2).show()
    slots = Slots(live=True, count=6)


def _compare(slots: Slots, run: RunFolder, child: RunFolder) -> None:
    """Show the curves of a run on corrected labels over those of its parent."""
    from ..reporting.compare import compare

    slots.fill(compare([run, child]))
