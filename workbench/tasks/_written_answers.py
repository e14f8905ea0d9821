"""Questions on a passage whose answers are written: by a decoder, or by an encoder with a decoder.

Where a question has no answer, the model is to write a word for that, which the prompt names. The
scores are those of answers that are found in the passage.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..spec import RunSpec
from ._answers import compare, likeliest_sentence, tokens_of
from ._decoder import PromptedTask
from ._encode import count_tokens
from ._generating import OPTIONS as GENERATES
from ._guessing import means
from ._pairs import Pair, require_indices
from ._questions import ANSWER_COLUMNS, ANSWER_METRICS, QuestionTask, answer_or_none
from ._records import Batch, Column, Kind, Metric, Outcome, Record, Setup
from ._requests import NO_ANSWER, question_request
from ._seq2seq import ASKED, Seq2SeqTask, baseline, means_of
from .base import Task


class WrittenAnswers(Seq2SeqTask, QuestionTask):
    """An answer that is written."""

    options = (*ASKED, "model.answers", *GENERATES)
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        *ANSWER_METRICS,
    )
    columns = (
        Column("row", "number"),
        Column("question"),
        Column("context"),
        *ANSWER_COLUMNS,
    )
    has_prompt = True

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task with a prompt, for models that go on with what they read."""
        return WrittenByDecoder() if kind == "decoder" else super().for_model(spec, kind)

    def check(self, setup: Setup) -> None:
        """Refuse a prompt template without the places of passage and question.

        Raises:
            DataError: naming what is missing.
        """
        require_indices(setup, "context", "question")

    def pairs(self, batch: Batch, setup: Setup) -> list[Pair]:
        """Return each passage, with the question beside it, and the answers that are right."""
        held = batch.get("answers") or [None] * len(batch["question"])
        return [
            Pair(
                row,
                context,
                _references(answers, setup),
                place="context",
                beside={"question": asked},
            )
            for row, context, asked, answers in zip(
                batch["row"], batch["context"], batch["question"], held, strict=True
            )
        ]

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of what is read of each pair before it is cut."""
        rows = {"row": list(range(len(batch["context"]))), **batch}
        asked = {name: held for name, held in rows.items() if name != "answers"}
        return count_tokens(setup, [pair.asked(setup) for pair in self.pairs(asked, setup)])

    def request(self, spec: RunSpec, train: Any, asked: str, answered: str) -> str:
        """Return what a model is asked; how to say none only where some have no answer."""
        return question_request(asked, not all(one["text"] for one in train["answers"]))

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return exact match and F1 by SQuAD's rules, loss and accuracy of tokens."""
        found = QuestionTask.evaluate(self, outcome)
        return {**found, "metrics": {**means_of(outcome), **found["metrics"]}}

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[Record]]:
        """Return, for every question, the sentence that shares most words with it; and none."""
        places = [likeliest_sentence(row["question"], row["context"]) for row in outcome.table]
        texts = outcome.table["context"][:]
        baselines = {
            "overlapping_sentence": baseline(
                [text[start:end] for text, (start, end) in zip(texts, places, strict=True)]
            )
        }
        if not all(row["text"] for row in outcome.table["answers"]):
            baselines["no_answer"] = baseline([""] * len(texts))
        return baselines

    def predictions(self, outcome: Outcome) -> list[Record]:
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
                loss = means(np.asarray(output["sums"]))["loss"]
                record |= {} if loss is None else {"loss": loss}
            records.append(record)
        return records

    def line(self, record: Record) -> str:
        """Return a prediction as one line: the answer, then the question."""
        return f"{answer_or_none(record, 'predicted')}\t{record['question']}"


class WrittenByDecoder(PromptedTask, WrittenAnswers):
    """An answer that is written to a prompt with passage and question."""

    prompt = question_request("en", some_unanswerable=True)


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
