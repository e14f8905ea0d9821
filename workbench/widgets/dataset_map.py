"""The dataset map, filling in while a run learns: choose rows, read them, and correct their labels.

The map reads the run's folder alone; what is decided goes into the journal there at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from .. import language as languages
from ..dynamics import (
    Dynamics,
    Ranking,
    expected_precision,
    flagged_indices,
    measure,
    rank,
    read_dynamics,
)
from ..dynamics.corrections import correct, corrected, open_corrections
from ..dynamics.record import FILE, has_dynamics
from ..dynamics.rows import LearnedRows, describe_rows
from ..errors import InputError
from ..figures import theme
from ..figures.learning import GROUPS, kinds_of, shown_indices
from ..runs import RunFolder
from ..runs.summary import summarise
from ..static import script, style
from .messages import Fault, LabelIssue, LabelIssues, MapPoints, Received, Retrained
from .points import columns_first
from .routing import use_subshell

SECONDS_BETWEEN_UPDATES = 2.0
# Reading and ranking a million rows takes a while; the map may take this share of a core.
SHARE_OF_TIME = 0.1
MOST_LISTED = 50
PLAIN, FLAGGED, CORRECTED = range(3)

_LABELS = (
    "map", "x", "y", "always", "sometimes", "never", "flagged", "corrected", "hint", "label_issues",
    "undo", "retrain", "starting", "reading", "keys", "point", "area", "given", "likely", "right",
    "nothing", "rank", "said", "list",
)  # fmt: skip


class DatasetMap(anywidget.AnyWidget):
    """A run's rows by confidence and variability; a lasso or a click lists them with their texts.

    `update` reads the run once, `start` does so in a thread until it is over. `by` is the ranking
    of the list (see `dynamics.label_issues`). With `on_retrain` there is a button that calls it,
    for a run on the corrected labels.
    """

    _esm = script("dataset_map/map.js")
    _css = style("controls.css", "dataset_map.css")
    labels = traitlets.Dict().tag(sync=True)
    colours: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        run: RunFolder,
        language: str | None = None,
        by: str = "auto",
        on_retrain: Callable[[], Any] | None = None,
    ) -> None:
        self._run, self._by, self._on_retrain = run, by, on_retrain
        self._language = languages.resolve(language or languages.current())
        self._dynamics: Dynamics | None = None
        self._ranking: Ranking | None = None
        self._rows: LearnedRows | None = None
        self._size = 0
        self._wait = SECONDS_BETWEEN_UPDATES
        self._listed: Sequence[int] = ()
        # The watching thread and the front end's questions meet in these.
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._journal = open_corrections(run)
        words = {name: self._text(name) for name in _LABELS}
        super().__init__(
            labels=words | {"can_retrain": on_retrain is not None},
            colours=[*(colour for _, colour, _ in GROUPS), theme.PINK],
        )
        self.on_msg(self._received)
        use_subshell(self)
        self.update()

    def start(self) -> threading.Thread:
        """Watch the run until it is over or the map is closed."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Stop watching and take the map away."""
        self._closing.set()
        super().close()

    def update(self) -> None:
        """Read what was recorded since, and show it."""
        began = time.monotonic()
        with self._lock:
            path = self._run.path / FILE
            size = path.stat().st_size if has_dynamics(self._run) else 0
            if size != self._size:
                self._size = size
                self._dynamics = read_dynamics(self._run)
                self._ranking = rank(self._dynamics, self._by) if len(self._dynamics) else None
                self._publish()
        took = time.monotonic() - began
        self._wait = max(SECONDS_BETWEEN_UPDATES, took / SHARE_OF_TIME)

    def _watch(self) -> None:
        while not self._closing.wait(self._wait):
            over = summarise(self._run).ended
            self.update()
            if over:
                return

    def _received(self, _: Any, content: Received, __: Any) -> None:
        """Answer the front end; with the fault, if what it asks for has one."""
        try:
            with self._lock:
                match content:
                    case {"kind": "sync"}:
                        self._publish()
                    case {"kind": "rows", "rows": list(rows)}:
                        self._list([int(row) for row in rows])
                    case {"kind": "label_issues"}:
                        self._list(self._label_issues())
                    case {"kind": "label", "row": int(row), "value": value}:
                        self._correct(row, value)
                    case {"kind": "undo"}:
                        self._journal.undo()
                        self._list(self._listed)
                        self._publish()
                    case {"kind": "retrain"} if self._on_retrain is not None:
                        self._on_retrain()
                        retrained: Retrained = {"kind": "retrained"}
                        self.send(retrained)
        except (InputError, OSError) as error:
            fault: Fault = {"kind": "fault", "fault": str(error)}
            self.send(fault)

    def _correct(self, row: int, value: Any) -> None:
        rows, ranking, dynamics = self._learned(), self._ranking, self._dynamics
        assert ranking is not None and dynamics is not None
        place = int(np.searchsorted(dynamics.rows, row))
        at = int(np.flatnonzero(ranking.order == place)[0]) + 1
        correct(self._journal, rows, row, value, why=f"{ranking.name}, rank {at}")
        self._list(self._listed)
        self._publish()

    def _label_issues(self) -> list[int]:
        if self._dynamics is None or self._ranking is None:
            return []
        decided = {row for split, row in self._journal.decisions()}
        ordered = self._dynamics.rows[self._ranking.order].tolist()
        return [row for row in ordered if row not in decided][:MOST_LISTED]

    def _list(self, wanted: Sequence[int]) -> None:
        """Send the texts of some rows, those with the most suspect labels first."""
        if self._dynamics is None or self._ranking is None:
            return
        self._listed = wanted
        places = np.flatnonzero(np.isin(self._dynamics.rows, wanted))
        rows = self._learned()
        first = self._ranking.order[np.isin(self._ranking.order, places)][:MOST_LISTED]
        decided = {row: one.value for (_, row), one in self._journal.decisions().items()}
        records: list[LabelIssue] = [
            {
                "row": one["row"],
                "texts": [one[name] for name in rows.asked],
                "label": one["label"],
                "likely": one["likely"],
                "rank": self._text("rank", rank=f"{one['rank']:,}", row=f"{one['row']:,}"),
                "said": self._said(one),
                "now": decided.get(one["row"], one["label"]),
                "decided": one["row"] in decided,
            }
            for one in describe_rows(self._dynamics, self._ranking, rows, first)
        ]
        names = rows.labels if rows.kind == "class" else []
        summary = self._text("list", shown=len(records), all=f"{len(places):,}")
        message: LabelIssues = {
            "kind": "rows", "rows": records, "message": summary, "names": names,
            "answers": rows.kind,
        }  # fmt: skip
        self.send(message)

    def _said(self, one: dict[str, Any]) -> str:
        if one["confidence"] is None:
            return "" if one["loss"] is None else self._text("said_loss", loss=f"{one['loss']:.3g}")
        numbers = {name: f"{one[name]:.2f}" for name in ("confidence", "variability")}
        return self._text("said", **numbers)

    def _publish(self) -> None:
        """Send all points, and how many rows there are and were corrected."""
        dynamics = self._dynamics
        if dynamics is None or not len(dynamics):
            self._send_points(self._text("nothing"), 0, b"")
            return
        if not dynamics.repeated:
            summary = self._text("one_pass", rows=f"{len(dynamics):,}", passes=dynamics.passes)
            self.send(
                {"kind": "points", "message": summary, "changed": len(self._changed())}, [b""]
            )
            return
        measures, flagged = measure(dynamics), flagged_indices(dynamics)
        shown = shown_indices(len(dynamics), flagged)
        shown = shown[np.isfinite(measures.confidence[shown])]
        marks = np.full(len(dynamics), PLAIN)
        marks[flagged] = FLAGGED
        decided = [row for _, row in self._journal.decisions()]
        marks[np.isin(dynamics.rows, decided)] = CORRECTED
        columns = (
            dynamics.rows, measures.variability, measures.confidence,
            kinds_of(measures.correctness), marks,
        )  # fmt: skip
        table = np.column_stack([np.asarray(column, float)[shown] for column in columns])
        changed = len(self._changed())
        summary = self._text(
            "summary",
            rows=f"{len(dynamics):,}",
            passes=dynamics.passes,
            flagged=f"{len(flagged):,}",
            precision=f"{expected_precision(len(flagged), len(dynamics)):.0%}",
            changed=f"{changed:,}",
        )
        self._send_points(summary, changed, columns_first(table))

    def _send_points(self, summary: str, changed: int, points: bytes) -> None:
        message: MapPoints = {"kind": "points", "message": summary, "changed": changed}
        self.send(message, [points])

    def _changed(self) -> dict[int, Any]:
        return corrected(self._journal, self._learned()) if self._journal.decisions() else {}

    def _learned(self) -> LearnedRows:
        """Return the rows in words; reading them takes a while, so not before they are wanted."""
        if self._rows is None:
            self._rows = LearnedRows(self._run)
        return self._rows

    def _text(self, key: str, **values: Any) -> str:
        return languages.text(f"learning.{key}", self._language, **values)


def show_map(
    run: RunFolder, by: str = "auto", on_retrain: Callable[[], Any] | None = None
) -> DatasetMap:
    """Show a run's map in this cell, and watch the run while it learns."""
    from IPython.display import display

    chart = DatasetMap(run, by=by, on_retrain=on_retrain)
    display(chart)
    if not summarise(run).ended:
        chart.start()
    return chart
