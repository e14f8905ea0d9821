"""Questions on a passage whose answers are written: by a decoder, or by an encoder with a decoder.

Where a question has no answer, the model is to write a word for that, which the prompt names. The
scores are those of answers that are found in the passage.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..language import text as say
from . import _seq2seq as seq2seq
from ._answers import compare, likeliest_sentence, tokens_of
from ._pairs import Pair
from ._requests import NO_ANSWER, question_request
from .contract import Batch, Column, Metric, Outcome, Record, Setup

METRICS = (
    Metric("loss", followed=True, greater_is_better=False),
    Metric("token_accuracy", followed=True, share=True),
    Metric("exact_match", share=True),
    Metric("f1", share=True),
    Metric("answerable_exact", share=True),
    Metric("answerable_f1", share=True),
    Metric("unanswerable_accuracy", share=True),
)


def pairs_of(batch: Batch, setup: Setup) -> list[Pair]:
    """Return each passage, with the question beside it, and the answers that are right."""
    held = batch.get("answers") or [None] * len(batch["question"])
    return [
        Pair(row, context, _references(answers, setup), place="context", beside={"question": asked})
        for row, context, asked, answers in zip(
            batch["row"], batch["context"], batch["question"], held, strict=True
        )
    ]


def _references(answers: Record | None, setup: Setup) -> list[str]:
    if answers is None:
        return []
    return list(answers["text"]) or [no_answer(setup)]


def no_answer(setup: Setup) -> str:
    """Return what is to be written where there is no answer: the word that the prompt names."""
    template = setup.spec.data.prompt_template
    return next((one for one in NO_ANSWER.values() if one in template), NO_ANSWER["en"])


def _said(written: str) -> str:
    """Return an answer that was written; nothing where it says that there is none."""
    plain = tokens_of(written, by_character=True)
    none = any(plain == tokens_of(one, by_character=True) for one in NO_ANSWER.values())
    return "" if none else written


def request(spec: Any, train: Any, asked: str, answered: str) -> str:
    """Return what a model that follows instructions is asked; of no answer only where that is."""
    return question_request(asked, not all(one["text"] for one in train["answers"]))


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return exact match and F1 by SQuAD's rules, of questions with and without an answer too."""
    records = predictions(outcome)
    answered = [record for record in records if record["answers"]]
    unanswerable = [record for record in records if not record["answers"]]
    found = seq2seq.means_of(outcome)
    return {
        "rows": len(records),
        "labels": [],
        "metrics": {
            **found,
            "exact_match": _mean(records, "exact"),
            "f1": _mean(records, "f1"),
            "answerable_exact": _mean(answered, "exact"),
            "answerable_f1": _mean(answered, "f1"),
            "unanswerable_accuracy": _mean(unanswerable, "exact"),
        },
    }


def baselines(outcome: Outcome, train: Any) -> dict[str, list[Record]]:
    """Return, for every question, the sentence that shares most words with it; and none."""
    places = [likeliest_sentence(row["question"], row["context"]) for row in outcome.table]
    texts = outcome.table["context"][:]
    rivals = {
        "overlapping_sentence": seq2seq.baseline(
            [text[start:end] for text, (start, end) in zip(texts, places, strict=True)]
        )
    }
    if not all(row["text"] for row in outcome.table["answers"]):
        rivals["no_answer"] = seq2seq.baseline([""] * len(texts))
    return rivals


def predictions(outcome: Outcome) -> list[Record]:
    """Return the answer to each question, and, where known, how right it is."""
    records = []
    for row, output in zip(outcome.table, outcome.outputs, strict=True):
        record: Record = {
            "row": row["row"],
            "question": row["question"],
            "context": row["context"],
            "predicted": _said(output["written"]),
        }
        if "answers" in row:
            texts = row["answers"]["text"]
            exact, f1 = compare(record["predicted"], texts)
            record |= {
                "label": texts[0] if texts else "", "answers": texts, "exact": exact, "f1": f1,
            }  # fmt: skip
            loss = seq2seq.means(np.asarray(output["sums"]))["loss"]
            record |= {} if loss is None else {"loss": loss}
        records.append(record)
    return records


def line(record: Record) -> str:
    """Return a prediction as one line: the answer, then the question."""
    return f"{answer_or_none(record, 'predicted')}\t{record['question']}"


def answer_or_none(record: Record, name: str) -> str:
    """Return an answer, or in words that there is none."""
    return record.get(name) or say("report.no_answer")


def _mean(records: list[Record], name: str) -> float | None:
    return sum(record[name] for record in records) / len(records) if records else None


COLUMNS = (
    Column("row", "number"),
    Column("question"),
    Column("context"),
    Column("true_answer", "right", cell=lambda record: answer_or_none(record, "label")),
    Column("given_answer", "wrong", cell=lambda record: answer_or_none(record, "predicted")),
    Column("f1", "share"),
    Column("loss", "number"),
)
