"""Translation: a model reads a text in one language and writes it in another.

Baselines: the source as it is (names and numbers are right in it), and a translation memory: what
the source that is most alike among the training rows was translated to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..spec import RunSpec
from . import _seq2seq as seq2seq
from ._bleu import chrf_counts, chrf_of, corpus_scores, sentence_chrf
from ._decoder import as_decoder
from ._labelling import Labelling
from ._losses import class_loss
from ._pairs import check, pairs_of
from ._requests import code_of, translation_request
from .contract import Column, Kind, Metric, Outcome, Record, Role, Task

# Of the sources, so many are compared with all those of the training rows at once.
CHUNK_ROWS = 256
ASKED = "Translate the following text.\n\n{source}"


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return loss, accuracy of tokens, BLEU and chrF of all texts together."""
    return seq2seq.evaluate_with(outcome, corpus_scores)


def baselines(outcome: Outcome, train: Any) -> dict[str, list[Record]]:
    """Return the sources themselves, and the translations of those most like them."""
    setup = outcome.setup
    pairs = pairs_of(outcome.table[:], setup)
    known = pairs_of(train[:], setup)
    asked = [[pair.asked(setup) for pair in some] for some in (pairs, known)]
    return {
        "nearest_source": seq2seq.baseline(
            [known[place].references[0] for place in _nearest(*asked)]
        ),
        "copy": seq2seq.baseline([pair.source for pair in pairs]),
    }


def _nearest(sources: list[str], known: list[str]) -> list[int]:
    """Return for each source the place of the known one that shares most rare letter groups."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigher = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    ours, theirs = weigher.fit_transform(known), weigher.transform(sources)
    places: list[int] = []
    for start in range(0, len(sources), CHUNK_ROWS):
        alike = theirs[start : start + CHUNK_ROWS] @ ours.T
        places += alike.toarray().argmax(axis=1).tolist()
    return places


def predictions(outcome: Outcome) -> list[Record]:
    """Return source, translation and reference of each example, with chrF and the loss."""
    return seq2seq.predictions(outcome, "chrf", sentence_chrf)


def rescore(records: list[Record]) -> Callable[[Any], dict[str, float]]:
    """Return what gives chrF of some texts together."""
    held = np.asarray([chrf_counts(one["label"], one["predicted"]) for one in records])
    return lambda places: {"chrf": chrf_of(held[places].sum(axis=0))}


def request(spec: RunSpec, train: Any, asked: str, answered: str) -> str:
    """Return what a model that follows instructions is asked, by the languages of spec or data."""
    data = spec.data
    return translation_request(
        code_of(data.source_language, asked), code_of(data.target_language, answered)
    )


def by_kind(task: Task, spec: RunSpec, kind: Kind | None) -> Task:
    """Return the task with a prompt and its answer, for models that go on with what they read."""
    if kind == "decoder":
        return as_decoder(task, pairs_of, ASKED, request)
    return seq2seq.from_encoder(task) if kind == "encoder" else task


TASK = Task(
    name="translation",
    roles=(
        Role(
            "source",
            "text",
            required=True,
            usual_names=("source", "src", "source_text", "en", "english", "原文", "源文", "英文"),
        ),
        Role(
            "target",
            "text",
            required=True,
            usual_names=(
                "target", "tgt", "target_text", "translation", "zh", "chinese", "译文", "中文",
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
        Metric("bleu"),
        Metric("chrf"),
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
        Column("chrf", "number"),
        Column("loss", "number"),
    ),
    figures=(),
    leading=("bleu", "chrf", "loss"),
    compared=("bleu", "chrf"),
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
    rescore=rescore,
    line=seq2seq.line,
)  # fmt: skip
