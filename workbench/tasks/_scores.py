"""Scores of a classifier from its logits, as plain data.

Shapes:
    B rows, C classes; logits (B, C), probabilities (B, C), labels (B,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

CURVE_POINTS = 200


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities; each row sums to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=-1, keepdims=True)


def cross_entropy(logits: np.ndarray, labels: np.ndarray, gamma: float = 0.0) -> np.ndarray:
    """Return each row's loss in nats, -(1-p)^γ log p of its label: (B,); at γ 0 cross-entropy."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    loss = log_total - shifted[np.arange(len(labels)), labels]
    return loss * (-np.expm1(-loss)) ** gamma


def quick_scores(logits: np.ndarray, labels: np.ndarray, gamma: float = 0.0) -> dict[str, float]:
    """Return the few scores that are followed during training."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    predicted = logits.argmax(axis=-1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted, average="macro", zero_division=0
    )
    return {
        "loss": float(cross_entropy(logits, labels, gamma).mean()),
        "accuracy": float(accuracy_score(labels, predicted)),
        "precision_macro": float(precision),
        "recall_macro": float(recall),
        "f1_macro": float(f1),
    }


def accuracy_and_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[float, float]:
    """Return accuracy and macro F1 over the classes that occur: fast, for resampling."""
    counts = np.bincount(labels * classes + predicted, minlength=classes**2)
    counts = counts.reshape(classes, classes)
    seen, right = counts.sum(axis=0) + counts.sum(axis=1), counts.diagonal()
    f1 = 2 * right[seen > 0] / seen[seen > 0]
    return float(right.sum() / len(labels)), float(f1.mean())


def all_scores(
    logits: np.ndarray, labels: np.ndarray, names: list[str], bins: int, gamma: float = 0.0
) -> dict[str, Any]:
    """Return the whole evaluation: scores, per class, confusion, curves, calibration.

    A score that the rows cannot give (the AUC of a class with no rows) is None.
    """
    probabilities = softmax(logits)
    per_class = _per_class(probabilities, labels, names)
    roc, pr = curves(probabilities, labels[:, None] == np.arange(len(names)), names)
    add_areas(per_class, roc, pr)
    right = probabilities.argmax(axis=-1) == labels
    reliability = calibration(probabilities.max(axis=-1), right, bins)
    return {
        "rows": len(labels),
        "labels": names,
        "metrics": {
            **quick_scores(logits, labels, gamma),
            **_weighted(probabilities, labels),
            "roc_auc_macro": mean([entry["roc_auc"] for entry in per_class]),
            "average_precision_macro": mean([e["average_precision"] for e in per_class]),
            "ece": reliability["ece"],
        },
        "per_class": per_class,
        "confusion": _confusion(probabilities, labels, len(names)),
        "roc": roc,
        "pr": pr,
        "calibration": reliability,
    }


def _weighted(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, probabilities.argmax(-1), average="weighted", zero_division=0
    )
    return {
        "precision_weighted": float(precision),
        "recall_weighted": float(recall),
        "f1_weighted": float(f1),
    }


def _per_class(
    probabilities: np.ndarray, labels: np.ndarray, names: list[str]
) -> list[dict[str, Any]]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, probabilities.argmax(-1), labels=range(len(names)), average=None, zero_division=0
    )
    return class_entries(names, columns)


def class_entries(names: list[str], columns: Any) -> list[dict[str, Any]]:
    """Return one entry a class from scikit-learn's precisions, recalls, F1s and supports."""
    return [
        {
            "label": name,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for name, precision, recall, f1, support in zip(names, *columns, strict=True)
    ]


def add_areas(per_class: list[dict[str, Any]], roc: dict[str, Any], pr: dict[str, Any]) -> None:
    """Write into each class's entry the areas under its curves."""
    for entry in per_class:
        entry["roc_auc"] = roc[entry["label"]]["auc"]
        entry["average_precision"] = pr[entry["label"]]["average_precision"]


def _confusion(probabilities: np.ndarray, labels: np.ndarray, classes: int) -> list[list[int]]:
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, probabilities.argmax(-1), labels=range(classes)).tolist()


def curves(
    probabilities: np.ndarray, truths: np.ndarray, names: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ROC and precision-recall curves, each class against the rest.

    Shapes:
        truths (B, C), true where the row has the class.
    """
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    roc: dict[str, Any] = {}
    pr: dict[str, Any] = {}
    for number, name in enumerate(names):
        truth = truths[:, number]
        if truth.all() or not truth.any():
            roc[name] = {"fpr": [], "tpr": [], "auc": None}
            pr[name] = {"recall": [], "precision": [], "average_precision": None}
            continue
        score = probabilities[:, number]
        false_rate, true_rate, _ = roc_curve(truth, score)
        precision, recall, _ = precision_recall_curve(truth, score)
        roc[name] = {
            "fpr": _thin(false_rate),
            "tpr": _thin(true_rate),
            "auc": float(auc(false_rate, true_rate)),
        }
        pr[name] = {
            "recall": _thin(recall),
            "precision": _thin(precision),
            "average_precision": float(average_precision_score(truth, score)),
        }
    return roc, pr


def calibration(confidence: np.ndarray, right: np.ndarray, bins: int) -> dict[str, Any]:
    """Return the reliability bins and the expected calibration error of so many answers.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks": ECE is the mean over
    rows of |accuracy - confidence| of the row's bin.
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = []
    error = 0.0
    for number in range(bins):
        inside = place == number
        count = int(inside.sum())
        mean_confidence = float(confidence[inside].mean()) if count else None
        accuracy = float(right[inside].mean()) if count else None
        if mean_confidence is not None and accuracy is not None:
            error += count / len(right) * abs(accuracy - mean_confidence)
        rows.append(
            {
                "low": number / bins,
                "high": (number + 1) / bins,
                "count": count,
                "confidence": mean_confidence,
                "accuracy": accuracy,
            }
        )
    return {"ece": error, "bins": rows}


def _thin(values: np.ndarray) -> list[float]:
    """Return at most `CURVE_POINTS` values, evenly spaced, both ends kept."""
    if len(values) > CURVE_POINTS:
        values = values[np.linspace(0, len(values) - 1, CURVE_POINTS).round().astype(int)]
    return [round(float(value), 5) for value in values]


def mean(values: list[float | None]) -> float | None:
    """Return the mean of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def means_of(records: list[dict[str, Any]], *names: str) -> Callable[[Any], dict[str, float]]:
    """Return what gives the means of these entries over some records, of those that have them."""
    held = {name: np.asarray([one.get(name, np.nan) for one in records], float) for name in names}
    held = {name: values for name, values in held.items() if np.isfinite(values).any()}

    def scores(places: Any) -> dict[str, float]:
        known = {name: values[places] for name, values in held.items()}
        known = {name: one[np.isfinite(one)] for name, one in known.items()}
        return {name: float(one.mean()) for name, one in known.items() if len(one)}

    return scores
