"""Translation: a model reads a text in one language and writes it in another.

Baselines: the source as it is (names and numbers are right in it), and a translation memory: what
the source that is most alike among the training rows was translated to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..spec import RunSpec
from ._bleu import chrf_counts, chrf_of, corpus_scores, sentence_chrf
from ._decoder import PromptedTask
from ._labelling import Labelling
from ._pairs import pairs_of
from ._records import Column, Kind, Metric, Outcome, Record, Role
from ._requests import code_of, translation_request
from ._seq2seq import TextPairTask, asked, baseline, text_cell
from .base import Task

# Of the sources, so many are compared with all those of the training rows at once.
CHUNK_ROWS = 256


class Translation(TextPairTask):
    """A text in one language is read, and written in another."""

    name = "translation"
    roles = (
        Role(
            "source",
            "text",
            required=True,
            common_names=("source", "src", "source_text", "en", "english", "原文", "源文", "英文"),
        ),
        Role(
            "target",
            "text",
            required=True,
            common_names=(
                "target", "tgt", "target_text", "translation", "zh", "chinese", "译文", "中文",
            ),
            answer=True,
            may_be_several=True,
        ),
    )  # fmt: skip
    labelling = Labelling("text", "target")
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("bleu"),
        Metric("chrf"),
    )
    leading = ("bleu", "chrf", "loss")
    compared = ("bleu", "chrf")
    columns = (
        Column("row", "number"),
        Column("source", cell=asked),
        Column("reference", "right", cell=text_cell("label")),
        Column("written", "wrong", cell=text_cell("predicted")),
        Column("chrf", "number"),
        Column("loss", "number"),
    )

    near = "chrf"

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task with a prompt, for models that go on with what they read."""
        return TranslationByDecoder() if kind == "decoder" else super().for_model(spec, kind)

    def scores(self, references: list[list[str]], written: list[str]) -> dict[str, Any]:
        """Return BLEU and chrF of all texts together."""
        return corpus_scores(references, written)

    def nearness(self, reference: str, written: str) -> float:
        """Return chrF."""
        return sentence_chrf(reference, written)

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[Record]]:
        """Return the sources themselves, and the translations of those most like them."""
        setup = outcome.setup
        pairs = pairs_of(outcome.table[:], setup)
        known = pairs_of(train[:], setup)
        asked = [[pair.asked(setup) for pair in some] for some in (pairs, known)]
        return {
            "nearest_source": baseline([known[place].references[0] for place in _nearest(*asked)]),
            "copy": baseline([pair.source for pair in pairs]),
        }

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives chrF of some texts together."""
        held = np.asarray([chrf_counts(one["label"], one["predicted"]) for one in records])
        return lambda places: {"chrf": chrf_of(held[places].sum(axis=0))}


class TranslationByDecoder(PromptedTask, Translation):
    """A text is read in a prompt that asks for it in another language."""

    prompt = "Translate the following text.\n\n{source}"

    def request(self, spec: RunSpec, train: Any, asked: str, answered: str) -> str:
        """Return what a model is asked, by the languages of spec or data."""
        data = spec.data
        return translation_request(
            code_of(data.source_language, asked), code_of(data.target_language, answered)
        )


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


TASK = Translation()
