"""The training rows of a run in words: their texts and labels, as it learned them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import load_data
from ..errors import RunError
from ..labelling.journal import row_key
from ..runs import RunFolder
from ..runs.commands import quoted
from ..tasks import load_task
from .label_issues import Ranking
from .measures import measure
from .record import Dynamics

SAID = ("confidence", "variability", "correctness", "area_under_margin", "loss")


class LearnedRows:
    """The rows that a run learned from, read from its data again.

    `labels` names the classes, `split` is what the source calls the rows' split; `kind` says what
    people give as the answer of a row (see `Labelling`), empty where rows have none.

    Raises:
        InputError: the data cannot be read, or is no longer what it was.
    """

    def __init__(self, run: RunFolder) -> None:
        spec = run.spec()
        task = load_task(spec.task)
        data = load_data(spec.data, task, spec.train.seed)
        before = run.record().get("data_fingerprint")
        if before and before != data.fingerprint:
            raise RunError(
                "the data of {run} has changed since it began: {source}",
                "restore it, or start a new run: workbench train {spec}",
                run=run.name,
                source=spec.data.source,
                spec=quoted(run.spec_path),
            )
        self.labels: list[str] = data.labels
        labelling = task.labelling
        answered = labelling is not None and labelling.role in data.train.column_names
        self._labelling = labelling if answered else None
        self.kind: str = self._labelling.kind if self._labelling else ""
        self.split: str = data.splits["train"]
        self.asked = [r.name for r in task.inputs if r.name in data.train.column_names]
        self._table = data.train
        self._places = {row: place for place, row in enumerate(data.train["row"])}

    def __contains__(self, row: object) -> bool:
        """Return whether the run learned from the row with this number."""
        return row in self._places

    def texts(self, row: int) -> dict[str, str]:
        """Return what is asked in a row, by role; words of a list are joined.

        Raises:
            RunError: the run did not learn from it.
        """
        held = self._held(row)
        return {
            name: held[name] if isinstance(held[name], str) else " ".join(map(str, held[name]))
            for name in self.asked
        }

    def label(self, row: int) -> Any:
        """Return the answer of a row: the name of its label, a list of names, a number, a text.

        Of spans in a text, the texts; None where rows have no answer.

        Raises:
            RunError: the run did not learn from it.
        """
        held = self._held(row)
        if self._labelling is None:
            return None
        given = held[self._labelling.role]
        if isinstance(given, int):
            return self.labels[given]
        if self.labels and all(isinstance(number, int) for number in given):
            return [self.labels[number] for number in given]
        decided = self._labelling.decision(held)
        return [one["text"] for one in decided] if self.kind == "spans" else decided

    def key(self, row: int) -> str:
        """Return by what a journal knows the texts of a row."""
        return row_key(self._held(row), self.asked)

    def _held(self, row: int) -> dict[str, Any]:
        if row not in self._places:
            raise RunError(
                "row {row} is not in the training data of the run",
                "see: workbench data label-issues",
                row=row,
            )
        return self._table[self._places[row]]


def describe_rows(
    dynamics: Dynamics, ranking: Ranking, rows: LearnedRows, places: np.ndarray
) -> list[dict[str, Any]]:
    """Return a plain record a row: its texts, its label, a likelier one, and what training said.

    `places` are those of the rows in `dynamics`; `rank` counts from 1, the most suspect first. What
    the task has no meaning for is None.
    """
    measures = measure(dynamics)
    ranks = np.empty(len(dynamics), np.int64)
    ranks[ranking.order] = np.arange(1, len(dynamics) + 1)
    found = []
    for place in map(int, places):
        row, likely = int(dynamics.rows[place]), int(ranking.likely[place])
        rank = int(ranks[place])
        found.append(
            {
                "rank": rank,
                "flagged": None if ranking.flagged is None else rank <= ranking.flagged,
                "split": rows.split,
                "row": row,
                **rows.texts(row),
                "label": rows.label(row),
                "likely": rows.labels[likely] if likely >= 0 else None,
                **{name: _number(getattr(measures, name)[place]) for name in SAID},
            }
        )
    return found


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
