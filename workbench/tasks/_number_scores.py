"""Scores of predicted numbers, as plain data; and the scale on which they are learned.

Shapes:
    B rows, C numbers a row; predicted and true: (B, C).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._records import Setup

POINTS = 1000


def scale_of(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each number over the training rows: (C,) and (C,).

    Where they are not known, 0 and 1; a number that never varies has the deviation 1.
    """
    means = [setup.label_means.get(label, 0.0) for label in setup.labels]
    stds = [setup.label_stds.get(label, 1.0) or 1.0 for label in setup.labels]
    return np.asarray(means, float), np.asarray(stds, float)


def losses_of(error: np.ndarray, setup: Setup) -> np.ndarray:
    """Return the loss of errors in standard deviations, as it is minimised: (B, C)."""
    error = np.abs(error.astype(float))
    if setup.spec.train.loss != "huber":
        return error**2
    delta = setup.spec.train.huber_delta
    return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))


def quick_scores(predicted: np.ndarray, true: np.ndarray, setup: Setup) -> dict[str, float]:
    """Return the few scores that are followed during training; no correlation counts as none.

    Shapes:
        predicted and true are standardised, which no correlation heeds.
    """
    found = {
        name: _mean([_correlation(name, predicted[:, n], true[:, n]) for n in _columns(true)])
        for name in ("pearson", "spearman")
    }
    return {
        "loss": float(losses_of(predicted.astype(float) - true, setup).mean()),
        **{name: value or 0.0 for name, value in found.items()},
    }


def all_scores(predicted: np.ndarray, true: np.ndarray, setup: Setup) -> dict[str, Any]:
    """Return the whole evaluation: the mean over the numbers of a row, each of them, and points.

    All are in the units of the data, but for the loss, which counts in standard deviations.

    What the rows cannot give (the correlation with a constant) is None.
    """
    each = _each(predicted, true)
    shown = np.unique(np.linspace(0, len(true) - 1, min(len(true), POINTS)).round().astype(int))
    return {
        "rows": len(true),
        "labels": setup.labels,
        "metrics": {
            "loss": float(losses_of((predicted - true) / scale_of(setup)[1], setup).mean()),
            **mean_scores(predicted, true),
        },
        "per_number": [
            {"label": name, **scores} for name, scores in zip(setup.labels, each, strict=True)
        ],
        "points": {
            name: {"true": _rounded(true[shown, n]), "predicted": _rounded(predicted[shown, n])}
            for n, name in enumerate(setup.labels)
        },
    }


def mean_scores(predicted: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    """Return correlations and errors, the mean over the numbers of a row."""
    each = _each(predicted, true)
    return {name: _mean([scores[name] for scores in each]) for name in each[0]}


def _each(predicted: np.ndarray, true: np.ndarray) -> list[dict[str, float | None]]:
    return [_scores(predicted[:, n], true[:, n]) for n in _columns(true)]


def _scores(predicted: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    error = predicted.astype(float) - true
    spread = float(((true - true.mean()) ** 2).sum())
    return {
        "pearson": _correlation("pearson", predicted, true),
        "spearman": _correlation("spearman", predicted, true),
        "mse": float((error**2).mean()),
        "mae": float(np.abs(error).mean()),
        "r2": 1 - float((error**2).sum()) / spread if spread else None,
    }


def _correlation(kind: str, predicted: np.ndarray, true: np.ndarray) -> float | None:
    """Return Pearson's correlation, of the numbers or of their ranks (Spearman's)."""
    import pandas

    if len(true) < 2 or np.ptp(predicted) == 0 or np.ptp(true) == 0:
        return None
    if kind == "spearman":
        predicted, true = (pandas.Series(v).rank().to_numpy() for v in (predicted, true))
    return float(np.corrcoef(predicted.astype(float), true)[0, 1])


def _columns(true: np.ndarray) -> range:
    return range(true.shape[1])


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
