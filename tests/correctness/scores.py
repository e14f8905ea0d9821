"""Metrics against scikit-learn, SciPy and sacrebleu, on random answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.correctness.comparison import Comparison, apart

ROUNDS = 50


def against_libraries() -> list[Comparison]:
    """Compare the metrics of classes, sets, numbers and written texts."""
    return [
        _compare("accuracy, precision, recall, F1, ROC AUC, average precision, log loss",
                 "scikit-learn", _classes),
        _compare("metrics of several labels a row", "scikit-learn", _sets),
        _compare("Pearson, Spearman, MSE, MAE, R²", "SciPy and scikit-learn", _numbers),
        _compare("BLEU and chrF", "sacrebleu's own objects", _texts),
    ]  # fmt: skip


def _compare(
    what: str, against: str, draw: Callable[[np.random.Generator], tuple[dict, dict]]
) -> Comparison:
    largest, cases, faults = 0.0, 0, []
    for seed in range(ROUNDS):
        ours, theirs = draw(np.random.default_rng(seed))
        for name, value in theirs.items():
            cases += 1
            off = apart(float(ours[name]), float(value))
            largest = max(largest, off)
            if not off <= 1e-6:
                faults.append(f"{name}, round {seed}: {ours[name]} against {value}")
    return Comparison(what, against, largest, 1e-6, cases, faults=faults[:5])


def _classes(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    from sklearn import metrics

    from workbench.tasks._scores import all_scores, softmax

    classes = int(rng.integers(2, 6))
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, 80)])
    logits = rng.normal(size=(len(labels), classes)) * 2
    names = [f"c{n}" for n in range(classes)]
    ours = all_scores(logits, labels, names, 10, 0.0)["metrics"]
    said, shares = logits.argmax(-1), softmax(logits)
    theirs = {
        "accuracy": metrics.accuracy_score(labels, said),
        "loss": metrics.log_loss(labels, shares, labels=np.arange(classes)),
    }
    for average in ("macro", "weighted"):
        found = metrics.precision_recall_fscore_support(
            labels, said, average=average, zero_division=0
        )
        for name, value in zip(("precision", "recall", "f1"), found, strict=False):
            theirs[f"{name}_{average}"] = value
    if classes > 2:
        theirs["roc_auc_macro"] = metrics.roc_auc_score(labels, shares, multi_class="ovr")
    truth = np.eye(classes)[labels]
    theirs["average_precision_macro"] = np.mean(
        [metrics.average_precision_score(truth[:, n], shares[:, n]) for n in range(classes)]
    )
    return ours, theirs


def _sets(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    from sklearn import metrics

    from workbench.tasks._label_sets import all_scores, sigmoid

    labels = rng.integers(0, 2, (60, 4))
    labels[0], labels[1] = 1, 0
    logits = rng.normal(size=labels.shape) * 2
    ours = all_scores(logits, labels, list("abcd"), 10, 0.5, 0.0)["metrics"]
    said = (sigmoid(logits) >= 0.5).astype(int)
    theirs = {"subset_accuracy": metrics.accuracy_score(labels, said)}
    for average in ("micro", "macro"):
        theirs[f"f1_{average}"] = metrics.f1_score(labels, said, average=average, zero_division=0)
    theirs["loss"] = np.mean(
        [metrics.log_loss(labels[:, n], sigmoid(logits[:, n]), labels=[0, 1]) for n in range(4)]
    )
    return ours, theirs


def _numbers(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    from scipy import stats
    from sklearn import metrics

    from workbench.tasks._number_scores import mean_scores

    true = rng.normal(5, 3, size=(50, 1)).round(1)
    predicted = true + rng.normal(size=true.shape).round(1)
    theirs = {
        "pearson": stats.pearsonr(true[:, 0], predicted[:, 0]).statistic,
        "spearman": stats.spearmanr(true[:, 0], predicted[:, 0]).statistic,
        "mse": metrics.mean_squared_error(true, predicted),
        "mae": metrics.mean_absolute_error(true, predicted),
        "r2": metrics.r2_score(true, predicted),
    }
    return mean_scores(predicted, true), theirs


def _texts(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    from sacrebleu.metrics import BLEU, CHRF

    from workbench.tasks._bleu import corpus_scores

    words = [
        "the",
        "a",
        "film",
        "flight",
        "was",
        "is",
        "good",
        "bad",
        "late",
        "kind",
        "and",
        "or",
        "we",
        "home",
        "dinner",
    ]

    def text() -> str:
        return " ".join(rng.choice(words, size=rng.integers(3, 15)))

    references = [text() for _ in range(20)]
    written = [one if rng.random() < 0.5 else text() for one in references]
    ours = corpus_scores([[one] for one in references], written)
    theirs = {
        "bleu": BLEU().corpus_score(written, [references]).score,
        "chrf": CHRF().corpus_score(written, [references]).score,
    }
    return ours, theirs
