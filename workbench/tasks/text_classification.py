"""Text classification: one label for a sentence, or for a pair of sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._encode import encode_texts, texts_of
from ._scores import all_scores, cross_entropy, quick_scores, softmax
from .contract import Batch, Column, Metric, Outcome, Record, Role, Setup, Task


def encode(batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
    """Turn texts, or pairs of texts, into token ids, and labels into their numbers."""
    inputs = encode_texts(setup, batch["text"], batch.get("text_pair"))
    if "label" in batch:
        inputs["labels"] = batch["label"]
    return inputs


def score(logits: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
    """Return the scores that are followed during training."""
    return quick_scores(logits, labels)


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return scores, per class, confusion, curves and calibration."""
    bins = outcome.setup.spec.evaluate.calibration_bins
    return all_scores(outcome.outputs, _labels(outcome), outcome.setup.labels, bins)


def baselines(outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
    """Return logits that say the training shares of the classes for every row: (N, C)."""
    counts = np.bincount(np.asarray(train["label"]), minlength=len(outcome.setup.labels))
    shares = counts + 1e-9
    return {"majority": np.tile(np.log(shares / shares.sum()), (len(outcome.table), 1))}


def predictions(outcome: Outcome) -> list[Record]:
    """Return each row's likeliest label, its probability, all probabilities, and the loss."""
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
        losses = cross_entropy(outcome.outputs, labels)
        for record, label, loss in zip(records, labels, losses, strict=True):
            record |= {"label": names[int(label)], "loss": float(loss)}
    return records


def line(record: Record) -> str:
    """Return a prediction as one line: label, probability, text."""
    return f"{record['predicted']}\t{record['confidence']:.4f}\t{record['text']}"


def _labels(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.table["label"])


TASK = Task(
    name="text-classification",
    roles=(
        Role(
            "text",
            "text",
            required=True,
            usual_names=(
                "text", "sentence", "sentence1", "sentence_a", "question1", "question", "premise",
                "review", "content", "message", "tweet", "comment", "body", "document", "input",
                "#1 string", "文本", "句子", "内容", "正文", "评论", "评论内容", "留言",
            ),
        ),
        Role(
            "text_pair",
            "text",
            required=False,
            usual_names=(
                "text_pair", "sentence2", "sentence_b", "question2", "hypothesis", "passage",
                "context", "#2 string", "文本2", "句子2",
            ),
        ),
        Role(
            "label",
            "label",
            required=True,
            usual_names=(
                "label", "labels", "sentiment", "airline_sentiment", "class", "category", "target",
                "answer", "polarity", "rating", "stars", "quality", "y", "标签", "类别", "分类",
                "情感", "评分星级",
            ),
            answer=True,
        ),
    ),
    auto_class="AutoModelForSequenceClassification",
    encode=encode,
    metrics=(
        Metric("loss", followed=True, greater_is_better=False),
        Metric("accuracy", followed=True, share=True),
        Metric("precision_macro", followed=True, share=True),
        Metric("recall_macro", followed=True, share=True),
        Metric("f1_macro", followed=True, share=True),
        Metric("precision_weighted", share=True),
        Metric("recall_weighted", share=True),
        Metric("f1_weighted", share=True),
        Metric("roc_auc_macro"),
        Metric("average_precision_macro"),
        Metric("ece", greater_is_better=False),
    ),
    score=score,
    evaluate=evaluate,
    baselines=baselines,
    predictions=predictions,
    columns=(
        Column("row", "number"),
        Column("text"),
        Column("text_pair"),
        Column("label", "right"),
        Column("predicted", "wrong"),
        Column("confidence", "share"),
        Column("loss", "number"),
    ),
    figures=(
        "confusion_matrix", "per_class", "roc_curves", "precision_recall_curves", "reliability",
    ),
    leading=("accuracy", "f1_macro", "loss", "ece"),
    compared=("accuracy", "f1_macro"),
    options=("data.labels", "evaluate.calibration_bins", "train.label_smoothing_factor"),
    labels_of=lambda values: [values["label"]],
    stratum=lambda values: values["label"],
    settings=lambda setup: {"problem_type": "single_label_classification"},
    line=line,
)  # fmt: skip
