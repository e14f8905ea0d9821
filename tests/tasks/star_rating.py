"""Star rating: a grade for a text, of which the neighbours are nearly right.

This is the whole of a new task: what CONTRIBUTING names as the example, and what
`test_a_new_task.py` puts into `workbench/tasks/`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dynamics import of_classes
from ._encode import encode_texts, texts_of
from ._records import Batch, Column, Metric, Outcome, Record, Role, Setup
from ._scores import cross_entropy, quick_scores, softmax
from .base import ClassifyingTask


class StarRating(ClassifyingTask):
    """A grade for a text, such as its number of stars."""

    name = "star-rating"
    roles = (
        Role("text", "text", required=True, common_names=("text", "review", "comment")),
        Role("label", "label", required=True, common_names=("label", "stars"), answer=True),
    )
    auto_class = "AutoModelForSequenceClassification"
    reads_one_place = True
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("accuracy", followed=True, share=True),
        Metric("within_one", share=True),
    )
    leading = ("within_one", "accuracy", "loss")
    compared = ("within_one", "accuracy")
    columns = (
        Column("row", "number"),
        Column("text"),
        Column("label", "right"),
        Column("predicted", "wrong"),
        Column("loss", "number"),
    )
    script_labels = "fixed"

    def labels_of(self, values: Record) -> list[str]:
        """Return the grade of a text."""
        return [values["label"]]

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn texts into token ids, and grades into their numbers."""
        inputs = encode_texts(setup, batch["text"])
        return inputs | ({"labels": batch["label"]} if "label" in batch else {})

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each of its rows."""
        return of_classes(outputs.logits, labels)

    def score(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return loss and accuracy."""
        found = quick_scores(kept, labels)
        return {name: found[name] for name in ("loss", "accuracy")}

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return loss, accuracy, and the share of rows that are off by one grade at most."""
        labels = np.asarray(outcome.table["label"])
        off = np.abs(outcome.outputs.argmax(axis=1) - labels)
        scores = self.score(outcome.outputs, labels, outcome.setup)
        return {"rows": len(labels), "metrics": scores | {"within_one": float((off <= 1).mean())}}

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
        """Return the most frequent grade for every row."""
        counts = np.bincount(train["label"], minlength=len(outcome.setup.labels)) + 1e-9
        return {"majority": np.tile(np.log(counts / counts.sum()), (len(outcome.table), 1))}

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return the likeliest grade of each text, and, where the true one is known, the loss."""
        names = outcome.setup.labels
        records = [
            texts | {"predicted": names[int(row.argmax())], "confidence": float(row.max())}
            for texts, row in zip(texts_of(outcome), softmax(outcome.outputs), strict=True)
        ]
        if "label" in outcome.table.column_names:
            labels = np.asarray(outcome.table["label"])
            losses = cross_entropy(outcome.outputs, labels)
            for record, label, loss in zip(records, labels, losses, strict=True):
                record |= {"label": names[int(label)], "loss": float(loss)}
        return records


TASK = StarRating()
