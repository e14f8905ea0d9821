"""Questions on a passage: what is read of them, and how answers are judged, found or written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..language import text as say
from ._answers import is_true, move_answer, place_answer, read_answers, read_squad, write_answers
from ._labelling import Labelling, Values
from ._records import Column, Metric, Outcome, Record, Role, RowError
from .base import Repaired, Task


def answer_or_none(record: Record, name: str) -> str:
    """Return an answer, or in words that there is none."""
    return record.get(name) or say("report.no_answer")


# Of answers that are found as of those that are written.
ANSWER_METRICS = tuple(
    Metric(name, share=True)
    for name in (
        "exact_match", "f1", "answerable_exact", "answerable_f1", "unanswerable_accuracy",
    )
)  # fmt: skip
ANSWER_COLUMNS = (
    Column("true_answer", "right", cell=lambda record: answer_or_none(record, "label")),
    Column("given_answer", "wrong", cell=lambda record: answer_or_none(record, "predicted")),
    Column("f1", "share"),
    Column("loss", "number"),
)


class AnswerLabelling(Labelling):
    """How people mark the answer in a passage."""

    def shown(self, values: Values) -> str:
        """Return the passage."""
        return values["context"]

    def cell(self, values: Values, decided: Any) -> Record:
        """Return the answers that spans of a passage amount to."""
        places = [(span["start"], span["end"]) for span in decided]
        return {
            "text": [values["context"][start:end] for start, end in places],
            "answer_start": [start for start, _ in places],
        }

    def decided(self, values: Values) -> list[Record]:
        """Return the spans of a passage where its answers stand."""
        pairs = zip(values["answers"]["text"], values["answers"]["start"], strict=True)
        return [{"start": start, "end": start + len(text), "text": text} for text, start in pairs]

    def suggested(self, prediction: Values) -> list[Record]:
        """Return the span that a model gives, none where it says that there is no answer."""
        text = prediction["predicted"]
        start = prediction.get("start", prediction["context"].find(text))
        known = text and start >= 0  # an answer that was written need not stand in the passage
        return [{"start": start, "end": start + len(text), "text": text}] if known else []


class QuestionTask(Task):
    """A question on a passage, which may have no answer."""

    name = "question-answering"
    roles = (
        Role("question", "text", required=True, common_names=("question", "query", "问题", "提问")),
        Role(
            "context",
            "text",
            required=True,
            common_names=(
                "context", "passage", "paragraph", "document", "text", "article", "文章", "段落",
                "材料", "原文",
            ),
        ),
        Role(
            "answers",
            "object",
            required=True,
            common_names=("answers", "answer", "answer_text", "答案", "回答"),
            answer=True,
        ),
        Role(
            "answer_start",
            "object",
            required=False,
            common_names=("answer_start", "start", "答案位置"),
            answer=True,
        ),
        Role(
            "is_impossible",
            "object",
            required=False,
            common_names=("is_impossible", "impossible"),
            answer=True,
        ),
    )  # fmt: skip
    grouped_by = ("context",)
    labelling = AnswerLabelling("spans", "answers", "context")
    answers_point_at_texts = True
    leading = ("f1", "exact_match", "loss")
    compared = ("exact_match", "f1")
    script_has_tokens = True

    def read_file(self, text: str, name: str) -> tuple[list[Record], list[str]] | None:
        """Read the nested JSON of SQuAD, version 1 or 2."""
        rows = read_squad(text)
        return None if rows is None else (rows, [])

    def read(self, values: Record, repaired: Repaired) -> Record:
        """Take questions whose answers stand in the passage; places that lie are mended."""
        values = dict(values)
        starts, impossible = values.pop("answer_start", None), values.pop("is_impossible", None)
        if "answers" not in values:
            return values
        given = [] if is_true(impossible) else read_answers(values["answers"], starts)
        context = values["context"]
        placed = [place_answer(context, text, start, repaired) for text, start in given]
        found = [one for one in placed if one is not None]
        if given and not found:
            raise RowError("answer_absent", given[0][0])
        if len(found) < len(given):
            absent = next(text for (text, _), one in zip(given, placed, strict=True) if one is None)
            repaired("answer_dropped", absent)
        return values | {
            "answers": {"text": [text for text, _ in found], "start": [start for _, start in found]}
        }

    def normalized(self, values: Record, normalize: Callable[[str], Any]) -> tuple[Record, bool]:
        """Mend question and passage; the passage stays where its answers would be lost."""
        after = dict(values)
        for name in ("question", "context"):
            if isinstance(values.get(name), str):
                after[name] = normalize(values[name])
        context, held = values.get("context"), values.get("answers")
        if context is None or after.get("context") in (context, None) or held is None:
            return after, False
        try:
            answers = read_answers(held, values.get("answer_start"))
        except RowError:
            return after, False  # there is none that could be lost
        moved = [move_answer(context, after["context"], *answer, normalize) for answer in answers]
        kept = [one for one in moved if one is not None]
        if len(kept) < len(moved):
            return after | {"context": context}, True
        return after | write_answers(values, kept), False

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return exact match and F1 by SQuAD's rules, with and without an answer too."""
        records = self.predictions(outcome)
        answered = [record for record in records if record["answers"]]
        unanswerable = [record for record in records if not record["answers"]]
        return {
            "rows": len(records),
            "labels": [],
            "metrics": {
                "exact_match": _mean(records, "exact"),
                "f1": _mean(records, "f1"),
                "answerable_exact": _mean(answered, "exact"),
                "answerable_f1": _mean(answered, "f1"),
                "unanswerable_accuracy": _mean(unanswerable, "exact"),
            },
        }

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives exact match and F1 of some questions."""
        names = {"exact_match": "exact", "f1": "f1"}
        held = {name: np.asarray([r[key] for r in records], float) for name, key in names.items()}
        return lambda places: {name: float(values[places].mean()) for name, values in held.items()}

    def is_wrong(self, record: Record) -> bool:
        """Say whether an answer is not exactly right."""
        return not record["exact"]


def _mean(records: list[Record], name: str) -> float | None:
    return sum(record[name] for record in records) / len(records) if records else None
