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
from . import _seq2seq as seq2seq
from ._decoder import as_decoder
from ._defaults import means_of
from ._labelling import Labelling
from ._losses import class_loss
from ._pairs import check, learned, pairs_of
from ._requests import summary_request
from ._rouge import SIGNATURE, rouge_l, rouge_n
from .contract import Column, Kind, Metric, Outcome, Record, Role, Task

ASKED = "Summarize the following text.\n\n{source}"
_SENTENCES = re.compile(
    r"\S.*?(?:[.!?]+[\"')\]”’]*(?=\s|$)|[。！？]+[」』”’]*|(?=\n)|$)", re.DOTALL
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, marks included; a line that ends ends one, too."""
    return [one.strip() for one in _SENTENCES.findall(text) if one.strip()]


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return loss, accuracy of tokens and ROUGE, each the mean over the examples."""
    found = seq2seq.evaluate_with(outcome, _scores)
    return found | {"figures": ["aspects"] if "aspects" in found else []}


def _scores(references: list[list[str]], written: list[str]) -> dict[str, Any]:
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


def baselines(outcome: Outcome, train: Any) -> dict[str, list[Record]]:
    """Return the first sentences of each text, and the text itself."""
    usual = np.mean([len(sentences(text)) for text in learned(train)])
    count = max(1, round(float(usual)))
    texts = [pair.source for pair in pairs_of(outcome.table[:], outcome.setup)]
    return {
        "lead": seq2seq.baseline([" ".join(sentences(text)[:count]) for text in texts]),
        "copy": seq2seq.baseline(texts),
    }


def predictions(outcome: Outcome) -> list[Record]:
    """Return text, summary and reference of each example, with ROUGE-L and the loss."""
    return seq2seq.predictions(outcome, "rouge_l", rouge_l)


def request(spec: RunSpec, train: Any, asked: str, answered: str) -> str:
    """Return what a model that follows instructions is asked: as long as those to learn from."""
    usual = np.mean([len(sentences(text)) for text in learned(train)])
    return summary_request(asked, float(usual))


def by_kind(task: Task, spec: RunSpec, kind: Kind | None) -> Task:
    """Return the task with a prompt and its answer, for models that go on with what they read."""
    if kind == "decoder":
        return as_decoder(task, pairs_of, ASKED, request)
    return seq2seq.from_encoder(task) if kind == "encoder" else task


TASK = Task(
    name="summarization",
    roles=(
        Role(
            "source",
            "text",
            required=True,
            usual_names=(
                "document", "article", "dialogue", "source", "text", "content", "body", "passage",
                "report", "transcript", "bill", "正文", "原文", "文章", "内容",
            ),
        ),
        Role(
            "target",
            "text",
            required=True,
            usual_names=(
                "summary", "highlights", "tldr", "target", "headline", "title", "abstract",
                "摘要", "总结", "标题",
            ),
            answer=True,
            may_be_several=True,
        ),
    ),
    labelling=Labelling("text", "target"),
    auto_class="AutoModelForSeq2SeqLM",
    check=check,
    encode=seq2seq.encode,
    metrics=(
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("rouge_1", share=True),
        Metric("rouge_2", share=True),
        Metric("rouge_l", share=True),
    ),
    score=seq2seq.score,
    evaluate=evaluate,
    baselines=baselines,
    predictions=predictions,
    columns=(
        Column("row", "number"),
        Column("source", cell=seq2seq.asked),
        Column("reference", "right", cell=seq2seq.told("label")),
        Column("written", "wrong", cell=seq2seq.told("predicted")),
        Column("rouge_l", "share"),
        Column("loss", "number"),
    ),
    figures=("aspects",),
    leading=("rouge_l", "rouge_1", "rouge_2", "loss"),
    compared=("rouge_1", "rouge_2", "rouge_l"),
    options=seq2seq.OPTIONS,
    data_figures=("length_histogram",),
    lengths=seq2seq.lengths,
    cut_answers=seq2seq.cut_answers,
    adapt=seq2seq.adapt,
    collate=seq2seq.collate,
    forward=seq2seq.forward,
    loss=class_loss,
    keep=seq2seq.keep,
    observe=seq2seq.observe,
    infer=seq2seq.infer,
    by_kind=by_kind,
    rescore=means_of("rouge_l"),
    line=seq2seq.line,
)  # fmt: skip
