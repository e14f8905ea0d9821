"""The untouched model as a baseline: on how many rows, and how sure its score and the others are.

Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife": the middle 95 of 100 scores
of rows drawn anew with replacement.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..tasks import Outcome, Task

RESAMPLES = 500
# The same rows give the same interval, whoever asks and whenever.
SEED = 0


def spread(outcome: Outcome, count: int) -> Outcome:
    """Return an outcome of at most `count` of its examples, spread evenly; without outputs."""
    if len(outcome.table) <= count:
        return replace(outcome, outputs=None)
    places = np.linspace(0, len(outcome.table) - 1, count).round().astype(int)
    table = outcome.table.select(places)
    chosen = set(table["row"][:])
    rows = [n for n, row in enumerate(outcome.rows["row"][:]) if row in chosen]
    return replace(outcome, outputs=None, table=table, rows=outcome.rows.select(rows))


def intervals(task: Task, outcome: Outcome) -> dict[str, list[float]]:
    """Return between which values 95 of 100 scores of other such rows would lie, by metric.

    Of scores that do not follow from the records of the rows there is none.
    """
    records = task.predictions(outcome)
    scores = task.rescore(records)
    rng = np.random.default_rng(SEED)
    drawn = [scores(rng.integers(len(records), size=len(records))) for _ in range(RESAMPLES)]
    found = {}
    for name in scores(np.arange(len(records))):
        values = [one[name] for one in drawn if name in one]
        low, high = np.percentile(values, (2.5, 97.5))
        found[name] = [float(low), float(high)]
    return found
