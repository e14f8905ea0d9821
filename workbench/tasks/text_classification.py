"""Text classification: one label for a sentence or a pair of sentences, or several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from ..language import translate
from . import _label_sets as sets
from ._dynamics import of_classes, of_label_sets
from ._encode import encode_texts, texts_of
from ._labelling import Labelling
from ._losses import (
    Objective,
    class_loss,
    focal_gamma,
    label_set_loss,
    label_weights,
)
from ._records import Batch, Column, Metric, Outcome, Record, Role, Setup
from ._scores import accuracy_and_f1, all_scores, cross_entropy, quick_scores, softmax
from .base import ClassifyingTask

# What is followed of rows with one label only, and of rows with several only.
OF_ONE, OF_SEVERAL = ("accuracy",), ("subset_accuracy", "f1_micro")


class TextClassification(ClassifyingTask):
    """One label for a sentence or a pair of sentences, or several."""

    name = "text-classification"
    roles = (
        Role(
            "text",
            "text",
            required=True,
            common_names=(
                "text", "sentence", "sentence1", "sentence_a", "question1", "question", "premise",
                "review", "content", "message", "tweet", "comment", "body", "document", "input",
                "#1 string", "文本", "句子", "内容", "正文", "评论", "评论内容", "留言",
            ),
        ),
        Role(
            "text_pair",
            "text",
            required=False,
            common_names=(
                "text_pair", "sentence2", "sentence_b", "question2", "hypothesis", "passage",
                "context", "#2 string", "文本2", "句子2",
            ),
        ),
        Role(
            "label",
            "label",
            required=True,
            common_names=(
                "label", "labels", "sentiment", "airline_sentiment", "class", "category", "target",
                "answer", "polarity", "rating", "stars", "quality", "y", "标签", "类别", "分类",
                "情感", "评分星级",
            ),
            answer=True,
        ),
    )  # fmt: skip
    labelling = Labelling("class", "label")
    auto_class = "AutoModelForSequenceClassification"
    losses = ("cross_entropy", "focal")
    options = (
        "data.labels", "data.multi_label", "data.label_separator", "evaluate.calibration_bins",
        "evaluate.threshold", "train.label_smoothing_factor", "train.focal_gamma",
        "train.class_weights", "train.label_weights",
    )  # fmt: skip
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("accuracy", followed=True, share=True),
        Metric("subset_accuracy", followed=True, share=True),
        Metric("f1_micro", followed=True, share=True),
        Metric("precision_macro", followed=True, share=True),
        Metric("recall_macro", followed=True, share=True),
        Metric("f1_macro", followed=True, share=True),
        Metric("precision_weighted", share=True),
        Metric("recall_weighted", share=True),
        Metric("f1_weighted", share=True),
        Metric("roc_auc_macro"),
        Metric("average_precision_macro"),
        Metric("ece", greater_is_better=False),
    )
    leading = ("accuracy", "f1_micro", "f1_macro", "subset_accuracy", "loss", "ece")
    compared = ("accuracy", "f1_micro", "f1_macro", "subset_accuracy")
    figures = (
        "confusion_matrix", "per_class", "roc_curves", "precision_recall_curves", "reliability",
    )  # fmt: skip
    columns = (
        Column("row", "number"),
        Column("text"),
        Column("text_pair"),
        Column("label", "right"),
        Column("predicted", "wrong"),
        Column("confidence", "share"),
        Column("loss", "number"),
    )
    reads_one_place = True
    script_labels = "fixed"

    def check(self, setup: Setup) -> None:
        """Refuse weights that fit no label, and a best metric that is not measured of such rows.

        Raises:
            DataError: saying which.
        """
        super().check(setup)
        absent, there = (OF_ONE, OF_SEVERAL) if _several(setup) else (OF_SEVERAL, OF_ONE)
        best = setup.spec.train.metric_for_best_model
        if best in absent:
            raise DataError(
                "train.metric_for_best_model: {best!r} is not measured where rows have several "
                "labels"
                if _several(setup)
                else "train.metric_for_best_model: {best!r} is not measured where rows have one "
                "label",
                "choose {choices}",
                best=best,
                choices=" | ".join(("loss", "f1_macro", *there)),
            ).at("train.metric_for_best_model", best, "no_such_choice")

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn texts, or pairs of texts, into token ids, and labels into their numbers."""
        inputs = encode_texts(setup, batch["text"], batch.get("text_pair"))
        if "label" in batch:
            inputs["labels"] = (
                sets.as_sets(batch["label"], len(setup.labels))
                if _several(setup)
                else batch["label"]
            )
        return inputs

    def score(self, logits: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return the scores that are followed during training."""
        if _several(setup):
            threshold = setup.spec.evaluate.threshold
            return sets.quick_scores(logits, labels, threshold, focal_gamma(setup))
        return quick_scores(logits, labels, focal_gamma(setup))

    def only_answer(self, logits: np.ndarray, labels: np.ndarray, setup: Setup) -> str:
        """Name the label, or the labels, that all rows got although the true ones differ."""
        if _several(setup):
            said, true = sets.given(logits, setup.spec.evaluate.threshold), labels > 0.5
        else:
            said, true = logits.argmax(axis=1), labels
        if (said == said[:1]).all() and not (true == true[:1]).all():
            first = said[0]
            names = _named(first, setup) if _several(setup) else [setup.labels[int(first)]]
            return ", ".join(names) or translate("none")
        return ""

    def loss(self, setup: Setup) -> Objective:
        """Return what training minimises: a mean over rows, or over rows and labels."""
        return label_set_loss(setup) if _several(setup) else class_loss(setup, label_weights(setup))

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each of its rows."""
        of_rows = of_label_sets if _several(setup) else of_classes
        return of_rows(outputs.logits, labels)

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return scores, per class, confusion, curves and calibration."""
        setup, asked = outcome.setup, outcome.setup.spec.evaluate
        known = outcome.outputs, _labels(outcome), setup.labels, asked.calibration_bins
        if _several(setup):
            return sets.all_scores(*known, asked.threshold, focal_gamma(setup))
        return all_scores(*known, focal_gamma(setup))

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
        """Return logits that say the training shares of the labels for every row: (N, C).

        Of several labels a row, the most frequent is given to all.
        """
        if _several(outcome.setup):
            truth = sets.as_sets(train["label"][:], len(outcome.setup.labels))
            shares = np.clip(np.mean(truth, axis=0), 1e-3, 1 - 1e-3)
            most = shares.argmax()
            shares[most] = max(shares[most], min(outcome.setup.spec.evaluate.threshold, 1 - 1e-3))
            logits = np.log(shares) - np.log1p(-shares)
            logits[most] += 1e-9  # rounding must not take it below the threshold
            return {"majority": np.tile(logits, (len(outcome.table), 1))}
        counts = np.bincount(np.asarray(train["label"]), minlength=len(outcome.setup.labels))
        shares = counts + 1e-9
        return {"majority": np.tile(np.log(shares / shares.sum()), (len(outcome.table), 1))}

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return each row's likeliest label, its probability, all probabilities, and the loss."""
        if _several(outcome.setup):
            return _predicted_sets(outcome)
        names = outcome.setup.labels
        records = [
            texts
            | {
                "predicted": names[int(row.argmax())],
                "confidence": float(row.max()),
                "probabilities": [float(p) for p in row],
            }
            for texts, row in zip(texts_of(outcome), softmax(outcome.outputs), strict=True)
        ]
        if "label" in outcome.table.column_names:
            labels = _labels(outcome)
            losses = cross_entropy(outcome.outputs, labels, focal_gamma(outcome.setup))
            for record, label, loss in zip(records, labels, losses, strict=True):
                record |= {"label": names[int(label)], "loss": float(loss)}
        return records

    def rescore(self, records: list[Record]) -> Any:
        """Return what gives loss, and of rows with one label accuracy and macro F1."""
        losses = np.asarray([record["loss"] for record in records])
        if not all(isinstance(record["label"], str) for record in records):
            return lambda places: {"loss": float(losses[places].mean())}
        names = sorted({record[name] for record in records for name in ("label", "predicted")})
        number = {name: n for n, name in enumerate(names)}
        pairs = np.asarray([[number[r["label"]], number[r["predicted"]]] for r in records])

        def of(places: np.ndarray) -> dict[str, float]:
            labels, predicted = pairs[places].T
            accuracy, f1 = accuracy_and_f1(labels, predicted, len(names))
            return {"loss": float(losses[places].mean()), "accuracy": accuracy, "f1_macro": f1}

        return of

    def line(self, record: Record) -> str:
        """Return a prediction as one line: label, probability, text; or all labels, and text."""
        if "confidence" not in record:
            return f"{', '.join(record['predicted'])}\t{record['text']}"
        return f"{record['predicted']}\t{record['confidence']:.4f}\t{record['text']}"

    def labels_of(self, values: Record) -> list[str]:
        """Return the label of an example, or its labels."""
        return [values["label"]] if isinstance(values["label"], str) else values["label"]

    def stratum(self, values: Record) -> str:
        """Return the first label of an example."""
        return next(iter(self.labels_of(values)), "")

    def settings(self, setup: Setup) -> dict[str, Any]:
        """Return whether a row has one label or several."""
        return {"problem_type": f"{'multi' if _several(setup) else 'single'}_label_classification"}


def _predicted_sets(outcome: Outcome) -> list[Record]:
    """Return each row's labels, all probabilities, and the mean loss over the labels."""
    setup, probabilities = outcome.setup, sets.sigmoid(outcome.outputs)
    given = sets.given(outcome.outputs, setup.spec.evaluate.threshold)
    records = [
        texts | {"predicted": _named(own, setup), "probabilities": [float(p) for p in row]}
        for texts, own, row in zip(texts_of(outcome), given, probabilities, strict=True)
    ]
    if "label" in outcome.table.column_names:
        truth = _labels(outcome)
        losses = sets.binary_losses(outcome.outputs, truth, focal_gamma(setup)).mean(axis=1)
        for record, own, loss in zip(records, truth, losses, strict=True):
            record |= {"label": _named(own, setup), "loss": float(loss)}
    return records


def _named(own: np.ndarray, setup: Setup) -> list[str]:
    return [name for name, is_there in zip(setup.labels, own, strict=True) if is_there]


def _several(setup: Setup) -> bool:
    return setup.spec.data.multi_label


def _labels(outcome: Outcome) -> np.ndarray:
    """Return the true labels: numbers (B,), or rows of 0 and 1 (B, C)."""
    if _several(outcome.setup):
        labels = sets.as_sets(outcome.table["label"][:], len(outcome.setup.labels))
        return np.asarray(labels).reshape(len(labels), len(outcome.setup.labels))
    return np.asarray(outcome.table["label"])


TASK = TextClassification()
