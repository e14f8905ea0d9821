"""Where a row stands on the dataset map: what its passes add up to.

Source:
    Swayamdipta et al. 2020, "Dataset Cartography: Mapping and Diagnosing Datasets with Training
    Dynamics": confidence is the mean over the passes of the probability of the given label,
    variability its standard deviation, correctness the share of passes that got it right.
    Pleiss et al. 2020, "Identifying Mislabeled Data using the Area Under the Margin Ranking":
    the margin, the label's logit less the highest other one, averaged over the passes.

Shapes:
    E passes, N rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .record import Dynamics

# As the paper draws its regions: the third of the rows that is highest or lowest in each.
REGION_SHARE = 1 / 3
REGIONS = ("easy", "ambiguous", "hard")


@dataclass(frozen=True)
class Measures:
    """One number a row, over the passes that reached it, NaN where the task has none; all (N,)."""

    confidence: np.ndarray
    variability: np.ndarray
    correctness: np.ndarray
    loss: np.ndarray
    area_under_margin: np.ndarray
    passes: np.ndarray


def measure(dynamics: Dynamics) -> Measures:
    """Return what the passes say of each row, taken together."""
    return Measures(
        confidence=_mean(dynamics.confidence),
        variability=_deviation(dynamics.confidence),
        correctness=_mean(dynamics.correct),
        loss=_mean(dynamics.loss),
        area_under_margin=_mean(dynamics.margin),
        passes=(~np.isnan(dynamics.loss)).sum(axis=0),
    )


def _mean(table: np.ndarray) -> np.ndarray:
    """Return the mean over the passes that have a number, NaN where none has."""
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    sums = np.where(known, table, 0).sum(axis=0, dtype=float)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _deviation(table: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean((table - _mean(table)) ** 2))
