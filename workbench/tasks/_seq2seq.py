"""What summarization and translation share: a model reads one text and writes another.

Shapes:
    B rows, S source tokens, T target tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..language import text as say
from ..spec import RunSpec
from . import _forward as plain
from ._batching import inner_of
from ._dynamics import of_written
from ._encode import count_tokens, encode_texts, encoder_of
from ._fitting import fitted, is_lost
from ._generating import OPTIONS as GENERATES
from ._generating import cut_at_stop_strings, seed_of, set_generation_config, stop_settings
from ._guessing import IGNORED, means, sums
from ._languages import speak, start_with_language
from ._losses import Objective, class_loss
from ._padding import pad
from ._pairs import Pair, aspects, check, pairs_of
from ._records import Batch, CutAnswers, Kind, Outcome, Record, Setup
from .base import GeneratingTask, Task

# Longer targets are counted as this long.
LONGEST_TOKENS = 1_000_000

ASKED = ("data.prefix", "data.prompt_template", "train.label_smoothing_factor")
OPTIONS = (
    "data.prefix", "data.prompt_template", "data.several_targets", "data.source_language",
    "data.target_language", "train.label_smoothing_factor", *GENERATES,
)  # fmt: skip


class Seq2SeqTask(GeneratingTask):
    """Reading one text and writing another, as an encoder with a decoder does it."""

    auto_class = "AutoModelForSeq2SeqLM"
    begun = False
    """Whether the decoder starts with the token that begins each text: one made of an encoder."""

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task for an encoder that is given a decoder made of itself, too."""
        if self.begun == (kind == "encoder"):
            return self
        task = copy(self)
        task.begun = not self.begun
        return task

    def pairs(self, batch: Batch, setup: Setup) -> list[Pair]:
        """Return what is to be read, and what is right to write."""
        return pairs_of(batch, setup)

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn sources, and where there are targets these as labels, into token ids.

        Targets are cut after as many tokens as may be written.
        """
        speak(setup)
        pairs = self.pairs(batch, setup)
        cut = lost = [False] * len(pairs)
        if setup.spec.data.prompt_template:  # or what stands behind the text would be cut off
            limited = [
                fitted(pair, setup, setup.max_tokens, partial(_count, setup)) for pair in pairs
            ]
            lost = [is_lost(whole, pair) for whole, (pair, _) in zip(pairs, limited, strict=True)]
            pairs, cut = [pair for pair, _ in limited], [one for _, one in limited]
        found = encode_texts(setup, [pair.asked(setup) for pair in pairs])
        found["cut"], found["lost"] = cut, lost
        found["row"] = [pair.row for pair in pairs]
        if all(pair.references for pair in pairs):
            found["labels"] = _labels(pairs, setup, room(setup), self.begun)
        return found

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of each source before it is cut, with what stands before it."""
        aspect = max(aspects(setup), key=len, default="")
        pairs = [Pair(0, source, [], aspect) for source in batch["source"]]
        return count_tokens(setup, [pair.asked(setup) for pair in pairs])

    def cut_answers(self, batch: Batch, setup: Setup) -> CutAnswers:
        """Return the tokens of targets that are longer than may be written, and what limits them.

        They are cut there when they are learned, so the model also never learns to end them.
        """
        limit = room(setup)
        why = "written" if limit == setup.spec.generate.max_new_tokens else "model"
        speak(setup)
        longest = dict.fromkeys(batch["row"], 0)
        pairs = self.pairs(batch, setup)
        for pair, ids in zip(pairs, _labels(pairs, setup, LONGEST_TOKENS, self.begun), strict=True):
            longest[pair.row] = max(longest[pair.row], len(ids))
        return {why: (limit, [count if count > limit else 0 for count in longest.values()])}

    def loss(self, setup: Setup) -> Objective:
        """Return the mean over the tokens that are to be written."""
        return class_loss(setup)

    def adapt(self, model: Any, setup: Setup) -> None:
        """Let the model write as the spec says, from now on and wherever it is taken.

        A model of many languages begins with the token of the right one.
        """
        set_generation_config(model.generation_config, setup, room(setup))
        start_with_language(model, setup)
        for module in model.modules():
            if "Sinusoidal" in type(module).__name__:  # Marian's positions: a formula, never saved
                module.requires_grad_(False)

    def collate(self, rows: list[Record], setup: Setup) -> dict[str, Any]:
        """Make a batch of tensors, padded to the longest source and the longest target.

        Shapes:
            input_ids, attention_mask: (B, S); labels: (B, T), `IGNORED` behind their end.
        """
        import torch

        batch = pad(rows, setup.tokenizer)
        batch.pop("token_type_ids", None)  # one text alone: all of one type
        if "labels" in rows[0]:
            width = max(len(row["labels"]) for row in rows)
            filled = [[*row["labels"], *[IGNORED] * (width - len(row["labels"]))] for row in rows]
            batch["labels"] = torch.tensor(filled)
        return batch

    def forward(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Return what a model makes of a batch: its decoder reads the labels, one token later."""
        if "labels" not in inputs:
            return plain.forward(model, inputs)
        read = shifted_right(inner_of(model), inputs["labels"])
        return plain.forward(model, inputs | {"decoder_input_ids": read})

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Return the sums of the losses of a validation batch: (B, 3)."""
        return sums(logits, labels)

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each row, given the true tokens before each."""
        return of_written(outputs.logits, labels)

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> list[Record]:
        """Return for each row the sums of its losses, and what the model writes."""
        inputs = dict(inputs)
        labels = inputs.pop("labels", None)
        found = np.zeros((len(rows), 3))
        if labels is not None:
            found = (
                sums(self.forward(model, inputs | {"labels": labels}).logits, labels).cpu().numpy()
            )
        texts = _write(model, inputs, setup)
        return [{"sums": one, "written": text} for one, text in zip(found, texts, strict=True)]


class TextPairTask(Seq2SeqTask):
    """A text that is read and one that is written, and the references it is held against."""

    options = OPTIONS
    near = ""
    """The metric by which a text is near its reference, as `nearness` measures it."""

    def check(self, setup: Setup) -> None:
        """Refuse a prompt template without a place for the text, and aspects without names.

        Raises:
            DataError: saying what to set.
        """
        check(setup)

    @abstractmethod
    def scores(self, references: list[list[str]], written: list[str]) -> dict[str, Any]:
        """Return scores of texts against their references, and `signatures` of how."""

    @abstractmethod
    def nearness(self, reference: str, written: str) -> float:
        """Return how near a text comes to one reference: `near` of that text."""

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return loss and accuracy of tokens, and the scores of the texts, of each aspect too."""
        found = means_of(outcome)
        pairs = pairs_of(outcome.table[:], outcome.setup)
        written = [answer["written"] for answer in outcome.outputs]
        scores = self.scores([pair.references for pair in pairs], written)
        signatures = scores.pop("signatures", {})
        own: dict[str, dict[str, Any]] = {}
        for name in aspects(outcome.setup):
            places = [place for place, pair in enumerate(pairs) if pair.aspect == name]
            if places:
                each = self.scores(
                    [pairs[i].references for i in places], [written[i] for i in places]
                )
                each.pop("signatures", None)
                own[name] = {"rows": len(places), **each}
        metrics = {**found, **scores}
        return {
            "rows": len(pairs),
            "signatures": signatures,
            "metrics": metrics,
            **({"aspects": own} if own else {}),
        }

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return source, what was written, the nearest reference, its score, and the loss.

        Each aspect has a record of its own, which names it.
        """
        records = []
        pairs = pairs_of(outcome.table[:], outcome.setup)
        for pair, answer in zip(pairs, outcome.outputs, strict=True):
            written = answer["written"]
            record = {"row": pair.row, "source": pair.source, "predicted": written}
            record |= {"aspect": pair.aspect} if pair.aspect else {}
            if pair.references:
                scores = [self.nearness(one, written) for one in pair.references]
                score = max(scores)
                nearest = pair.references[scores.index(score)]
                record |= {"label": nearest, self.near: score}
                loss = means(answer["sums"])["loss"]
                record |= {} if loss is None else {"loss": loss}
            records.append(record)
        return records

    def line(self, record: Record) -> str:
        """Return a prediction as one line: what was written, then the source."""
        return "\t".join(" ".join(text.split()) for text in (record["predicted"], asked(record)))


def _count(setup: Setup, pair: Pair) -> int:
    return count_tokens(setup, [pair.asked(setup)])[0]


def _labels(pairs: list[Pair], setup: Setup, limit: int, begun: bool) -> list[list[int]]:
    """Return what the model shall write: each text, then the token that ends it; no more than that.

    Where a tokenizer of encoders begins each text with a token, that one is given, not written: a
    decoder that had to write it again would learn to repeat it.
    """
    tokenizer = setup.tokenizer
    begun |= tokenizer.bos_token_id is None and tokenizer.cls_token_id is not None
    starts = {tokenizer.bos_token_id, tokenizer.cls_token_id} - {None}
    end = tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id

    def ended(ids: list[int]) -> list[int]:
        if begun and ids[0] in starts:
            ids = ids[1:]
        # mBART's language stands after the end.
        return ids if end is None or end in ids[-2:] else [*ids[: limit - 1], end]

    texts = [pair.references[0] for pair in pairs]
    encoder = replace(encoder_of(setup), prefix="")
    found = encoder(texts, target=True, truncation=True, max_length=limit + begun)
    return [ended(ids) for ids in found["input_ids"]]


def room(setup: Setup) -> int:
    """Return how many tokens may be written: as asked, but no more than the model can take."""
    limits = getattr(setup.tokenizer, "limits", None)
    model = limits.written if limits else int(setup.tokenizer.model_max_length)
    return min(setup.spec.generate.max_new_tokens, model - 1)


def shifted_right(model: Any, labels: Any) -> Any:
    """Return what a decoder reads while it learns to write `labels`: (B, T)."""
    import torch

    if hasattr(model, "prepare_decoder_input_ids_from_labels"):
        # FSMT's would make padding of the labels themselves, to be learned.
        return model.prepare_decoder_input_ids_from_labels(labels=labels.clone())
    start = torch.full_like(labels[:, :1], model.config.decoder_start_token_id)
    moved = torch.cat([start, labels[:, :-1]], dim=1)
    return moved.masked_fill(moved < 0, model.config.pad_token_id)


def _write(model: Any, inputs: dict[str, Any], setup: Setup) -> list[str]:
    """Let the model write, as `adapt` told it."""
    how = {"use_cache": can_cache(model), **stop_settings(setup)}
    found = plain.write(model, inputs, seed=seed_of(setup), **how)
    language = model.generation_config.forced_bos_token_id  # not all tokenizers call it special
    bare = [[one for one in ids if one != language] for ids in found]
    return cut_at_stop_strings(setup.tokenizer.batch_decode(bare, skip_special_tokens=True), setup)


def can_cache(model: Any) -> bool:
    """Return whether writing may go on from kept keys and values.

    transformers 5.23 makes room for as many decoder layers as the encoder has.
    """
    decoder = getattr(model.config, "num_decoder_layers", None)
    return decoder is None or decoder == model.config.num_hidden_layers


def means_of(outcome: Outcome) -> dict[str, float | None]:
    """Return loss and accuracy of tokens over all rows."""
    return means(np.array([answer["sums"] for answer in outcome.outputs]))


def baseline(texts: list[str]) -> list[Record]:
    """Return texts that a rule gave in the form of `infer`: with no loss."""
    return [{"sums": np.zeros(3), "written": text} for text in texts]


def asked(record: Record) -> str:
    """Return the source of a record, after the aspect that was asked for."""
    return ": ".join(filter(None, (record.get("aspect"), record["source"])))


def text_cell(name: str) -> Any:
    """Return what shows a text of a record under another column's name, and that one is empty."""

    def cell(record: Record) -> str:
        text = record.get(name)
        return "–" if text is None else text if text.strip() else say("playground.nothing")

    return cell
