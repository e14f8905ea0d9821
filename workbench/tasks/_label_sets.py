"""Scores where a row may have several labels: each label is a yes or no of its own.

Shapes:
    B rows, C labels; logits, probabilities and truth (B, C), truth 1 where the row has the label.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._scores import add_areas, calibration, class_entries, curves, mean


def as_sets(labels: list[list[int]], count: int) -> list[list[float]]:
    """Return lists of the numbers of labels as rows of 0 and 1: (B, C)."""
    return [[float(number in own) for number in range(count)] for own in labels]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the probability of each label by itself."""
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64)))


def binary_losses(logits: np.ndarray, truth: np.ndarray, gamma: float = 0.0) -> np.ndarray:
    """Return the loss of each label in nats, -(1-q)^γ log q with q the share given to the truth.

    At γ 0 it is binary cross-entropy.
    """
    loss = np.logaddexp(0, np.where(truth > 0.5, -1, 1) * logits.astype(np.float64))
    return loss * (-np.expm1(-loss)) ** gamma


def given(logits: np.ndarray, threshold: float) -> np.ndarray:
    """Return whether each label is given: its probability reaches the threshold."""
    return sigmoid(logits) >= threshold


def quick_scores(
    logits: np.ndarray, truth: np.ndarray, threshold: float, gamma: float = 0.0
) -> dict[str, float]:
    """Return the few scores that are followed during training."""
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

    predicted = given(logits, threshold)
    truth = truth > 0.5
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, average="macro", zero_division=0
    )
    return {
        "loss": float(binary_losses(logits, truth, gamma).mean()),
        "subset_accuracy": float(accuracy_score(truth, predicted)),
        "f1_micro": float(f1_score(truth, predicted, average="micro", zero_division=0)),
        "precision_macro": float(precision),
        "recall_macro": float(recall),
        "f1_macro": float(f1),
    }


def all_scores(
    logits: np.ndarray, truth: np.ndarray, names: list[str], bins: int, threshold: float,
    gamma: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """Return the whole evaluation: scores, per label, curves, calibration of each yes or no."""
    from sklearn.metrics import precision_recall_fscore_support

    probabilities = sigmoid(logits)
    truth = truth > 0.5
    roc, pr = curves(probabilities, truth, names)
    columns = precision_recall_fscore_support(
        truth, given(logits, threshold), average=None, zero_division=0
    )
    per_class = class_entries(names, columns)
    add_areas(per_class, roc, pr)
    reliability = calibration(probabilities.ravel(), truth.ravel(), bins)
    return {
        "rows": len(truth),
        "labels": names,
        "threshold": threshold,
        "figures": ["per_class", "roc_curves", "precision_recall_curves", "reliability"],
        "metrics": {
            **quick_scores(logits, truth, threshold, gamma),
            "roc_auc_macro": mean([entry["roc_auc"] for entry in per_class]),
            "average_precision_macro": mean([e["average_precision"] for e in per_class]),
            "ece": reliability["ece"],
        },
        "per_class": per_class,
        "roc": roc,
        "pr": pr,
        "calibration": reliability,
    }
