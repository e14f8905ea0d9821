"""Two runs scored on the same validation rows, with the standard errors of what is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs import RunFolder
from ..tasks import Task, load_task

RESAMPLES = 500
# The same rows give the same errors, whoever asks and whenever.
SEED = 0


@dataclass(frozen=True)
class Paired:
    """A metric of two runs: both values, the second less the first, and a standard error of each.

    Errors say how much other rows of the same kind would have changed the numbers. They say
    nothing of how another seed of the training would have.
    """

    first: float
    first_error: float
    second: float
    second_error: float
    difference: float
    difference_error: float


def pair_scores(first: RunFolder, second: RunFolder) -> tuple[int, dict[str, Paired]]:
    """Return how many rows two runs share, and their scores on them by name.

    Both are empty where they were not asked the same, or keep no predictions of this kind. Rows
    are drawn again and again, the same for both runs.

    Raises:
        InputError: a run's spec is missing or damaged.

    Source: Bradley Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979); paired as in
    Berg-Kirkpatrick, Burkett and Klein, "An Empirical Investigation of Statistical Significance in
    NLP" (2012).
    """
    task = load_task(first.spec().task)
    answers = [_read(run) for run in (first, second)]
    if second.spec().task != task.name or not answers[0] or not answers[1]:
        return 0, {}
    if _asked(answers[0], task) != _asked(answers[1], task):
        return 0, {}
    ours, theirs = map(task.rescore, answers)
    return len(answers[0]), _resampled(ours, theirs, len(answers[0]))


def _resampled(first: Any, second: Any, rows: int) -> dict[str, Paired]:
    everything = np.arange(rows)
    ours, theirs = first(everything), second(everything)
    rng = np.random.default_rng(SEED)
    draws = [rng.integers(rows, size=rows) for _ in range(RESAMPLES)]
    drawn = [(first(places), second(places)) for places in draws]
    found = {}
    for name in ours:
        known = [(a[name], b[name]) for a, b in drawn if name in a and name in b]
        if name not in theirs or len(known) < 2:
            continue
        values = np.asarray(known)
        errors = values.std(axis=0, ddof=1)
        found[name] = Paired(
            first=ours[name],
            first_error=float(errors[0]),
            second=theirs[name],
            second_error=float(errors[1]),
            difference=theirs[name] - ours[name],
            difference_error=float((values[:, 1] - values[:, 0]).std(ddof=1)),
        )
    return found


def _read(run: RunFolder) -> list[dict[str, Any]]:
    """Return a run's predictions in the order of the rows; none where they cannot be read."""
    import pyarrow
    import pyarrow.parquet

    path = run.evaluation_path / "predictions.parquet"
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            wanted = [name for name in file.schema_arrow.names if name != "probabilities"]
            rows = file.read(columns=wanted).to_pylist()
    except (OSError, pyarrow.ArrowException):
        return []
    whole = all({"row", "label", "predicted", "loss"} <= row.keys() for row in rows)
    return sorted(rows, key=lambda row: row["row"]) if whole else []


def _asked(rows: list[dict[str, Any]], task: Task) -> list[tuple[Any, ...]]:
    names = ("row", "label", *(role.name for role in task.inputs))
    return [tuple(row.get(name) for name in names) for row in rows]
