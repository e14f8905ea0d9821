"""Question answering: where in a passage the answer stands, or that it does not.

A passage longer than the model takes is read in windows that overlap; an example then has
several rows. `_written_answers` has what models do that write the answer.

Shapes:
    N windows, B windows of a batch, T tokens.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np

from ..language import translate
from ..spec import RunSpec
from ._answers import compare, likeliest_sentence
from ._dynamics import of_spans
from ._encode import count_tokens
from ._forward import forward
from ._losses import Objective, class_losses
from ._questions import ANSWER_COLUMNS, ANSWER_METRICS, QuestionTask, answer_or_none
from ._records import Batch, Column, Kind, Metric, Outcome, Record, Setup
from ._windows import best_span, encode, log_shares
from ._written_answers import WrittenAnswers
from .base import Task

# The columns of what `infer` gives.
SPAN, START, END, NULL, CONFIDENCE, LOSS = range(6)
SHOWN_CHARACTERS = 120


def highlighted(record: Record) -> Any:
    """Return the passage around the answers as HTML: the given one marked, the true one underlined.

    Everything from data is escaped.
    """
    from markupsafe import Markup

    context = record["context"]
    said = (record["start"], record["start"] + len(record["predicted"]))
    true = (
        record.get("label_start", 0),
        record.get("label_start", 0) + len(record.get("label", "")),
    )
    spans = [span for span in (said, true) if span[1] > span[0]]
    low = max(0, min((a for a, _ in spans), default=0) - SHOWN_CHARACTERS)
    high = min(len(context), max((b for _, b in spans), default=0) + SHOWN_CHARACTERS)
    cuts = sorted({low, high, *(edge for span in spans for edge in span)})
    parts = [Markup("…" if low else "")]
    for first, last in pairwise(cuts):
        piece = Markup("{}").format(context[first:last])
        if said[0] <= first and last <= said[1]:
            piece = Markup('<mark style="background:#fde68a;color:#111">{}</mark>').format(piece)
        if true[0] <= first and last <= true[1]:
            piece = Markup(
                '<u style="text-decoration-color:#059669;text-decoration-thickness:2px">{}</u>'
            ).format(piece)
        parts.append(piece)
    return Markup("").join([*parts, Markup("…" if high < len(context) else "")])


class QuestionAnswering(QuestionTask):
    """An answer that is found: the span of a passage, or that it has none."""

    auto_class = "AutoModelForQuestionAnswering"
    options: tuple[str, ...] = (
        "data.stride_tokens", "data.negative_windows", "evaluate.max_answer_tokens",
        "evaluate.null_threshold", "model.answers",
    )  # fmt: skip
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("span_exact", followed=True, share=True),
        Metric("span_f1", followed=True, share=True),
        *ANSWER_METRICS,
    )
    columns = (
        Column("row", "number"),
        Column("question"),
        Column("context", cell=highlighted),
        *ANSWER_COLUMNS,
    )
    script_loss = "span"
    script_labels = "fixed"

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task with written answers, where the spec or the model asks for that."""
        how = spec.model.answers
        if how == "extractive" or (how == "auto" and kind not in (None, "decoder")):
            return QuestionAnswering()
        if how == "auto" and kind is None:
            return AnyQuestionAnswering()
        return WrittenAnswers().for_model(spec, kind)

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn each question and its passage into as many windows as it takes."""
        return encode(batch, setup, training)

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of each question with its passage: windows go over it, uncut."""
        found = count_tokens(setup, batch["question"], batch["context"])
        return [min(length, setup.max_tokens) for length in found]

    def loss(self, setup: Setup) -> Objective:
        """Return what training minimises: the mean of -log p of the first and of the last token."""

        def total(outputs: Any, labels: Any) -> Any:
            starts = class_losses(outputs.start_logits, labels[:, 0])
            return starts + class_losses(outputs.end_logits, labels[:, 1])

        return Objective(total, lambda labels: labels.numel())

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each of its windows."""
        return of_spans(outputs.start_logits, outputs.end_logits, labels)

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Keep of each window the likeliest first and last token, and the loss: (B, 3)."""
        import torch

        starts, ends = (part.float() for part in logits)
        best, first = starts.cummax(dim=1)  # the best first token up to each last one
        last = (best + ends).argmax(dim=1)
        losses = [
            torch.nn.functional.cross_entropy(part, labels[:, side], reduction="none") / 2
            for side, part in enumerate((starts, ends))
        ]
        return torch.stack(
            [first.gather(1, last[:, None])[:, 0].float(), last.float(), losses[0] + losses[1]],
            dim=1,
        )

    def score(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return the loss, and how well the tokens of each window are met."""
        said, true = kept[:, :2], labels
        shared = np.minimum(said[:, 1], true[:, 1]) - np.maximum(said[:, 0], true[:, 0]) + 1
        both = (said[:, 1] - said[:, 0] + 1) + (true[:, 1] - true[:, 0] + 1)
        return {
            "loss": float(kept[:, 2].mean()),
            "span_exact": float((said == true).all(axis=1).mean()),
            "span_f1": float((2 * np.maximum(shared, 0) / both).mean()),
        }

    def only_answer(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> str:
        """Say if no window got an answer, although some have one."""
        none = labels.min(axis=0)  # the place of the first token, which stands for no answer
        if (kept[:, :2] == none).all() and not (labels == none).all():
            return translate("no answer")
        return ""

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> np.ndarray:
        """Return the best span of each window: its score, its characters, the score of none, ….

        Shapes:
            (B, 6): see the constants of this module; LOSS is NaN where there are no labels.
        """
        return spans(forward(model, inputs), rows, setup)

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return exact match and F1 by SQuAD's rules, and the loss of the windows."""
        losses = outcome.outputs[:, LOSS]
        loss = float(losses.mean()) if np.isfinite(losses).all() else None
        found = super().evaluate(outcome)
        metrics = {"loss": loss, **found["metrics"]}
        return {**found, "windows": len(outcome.rows), "metrics": metrics}

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
        """Return, for every question, the sentence that shares most words with it: (N, 6).

        Where some questions have no answer, also what it is worth to give none to any.
        """
        places = {
            row["row"]: likeliest_sentence(row["question"], row["context"]) for row in outcome.table
        }
        found = np.full((len(outcome.rows), 6), np.nan)
        found[:, [START, END]] = [places[row] for row in outcome.rows["row"]]
        found[:, SPAN], found[:, NULL], found[:, CONFIDENCE] = 0, -np.inf, 1
        baselines = {"overlapping_sentence": found}
        if not all(row["text"] for row in outcome.table["answers"]):
            none = found.copy()
            none[:, NULL] = np.inf
            baselines["no_answer"] = none
        return baselines

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return the answer to each question from its windows, and, where known, how right it is.

        None is given where that scores higher than the best span, by more than the threshold of the
        spec; of the windows, the one least in favour of none decides.
        """
        windows: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(outcome.rows["row"][:]):
            windows[row].append(place)
        threshold = outcome.setup.spec.evaluate.null_threshold
        records = []
        for row in outcome.table:
            own = outcome.outputs[windows[row["row"]]]
            best = own[own[:, SPAN].argmax()]
            least = own[own[:, NULL].argmin()]
            none = bool(least[NULL] - best[SPAN] > threshold)
            sure = best[CONFIDENCE]
            if none:  # both shares have the same denominator
                sure = least[CONFIDENCE] * np.exp(least[NULL] - least[SPAN])
            first, last = (0, 0) if none else (int(best[START]), int(best[END]))
            record: Record = {
                "row": row["row"],
                "question": row["question"],
                "context": row["context"],
                "predicted": row["context"][first:last],
                "start": first,
                "confidence": float(sure),
            }
            if "answers" in row:
                texts, places = row["answers"]["text"], row["answers"]["start"]
                exact, f1 = compare(record["predicted"], texts)
                record |= {
                    "label": texts[0] if texts else "",
                    "answers": texts,
                    "label_start": places[0] if places else 0,
                    "exact": exact,
                    "f1": f1,
                    "loss": float(own[:, LOSS].mean()),
                }
            records.append(record)
        return records

    def line(self, record: Record) -> str:
        """Return a prediction as one line: the answer, how sure it is, the question."""
        answer = answer_or_none(record, "predicted")
        return f"{answer}\t{record['confidence']:.4f}\t{record['question']}"


class AnyQuestionAnswering(QuestionAnswering):
    """The task before a model is found: answers may be found or written, so options of both."""

    options = tuple(dict.fromkeys((*QuestionAnswering.options, *WrittenAnswers.options)))


def spans(outputs: Any, rows: list[Record], setup: Setup) -> np.ndarray:
    """Return the best span of each window from the logits of its first and last token."""
    starts, ends = (
        part.float().cpu().numpy().astype(float)
        for part in (outputs.start_logits, outputs.end_logits)
    )
    answers = np.full((len(rows), 6), np.nan)
    for number, row in enumerate(rows):
        own = len(row["input_ids"])
        start, end = starts[number, :own], ends[number, :own]
        offsets, null = np.asarray(row["offsets"]), row["null"]
        first, last = best_span(start, end, offsets, setup.spec.evaluate.max_answer_tokens)
        log_start, log_end = log_shares(start), log_shares(end)
        answers[number, SPAN] = start[first] + end[last]
        answers[number, START], answers[number, END] = offsets[first, 0], offsets[last, 1]
        answers[number, NULL] = start[null] + end[null]
        answers[number, CONFIDENCE] = np.exp(log_start[first] + log_end[last])
        if "labels" in row:
            true = row["labels"]
            answers[number, LOSS] = -(log_start[true[0]] + log_end[true[1]]) / 2
    return answers


TASK = QuestionAnswering()
