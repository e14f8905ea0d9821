"""Summarization: a model reads a long text and writes a short one.

Baselines: the beginning of the text, as many sentences as the summaries of the training rows have
on average (lead-n), and the whole text. News tell the main thing first: there lead-n is hard to
beat.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..spec import RunSpec
from ._decoder import PromptedTask
from ._labelling import Labelling
from ._pairs import learned, pairs_of
from ._records import Column, Kind, Metric, Outcome, Record, Role
from ._requests import summary_request
from ._rouge import SIGNATURE, rouge_l, rouge_n
from ._scores import means_of
from ._seq2seq import TextPairTask, asked, baseline, text_cell
from .base import Task

_SENTENCES = re.compile(
    r"\S.*?(?:[.!?]+[\"')\]”’]*(?=\s|$)|[。！？]+[」』”’]*|(?=\n)|$)", re.DOTALL
)


class Summarization(TextPairTask):
    """A long text is read, and a short one written."""

    name = "summarization"
    roles = (
        Role(
            "source",
            "text",
            required=True,
            common_names=(
                "document", "article", "dialogue", "source", "text", "content", "body", "passage",
                "report", "transcript", "bill", "正文", "原文", "文章", "内容",
            ),
        ),
        Role(
            "target",
            "text",
            required=True,
            common_names=(
                "summary", "highlights", "tldr", "target", "headline", "title", "abstract",
                "摘要", "总结", "标题",
            ),
            answer=True,
            may_be_several=True,
        ),
    )  # fmt: skip
    labelling = Labelling("text", "target")
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("rouge_1", share=True),
        Metric("rouge_2", share=True),
        Metric("rouge_l", share=True),
    )
    leading = ("rouge_l", "rouge_1", "rouge_2", "loss")
    compared = ("rouge_1", "rouge_2", "rouge_l")
    figures = ("aspects",)
    columns = (
        Column("row", "number"),
        Column("source", cell=asked),
        Column("reference", "right", cell=text_cell("label")),
        Column("written", "wrong", cell=text_cell("predicted")),
        Column("rouge_l", "share"),
        Column("loss", "number"),
    )

    near = "rouge_l"

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task with a prompt, for models that go on with what they read."""
        return SummarizationByDecoder() if kind == "decoder" else super().for_model(spec, kind)

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return loss, accuracy of tokens and ROUGE, each the mean over the examples."""
        found = super().evaluate(outcome)
        return found | {"figures": ["aspects"] if "aspects" in found else []}

    def scores(self, references: list[list[str]], written: list[str]) -> dict[str, Any]:
        """Return ROUGE, the mean over the texts; of several references the nearest counts."""
        pairs = list(zip(references, written, strict=True))

        def mean(measure: Callable[..., float], *size: int) -> float:
            nearest = [max(measure(one, text, *size) for one in own) for own, text in pairs]
            return float(np.mean(nearest))

        several = "|refs:the nearest" if any(len(own) > 1 for own in references) else ""
        return {
            "rouge_1": mean(rouge_n, 1),
            "rouge_2": mean(rouge_n, 2),
            "rouge_l": mean(rouge_l),
            "signatures": {"rouge": SIGNATURE + several},
        }

    def nearness(self, reference: str, written: str) -> float:
        """Return ROUGE-L."""
        return rouge_l(reference, written)

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives the mean ROUGE-L of some records."""
        return means_of(records, "rouge_l")

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[Record]]:
        """Return the first sentences of each text, and the text itself."""
        typical = np.mean([len(sentences(text)) for text in learned(train)])
        count = max(1, round(float(typical)))
        texts = [pair.source for pair in pairs_of(outcome.table[:], outcome.setup)]
        return {
            "lead": baseline([" ".join(sentences(text)[:count]) for text in texts]),
            "copy": baseline(texts),
        }


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, marks included; a line that ends ends one, too."""
    return [one.strip() for one in _SENTENCES.findall(text) if one.strip()]


class SummarizationByDecoder(PromptedTask, Summarization):
    """A text is read in a prompt that asks for a short one."""

    prompt = "Summarize the following text.\n\n{source}"

    def request(self, spec: RunSpec, train: Any, asked: str, answered: str) -> str:
        """Return what a model is asked: for a summary as long as those to learn from."""
        typical = np.mean([len(sentences(text)) for text in learned(train)])
        return summary_request(asked, float(typical))


TASK = Summarization()
