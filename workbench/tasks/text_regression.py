"""Text regression: one number, or several, for a text or a pair of texts.

Numbers are learned in standard deviations from their mean (see `_number_scale`); answers are given
in the units of the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._encode import encode_texts, texts_of
from ._labelling import Labelling, Values
from ._losses import Objective
from ._number_scale import ScaledTask, in_units
from ._number_scores import all_scores, losses_of, mean_scores, quick_scores, scale_of
from ._records import Batch, Column, Metric, Outcome, Record, Role, Setup
from ._rouge import rouge_n

# Enough for a straight line.
FITTED_ROWS = 10_000


def shown(name: str) -> Any:
    """Return what shows the numbers of a record, with their names if they are several."""
    return lambda record: "–" if record.get(name) is None else _rounded_text(record, name, 3)


def _rounded_text(record: Record, name: str, digits: int) -> str:
    names = record.get("names") or [""] * len(record[name])
    pairs = zip(names, record[name], strict=True)
    return ", ".join(f"{title} {_rounded(number, digits)}".strip() for title, number in pairs)


def _rounded(number: float, digits: int) -> str:
    near_zero = 0 < abs(number) < 10 ** (1 - digits)
    return f"{number:.{digits}g}" if near_zero else f"{number:.{digits}f}"


class NumberLabelling(Labelling):
    """How people give a number."""

    def suggested(self, prediction: Values) -> Any:
        """Return the number that a model gives."""
        return prediction["predicted"][0]


class TextRegression(ScaledTask):
    """One number, or several, for a text or a pair of texts."""

    name = "text-regression"
    roles = (
        Role(
            "text",
            "text",
            required=True,
            common_names=(
                "text", "sentence1", "sentence_a", "sentence", "premise", "question1", "review",
                "content", "comment", "message", "document", "essay", "文本", "句子", "句子1",
                "内容", "评论",
            ),
        ),
        Role(
            "text_pair",
            "text",
            required=False,
            common_names=(
                "text_pair", "sentence2", "sentence_b", "hypothesis", "question2", "文本2", "句子2",
            ),
        ),
        Role(
            "label",
            "numbers",
            required=True,
            common_names=(
                "label", "labels", "score", "scores", "similarity", "similarity_score",
                "relatedness_score", "toxicity", "rating", "stars", "grade", "target", "value", "y",
                "标签", "分数", "得分", "评分", "相似度",
            ),
            answer=True,
        ),
    )  # fmt: skip
    labelling = NumberLabelling("number", "label")
    auto_class = "AutoModelForSequenceClassification"
    losses = ("mse", "huber")
    options = ("train.huber_delta",)
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("pearson", followed=True),
        Metric("spearman", followed=True),
        Metric("mse", greater_is_better=False),
        Metric("mae", greater_is_better=False),
        Metric("r2"),
    )
    leading = ("spearman", "pearson", "mae", "r2")
    compared = ("mae", "mse")
    figures = ("predicted_against_true",)
    data_figures = ("length_histogram",)
    columns = (
        Column("row", "number"),
        Column("text"),
        Column("text_pair"),
        Column("label", "right", cell=shown("label")),
        Column("predicted", "wrong", cell=shown("predicted")),
        Column("error", "number"),
        Column("loss", "number"),
    )
    reads_one_place = True
    hub_task = "text-classification"  # the hub knows regression by that name, too
    script_loss = "numbers"
    script_labels = "fixed"
    script_notes = ("scale",)

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn texts, or pairs of texts, into token ids, and numbers into standard deviations."""
        inputs = encode_texts(setup, batch["text"], batch.get("text_pair"))
        if "label" in batch:
            mean, std = scale_of(setup)
            inputs["labels"] = ((np.asarray(batch["label"], float) - mean) / std).tolist()
        return inputs

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> np.ndarray:
        """Return the numbers of a batch in the units of the data: (B, C)."""
        return in_units(super().infer(model, inputs, rows, setup), model, setup)

    def loss(self, setup: Setup) -> Objective:
        """Return what training minimises: the mean over rows and numbers of e², or of Huber's loss.

        Errors e, and Huber's δ, are in standard deviations.

        Source: Peter J. Huber, "Robust Estimation of a Location Parameter" (1964): e²/2 where
        |e| ≤ δ, else δ(|e| − δ/2).
        """

        def total(outputs: Any, labels: Any) -> Any:
            return _losses(outputs, labels, setup, "sum")

        return Objective(total, lambda labels: labels.numel())

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return the loss of each row of a training batch; numbers have no probability."""
        return {"loss": _losses(outputs, labels, setup, "none").mean(-1)}

    def score(self, predicted: np.ndarray, true: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return the loss and the correlations, which are followed during training."""
        return quick_scores(predicted, true, setup)

    def only_answer(self, predicted: np.ndarray, true: np.ndarray, setup: Setup) -> str:
        """Name the number that all rows got, but for a hundredth of what the true ones vary by."""
        if (predicted.std(axis=0) < 0.01 * true.std(axis=0)).all():
            means, stds = scale_of(setup)
            return ", ".join(f"{one:.3g}" for one in predicted.mean(axis=0) * stds + means)
        return ""

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return correlations and errors, for each number where several, and the points."""
        return all_scores(outcome.outputs, _true(outcome), outcome.setup)

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
        """Return the mean of the training rows for every row, and of pairs what shared words tell.

        The latter is the straight line through the training rows, from the share of words that the
        two texts have in common (ROUGE-1, of Chinese by character) to the number.

        Shapes:
            each: (N, C).
        """
        true = np.asarray(train["label"][:], float)
        baselines = {"mean": np.tile(true.mean(axis=0), (len(outcome.table), 1))}
        if "text_pair" in outcome.table.column_names:
            known = _shared_words(train[:FITTED_ROWS])
            slope, start = np.polynomial.polynomial.polyfit(known, true[:FITTED_ROWS], 1)[::-1]
            baselines["shared_words"] = start + np.outer(_shared_words(outcome.table[:]), slope)
        return baselines

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return each row's numbers, how far they are off, and the loss."""
        names = outcome.setup.labels
        records = [
            texts
            | {"predicted": [float(number) for number in row]}
            | ({"names": names} if len(names) > 1 else {})
            for texts, row in zip(texts_of(outcome), outcome.outputs, strict=True)
        ]
        if "label" in outcome.table.column_names:
            true = _true(outcome)
            errors = (outcome.outputs - true) / scale_of(outcome.setup)[1]
            losses = losses_of(errors, outcome.setup).mean(axis=1)
            for record, numbers, row, one in zip(
                records, true, outcome.outputs, losses, strict=True
            ):
                record |= {
                    "label": [float(number) for number in numbers],
                    "error": [float(number) for number in row - numbers],
                    "loss": float(one),
                }
        return records

    def rescore(self, records: list[Record]) -> Any:
        """Return what gives the correlations and errors of some rows."""
        predicted, true = (
            np.asarray([record[name] for record in records], float)
            for name in ("predicted", "label")
        )
        return lambda places: {
            name: value
            for name, value in mean_scores(predicted[places], true[places]).items()
            if value is not None
        }

    def line(self, record: Record) -> str:
        """Return a prediction as one line: its numbers, named if several, then the text."""
        return f"{_rounded_text(record, 'predicted', 4)}\t{record['text']}"

    def measures(self, table: Any, setup: Setup) -> dict[str, list[float]]:
        """Return each number of the rows."""
        return {
            name: [numbers[place] for numbers in table["label"]]
            for place, name in enumerate(setup.labels)
        }

    def settings(self, setup: Setup) -> dict[str, Any]:
        """Return that numbers are learned."""
        return {"problem_type": "regression"}

    def is_wrong(self, record: Record) -> bool:
        """Call each prediction wrong: none is right to the last digit."""
        return True


def _losses(outputs: Any, labels: Any, setup: Setup, reduction: str) -> Any:
    import torch

    predicted, true = outputs.logits.float(), labels.float()
    if setup.spec.train.loss != "huber":
        return torch.nn.functional.mse_loss(predicted, true, reduction=reduction)
    delta = setup.spec.train.huber_delta
    return torch.nn.functional.huber_loss(predicted, true, reduction=reduction, delta=delta)


def _shared_words(batch: Batch) -> list[float]:
    return [
        rouge_n(first, second, 1)
        for first, second in zip(batch["text"], batch["text_pair"], strict=True)
    ]


def _true(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.table["label"][:], float)


TASK = TextRegression()
