"""Which labels are likely wrong: rankings of the training rows, the most suspect first.

The probabilities that confident learning asks for are those of training itself: the mean over its
passes, without the first where there are more. The paper has them out of sample, by a run a fold.
In the first pass they are, for each row is judged before its label has been learned from; but much
of that pass is a model that knows nothing yet. In the second the model has seen the label once,
and finds more of the errors nevertheless (`tests/bench/label_noise.py`, on tweets). With many
passes it comes to believe wrong labels, too, so the later passes are averaged.

Source:
    Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels".
    Pleiss et al. 2020, "Identifying Mislabeled Data using the Area Under the Margin Ranking".

Shapes:
    N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .measures import measure
from .record import Dynamics

# Of so many rows in a hundred flagged after two passes, this share was wrong where errors had been
# planted among tweets (docs/label-errors.md): the fewer are flagged, the fewer of them are errors.
MEASURED_PRECISION = ((0.0, 0.0), (133 / 2000, 0.489), (206 / 2000, 0.621), (360 / 2000, 0.708))

RANKINGS = ("confident_learning", "area_under_margin", "loss", "random")


@dataclass(frozen=True)
class Ranking:
    """The rows by how suspect their labels are.

    `order` holds places in `Dynamics.rows`, the most suspect first; `scores` says of each place
    how suspect it is (higher is more). The first `flagged` of the order are those that confident
    learning counts as wrong; None for rankings that draw no line, and before there was a second
    pass over the rows. `likely` is the class that each row more likely has, -1 where that is not
    known.

    Shapes:
        order, scores, likely: (N,).
    """

    name: str
    order: np.ndarray
    scores: np.ndarray
    flagged: int | None
    likely: np.ndarray


def rank(dynamics: Dynamics, name: str = "auto", seed: int = 0) -> Ranking:
    """Rank the rows by `name`, one of `RANKINGS`; `seed` is for the random one.

    `auto` is confident learning where rows have one label each and probabilities were kept, else
    the area under the margin where rows have labels, else the loss.

    Raises:
        InputError: there is no such ranking, or it needs labels that the rows do not have.
    """
    if name in ("confident_learning", "area_under_margin") and not _has_labels(dynamics):
        raise InputError(
            "{ranking} ranks labels, and these rows have answers of another kind",
            "rank by loss",
            ranking=name,
        )
    likely = _likely(dynamics)
    if name == "auto":
        labelled = "confident_learning" if _has_classes(dynamics) else "area_under_margin"
        name = labelled if _has_labels(dynamics) else "loss"
    if name == "confident_learning":
        wrong, doubt = confident_learning(_mean_probabilities(dynamics), dynamics.given)
        # Those off the diagonal first, each part by its own doubt.
        order = np.lexsort((dynamics.rows, -doubt, ~wrong))
        flagged = int(wrong.sum()) if dynamics.repeated else None
        return Ranking(name, order, doubt, flagged, likely)
    if name == "area_under_margin":
        scores = -measure(dynamics).area_under_margin
    elif name == "loss":
        scores = measure(dynamics).loss
    elif name == "random":
        scores = np.random.default_rng(seed).random(len(dynamics))
    else:
        raise InputError(
            "there is no ranking {name!r}",
            "choose {choices}",
            name=name,
            choices=" | ".join(RANKINGS),
        )
    return Ranking(name, np.lexsort((dynamics.rows, -scores)), scores, None, likely)


def confident_learning(
    probabilities: np.ndarray, given: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which labels are likely wrong (N,) bool, and how doubtful each is (N,).

    A class is confidently meant where its probability reaches the mean that it has among the rows
    given it; of several such classes the likeliest one counts. A row whose class so found is not
    the given one lies off the diagonal of the confident joint. Doubt is the probability of the
    likeliest other class less that of the given one: the normalized margin.

    Shapes:
        probabilities: (N, C); given: (N,).

    Source: Northcutt et al. 2021, eq. 1 and 2, and section 3.2, method 2.
    """
    rows = np.arange(len(given))
    own = probabilities[rows, given]
    classes = probabilities.shape[1]
    counts = np.bincount(given, minlength=classes)
    sums = np.bincount(given, weights=own, minlength=classes)
    # A class that no row is given is never confidently meant.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    reached = np.where(probabilities >= thresholds, probabilities, -np.inf)
    meant = np.where(np.isfinite(reached).any(axis=1), reached.argmax(axis=1), given)
    others = probabilities.copy()
    others[rows, given] = -np.inf
    return meant != given, others.max(axis=1) - own


def flagged_indices(dynamics: Dynamics) -> np.ndarray:
    """Return the places of the rows that confident learning counts as wrong, the worst first.

    None where it cannot be asked: rows with several labels, or very many classes; and none before
    a second pass, for the first is that of a model which knows nothing yet.
    """
    if not (_has_classes(dynamics) and dynamics.repeated):
        return np.zeros(0, np.int64)
    ranking = rank(dynamics, "confident_learning")
    return ranking.order[: ranking.flagged]


def expected_precision(flagged: int, rows: int) -> float:
    """Return the share of the flagged labels that are expected to be wrong; see the constant."""
    shares, precisions = zip(*MEASURED_PRECISION, strict=True)
    return float(np.interp(flagged / max(rows, 1), shares, precisions))


def _has_labels(dynamics: Dynamics) -> bool:
    return bool(dynamics.labels) or not len(dynamics)


def _has_classes(dynamics: Dynamics) -> bool:
    return dynamics.probabilities is not None and not (dynamics.given < 0).any()


def _mean_probabilities(dynamics: Dynamics) -> np.ndarray:
    """Return each class's mean probability over the passes that count, see above: (N, C).

    Raises:
        InputError: they were not kept, or rows have several labels.
    """
    if dynamics.probabilities is None:
        raise InputError(
            "probabilities of {count} classes were not kept, and confident learning needs them",
            "rank by area_under_margin",
            count=len(dynamics.labels),
        )
    if (dynamics.given < 0).any():
        raise InputError(
            "confident learning needs rows with one label each", "rank by area_under_margin"
        )
    return settled(dynamics.probabilities)


def settled(table: np.ndarray) -> np.ndarray:
    """Return the mean over all passes but the first; of rows with one pass only, that pass.

    Shapes:
        table: (E, N, …), NaN where a pass has not reached a row; the mean: (N, …).
    """
    if len(table) < 2:
        return table.sum(axis=0)  # of the one pass, or of none
    reached = ~np.isnan(table[1:])
    sums = np.where(reached, table[1:], 0).sum(axis=0)
    counts = reached.sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), table[0])


def _likely(dynamics: Dynamics) -> np.ndarray:
    """Return the likeliest class that is not the given one, -1 where none is known: (N,)."""
    if (dynamics.given < 0).any():
        return np.full(len(dynamics), -1)
    if dynamics.probabilities is None:
        last = dynamics.predicted[-1] if dynamics.passes else np.zeros(0)
        return np.where(np.isnan(last) | (last == dynamics.given), -1, last).astype(np.int64)
    means = settled(dynamics.probabilities).copy()
    means[np.arange(len(dynamics)), dynamics.given] = -np.inf
    return means.argmax(axis=1)
