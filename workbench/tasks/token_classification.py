"""Token classification: the names of people, places and other things, word by word.

Whatever scheme the tags are in, the model learns BIO. The first piece of a word bears its tag;
its other pieces are not learned from. Chinese goes character by character.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..language import text as say
from ..sources.paths import bare_name
from ._dynamics import of_tokens
from ._labelling import Labelling, Values, word_indices
from ._padding import pad
from ._records import Batch, Column, Metric, Outcome, Record, Role, RowError, Setup
from ._scores import cross_entropy, softmax
from ._sentences import (
    IGNORED,
    coloured,
    encode_windows,
    encode_words,
    joined,
    on_pieces,
    words_of,
)
from ._tags import (
    OUTSIDE,
    TAG,
    as_bio,
    entities,
    entity_rescore,
    entity_scores,
    read_conll,
)
from .base import ClassifyingTask

TABLES = (".json", ".jsonl", ".ndjson", ".csv")


def shown(record: Record, name: str) -> Any:
    """Return the coloured sentence of a record with its true or its predicted tags."""
    return coloured(record["tokens"], record[name]) if record.get(name) is not None else "–"


class TagLabelling(Labelling):
    """How people mark the names in a sentence."""

    def shown(self, values: Values) -> str:
        """Return the sentence."""
        return joined(values["tokens"])

    def cell(self, values: Values, decided: Any) -> list[str]:
        """Return the tags of a sentence's words that spans of its characters amount to."""
        words = values["tokens"]
        places = word_indices(words, joined(words))
        found = []
        for span in decided:
            inside = [n for n, (a, b) in enumerate(places) if a < span["end"] and b > span["start"]]
            if inside:
                found.append((span["label"], inside[0], inside[-1]))
        return as_bio(found, len(words))

    def decided(self, values: Values) -> list[Record]:
        """Return the spans of characters that the tags of a sentence amount to."""
        words = values["tokens"]
        text, places = joined(words), word_indices(words, joined(words))
        spans = [(kind, places[first][0], places[last][1]) for kind, first, last in
                 entities(values["tags"])]  # fmt: skip
        return [{"start": a, "end": b, "text": text[a:b], "label": kind} for kind, a, b in spans]

    def suggested(self, prediction: Values) -> Any:
        """Return the spans that a model gives."""
        return self.decided({**prediction, "tags": prediction["predicted"]})


class TokenClassification(ClassifyingTask):
    """A tag for each word of a sentence: the names of people, places and other things."""

    name = "token-classification"
    roles = (
        Role(
            "tokens",
            "object",
            required=True,
            common_names=("tokens", "words", "token", "text", "sentence", "词", "字", "句子"),
        ),
        Role(
            "tags",
            "labels",
            required=True,
            common_names=(
                "tags", "ner_tags", "ner", "labels", "entities", "label", "tag", "标签", "标注",
            ),
            answer=True,
        ),
    )  # fmt: skip
    labelling = TagLabelling("spans", "tags", "tokens")
    auto_class = "AutoModelForTokenClassification"
    options = (
        "train.label_smoothing_factor", "train.class_weights", "train.label_weights",
    )  # fmt: skip
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("precision", followed=True, share=True),
        Metric("recall", followed=True, share=True),
        Metric("f1", followed=True, share=True),
        Metric("accuracy", followed=True, share=True),
        Metric("f1_macro", share=True),
    )
    leading = ("f1", "precision", "recall", "accuracy")
    compared = ("f1", "precision", "recall")
    figures = ("per_class",)
    columns = (
        Column("row", "number"),
        Column("label", cell=lambda record: shown(record, "label")),
        Column("predicted", cell=lambda record: shown(record, "predicted")),
        Column("confidence", "share"),
        Column("loss", "number"),
    )
    answers_point_at_texts = True

    def read_file(self, text: str, name: str) -> tuple[list[Record], list[str]] | None:
        """Read a CoNLL file: a word and its tag on each line, empty lines between sentences."""
        if bare_name(name).endswith(TABLES):
            return None
        found = read_conll(text)
        if found is None:
            return None
        rows, cut = found
        return rows, [say("data.note.word_places", count=f"{cut:,}")] if cut else []

    def read(self, values: Record, repaired: Any) -> Record:
        """Take sentences with as many tags as words; tags of other schemes become BIO."""
        tags = values.get("tags")
        words = words_of(values["tokens"], len(tags or ()))
        if not words:
            raise RowError("empty_text")
        if tags is None:
            return values | {"tokens": words}
        if len(words) != len(tags):
            raise RowError("tag_count", f"{len(words)} ≠ {len(tags)}: {' '.join(words)}")
        strange = [tag for tag in tags if not TAG.match(tag)]
        if strange and all(tag.isdecimal() for tag in tags):
            raise RowError("numbered_tags", " ".join(tags))
        if strange and (len(strange) < len(tags) or not all(map(is_class, tags))):
            raise RowError("no_tag", strange[0])
        if strange:
            return values | {"tokens": words, "tags": list(tags)}
        plain = as_bio(entities(tags), len(tags))
        if plain != tags:
            place = next(n for n, tag in enumerate(tags) if tag != plain[n])
            repaired("tags_as_bio", f"{words[place]}: {tags[place]} → {plain[place]}")
        return values | {"tokens": words, "tags": plain}

    def normalized(self, values: Record, normalize: Callable[[str], Any]) -> tuple[Record, bool]:
        """Mend each word of a sentence; those that would part or vanish stay: tags count."""
        held = values.get("tokens")
        if isinstance(held, str):
            after = normalize(held)
            return (
                (values, after != held) if "tags" in values else (values | {"tokens": after}, False)
            )
        if not isinstance(held, list) or not all(isinstance(word, str) for word in held):
            return values, False
        wished = [normalize(word) for word in held]
        pairs = zip(held, wished, strict=True)
        words = [new if new and len(new.split()) == len(old.split()) else old for old, new in pairs]
        return values | {"tokens": words}, words != wished

    def labels_of(self, values: Record) -> list[str]:
        """Return the tags of a sentence, and those that could have been: B goes with I."""
        tags = values["tags"]
        if tags and not TAG.match(tags[0]):
            return [*tags]
        kinds = {tag.partition("-")[2] for tag in tags if tag != OUTSIDE}
        possible = {OUTSIDE, *(f"{mark}-{kind}" for kind in kinds for mark in "BI")}
        return [*tags, *sorted(possible - set(tags))]

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the pieces of each sentence: windows go over it, uncut."""
        encoded = encode_words(setup, [words_of(held) for held in batch["tokens"]])
        return [len(ids) for ids in encoded["input_ids"]]

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn words into pieces, and their tags into the labels of their first pieces.

        A sentence longer than `max_tokens` is read in windows. `first` says which piece of a window
        is the first of each word; -1 where there is none, for a word that another window has or
        that the tokenizer drops. A window without a word is left out of training: a batch of it
        would have no loss.

        Raises:
            ModelError: the tokenizer does not say which piece comes from where.
        """
        inputs = encode_windows(setup, [words_of(held) for held in batch["tokens"]])
        owners = inputs.pop("sentence")
        if "tags" in batch:
            inputs["labels"] = [
                on_pieces(first, batch["tags"][n][begin : begin + len(first)], len(ids))
                for first, begin, n, ids in zip(
                    inputs["first"], inputs["begin"], owners, inputs["input_ids"], strict=True
                )
            ]
        if "row" in batch:
            inputs["row"] = [batch["row"][n] for n in owners]
        if training:
            seen = [n for n, first in enumerate(inputs["first"]) if max(first) >= 0]
            inputs = {name: [held[n] for n in seen] for name, held in inputs.items()}
        return inputs

    def collate(self, rows: list[Record], setup: Setup) -> dict[str, Any]:
        """Pad a batch; what is padded has no label.

        Shapes:
            input_ids, attention_mask, labels: (B, T).
        """
        return pad(rows, setup.tokenizer, {"labels": IGNORED} if "labels" in rows[0] else None)

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Keep of each piece the likeliest tag and the loss: (B, T, 2)."""
        import torch

        losses = torch.nn.functional.cross_entropy(
            logits.float().transpose(1, 2), labels, ignore_index=IGNORED, reduction="none"
        )
        return torch.stack([logits.argmax(dim=-1).float(), losses], dim=-1)

    def score(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return the scores that are followed, of the words that were not cut off."""
        known = labels != IGNORED
        true = [_names(setup, row[mask]) for row, mask in zip(labels, known, strict=True)]
        said = [_names(setup, row[mask, 0]) for row, mask in zip(kept, known, strict=True)]
        found = entity_scores(true, said)
        return {
            "loss": float(kept[..., 1][known].mean()),
            **{name: found[name] for name in ("precision", "recall", "f1")},
            "accuracy": float((kept[..., 0] == labels)[known].mean()),
        }

    def only_answer(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> str:
        """Name the tag that all words got although the true ones differ."""
        known = labels != IGNORED
        said, true = kept[..., 0][known], labels[known]
        if len(said) and (said == said[0]).all() and not (true == true[0]).all():
            return setup.labels[int(said[0])]
        return ""

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> list[Any]:
        """Return the logits of each word: one array (words, C) a sentence.

        A word that the model did not see has NaN.
        """
        logits = super().infer(model, inputs, rows, setup)
        answers = []
        for row, own in zip(rows, logits, strict=True):
            first = np.asarray(row["first"], int)
            words = np.full((len(first), own.shape[-1]), np.nan, np.float32)
            words[first >= 0] = own[first[first >= 0]]
            answers.append(words)
        return answers

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return entity scores by seqeval's definition, for all and for each type, and by word."""
        outcome = by_sentence(outcome)
        true, said = _true(outcome), [_said(own, outcome.setup) for own in outcome.outputs]
        found = entity_scores(true, said)
        pairs = [pair for row in zip(true, said, strict=True) for pair in zip(*row, strict=True)]
        losses = np.concatenate(_losses(outcome))
        return {
            "rows": len(true),
            "labels": outcome.setup.labels,
            "metrics": {
                "loss": float(np.nanmean(losses)) if np.isfinite(losses).any() else None,
                **{name: found[name] for name in ("precision", "recall", "f1", "f1_macro")},
                "accuracy": sum(a == b for a, b in pairs) / len(pairs),
            },
            "per_class": found["per_class"],
            "unseen_words": int(np.isnan(losses).sum()),
        }

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[np.ndarray]]:
        """Return the tags that each word had in the training rows; of new words, those of all."""
        classes = len(outcome.setup.labels)
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        for words, tags in zip(train["tokens"][:], train["tags"][:], strict=True):
            for word, tag in zip(words, tags, strict=True):
                counts[word][tag] += 1
        every = sum(counts.values(), Counter())
        shares = np.array([every[n] + 1e-3 for n in range(classes)])
        shares /= shares.sum()
        # One word's worth of all words decides ties, and keeps what was never seen possible.
        known = {
            word: np.log(np.array([held[n] for n in range(classes)]) + 0.1 * shares)
            for word, held in counts.items()
        }
        unknown = np.log(shares)
        answers = {
            row["row"]: np.array([known.get(word, unknown) for word in row["tokens"]])
            for row in outcome.table
        }
        places = zip(outcome.rows["row"][:], _begins(outcome), strict=True)
        return {"most_frequent_tag": [answers[row][begin:] for row, begin in places]}

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return the words of each sentence, their tags, the true ones, and the mean loss."""
        outcome = by_sentence(outcome)
        records = []
        for row, own in zip(outcome.table, outcome.outputs, strict=True):
            words = words_of(row["tokens"])
            sure = softmax(own).max(axis=-1)
            records.append(
                {
                    "row": row["row"],
                    "text": row["tokens"] if isinstance(row["tokens"], str) else joined(words),
                    "tokens": words,
                    "predicted": _said(own, outcome.setup),
                    "confidence": float(np.nanmin(sure)) if np.isfinite(sure).any() else None,
                }
            )
        if "tags" in outcome.table.column_names:
            for record, tags, losses in zip(records, _true(outcome), _losses(outcome), strict=True):
                seen = losses[np.isfinite(losses)]
                record |= {"label": tags, "loss": float(seen.mean()) if len(seen) else 0.0}
        return records

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives precision, recall and F1 of the entities of some sentences."""
        return entity_rescore(
            [record["label"] for record in records], [record["predicted"] for record in records]
        )

    def line(self, record: Record) -> str:
        """Return a prediction as one line: the entities with their types, and the text."""
        text = record["text"]
        places = word_indices(record["tokens"], text)
        found = [
            f"{text[places[first][0] : places[last][1]]} [{kind}]"
            for kind, first, last in entities(record["predicted"])
        ]
        return f"{', '.join(found) or '–'}\t{text}"

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each of its rows."""
        return of_tokens(outputs.logits, labels)


def is_class(tag: str) -> bool:
    """Say whether a tag without a scheme is the class of a word, such as NOUN; numbers are none."""
    return bool(tag) and not tag.lstrip("-").isdecimal()


def _names(setup: Setup, numbers: Any) -> list[str]:
    return [setup.labels[int(number)] for number in numbers]


def _said(own: np.ndarray, setup: Setup) -> list[str]:
    """Return the likeliest tag of each word; a word that was not seen is in no entity."""
    seen = np.isfinite(own).all(axis=-1)
    tags = [OUTSIDE] * len(own)
    for place in np.flatnonzero(seen):
        tags[place] = setup.labels[int(own[place].argmax())]
    return tags


def by_sentence(outcome: Outcome) -> Outcome:
    """Return an outcome with one array (words, C) a sentence: what its windows say, together."""
    words = {row["row"]: len(words_of(row["tokens"])) for row in outcome.table}
    found: dict[int, np.ndarray] = {}
    places = zip(outcome.rows["row"][:], _begins(outcome), outcome.outputs, strict=True)
    for row, begin, own in places:
        held = found.setdefault(row, np.full((words[row], own.shape[-1]), np.nan, own.dtype))
        part = held[begin : begin + len(own)]
        np.copyto(part, own, where=~np.isnan(own))
    return replace(outcome, outputs=[found[row] for row in outcome.table["row"][:]])


def _begins(outcome: Outcome) -> list[int]:
    """Return the word with which each window begins."""
    rows = outcome.rows
    return rows["begin"][:] if "begin" in rows.column_names else [0] * len(rows)


def _true(outcome: Outcome) -> list[list[str]]:
    return [_names(outcome.setup, tags) for tags in outcome.table["tags"][:]]


def _losses(outcome: Outcome) -> list[np.ndarray]:
    return [
        cross_entropy(own, np.asarray(tags, int))
        for own, tags in zip(outcome.outputs, outcome.table["tags"][:], strict=True)
    ]


TASK = TokenClassification()
