"""What a chart is sent of a run: rows of numbers, some of them where the log is long.

A row of `steps` is one logged step, with its position in the log. Where there are more than a
view can hold, the rows with the lowest and highest values of every stretch are sent, and each
row also brings the means of the stretch since the row before it, so that a smoothed curve is the
same whether all rows are there or not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..runs import Event
from ..runs.columns import COLUMNS, Steps

# A view that holds more rows than `MOST_HELD` is sent about `STRETCHES` stretches of them instead.
# A kernel may publish 3 MB in 3 s before Jupyter drops messages; a row has 96 bytes.
MOST_HELD = 12_000
STRETCHES = 600

CURVES = ("loss", "learning_rate", "grad_norm", "rows_per_second", "memory_bytes")
SMOOTHED = ("loss", "grad_norm", "rows_per_second")
STEP_COLUMNS = (
    "index", "step", "active_seconds", "rows", *CURVES, *(f"mean {name}" for name in SMOOTHED),
)  # fmt: skip


def all_steps(steps: Steps) -> np.ndarray:
    """Return rows of `STEP_COLUMNS` for the whole log."""
    return _step_rows(steps, 0, len(steps))


def new_steps(steps: Steps, start: int) -> np.ndarray:
    """Return rows of `STEP_COLUMNS` for every step from position `start` on."""
    return _step_rows(steps, start, len(steps), thin=False)


def steps_between(steps: Steps, first: float, last: float) -> np.ndarray:
    """Return rows of `STEP_COLUMNS` for the steps from `first` to `last`."""
    numbers = np.frombuffer(steps.column("step"))
    start = np.searchsorted(numbers, first, side="left")
    stop = np.searchsorted(numbers, last, side="right")
    return _step_rows(steps, int(start), int(stop))


def score_names(evaluations: Sequence[Event], known: Sequence[str] = ()) -> list[str]:
    """Return the names of all scores that are numbers, in the order in which they came up."""
    found = dict.fromkeys(known)
    for event in evaluations:
        found |= dict.fromkeys(k for k, v in event["metrics"].items() if _is_number(v))
    return list(found)


def evaluation_rows(evaluations: Sequence[Event], names: Sequence[str], start: int) -> np.ndarray:
    """Return rows of position, step and the named scores, NaN where one is missing."""
    rows = [
        [start + place, event["step"], *(_score(event["metrics"].get(name)) for name in names)]
        for place, event in enumerate(evaluations[start:])
    ]
    table = np.array(rows, float).reshape(-1, 2 + len(names))
    return table[_extremes(table[:, 2:])] if len(table) > MOST_HELD else table


def columns_first(rows: np.ndarray) -> bytes:
    """Return the table as float64, one column after the other."""
    return np.asfortranarray(rows).tobytes(order="F")


def _step_rows(steps: Steps, start: int, stop: int, thin: bool = True) -> np.ndarray:
    logged = np.frombuffer(steps.numbers(start, stop)).reshape(-1, len(COLUMNS))
    curves = logged[:, [COLUMNS.index(name) for name in CURVES]]
    kept = np.arange(len(logged))
    if thin and len(logged) > MOST_HELD:
        kept = _extremes(curves)
    places = [COLUMNS.index(name) for name in ("step", "active_seconds", "rows")]
    means = [_means(logged[:, COLUMNS.index(name)], kept) for name in SMOOTHED]
    return np.column_stack([kept + start, logged[kept][:, places], curves[kept], *means])


def _extremes(curves: np.ndarray) -> np.ndarray:
    """Return the places of the first, the last, and of every stretch's extremes and gaps."""
    size = -(-len(curves) // STRETCHES)
    starts = np.arange(-(-len(curves) // size)) * size
    kept = [np.array([0, len(curves) - 1])]
    for column in curves.T:
        padded = np.full(len(starts) * size, np.nan)
        padded[: len(column)] = column
        lost = np.isnan(padded).reshape(-1, size)
        for fill, extreme in ((np.inf, np.argmin), (-np.inf, np.argmax)):
            stretches = np.where(lost, fill, padded.reshape(-1, size))
            kept.append(starts + extreme(stretches, axis=1))
        kept.append((starts + np.argmax(lost, axis=1))[lost.any(axis=1)])
    places = np.unique(np.concatenate(kept))
    return places[places < len(curves)]


def _means(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the mean of the finite values since the place kept before, for each place kept."""
    if not len(kept):
        return np.empty(0)
    finite = np.isfinite(values)
    starts = np.concatenate(([0], kept[:-1] + 1))
    sums = np.add.reduceat(np.where(finite, values, 0.0), starts)
    counts = np.add.reduceat(finite.astype(float), starts)
    return np.divide(sums, counts, out=np.full(len(kept), np.nan), where=counts > 0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _score(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
