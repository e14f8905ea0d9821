"""Tokens that a model did not know: entries of its tokenizer, and rows of its embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import ModelError, shorten
from ..spec import RunSpec
from .fit import limits_for
from .reading import quiet

# Where a model's config says from which seed the rows of new tokens were drawn.
SEED = "new_tokens_seed"


def add_tokens(tokenizer: Any, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Add tokens to a tokenizer; return those that are new, and those that it had.

    They stand for text: in a text they are found, and what is written with them is shown.

    Raises:
        ModelError: one is blank.
    """
    names = list(dict.fromkeys(names))
    if blank := next((name for name in names if not name.strip()), None):
        names.remove(blank)
    if blank is not None or "" in names:
        raise ModelError(
            "model.add_tokens: {name!r} is not a token", "give words or marks", name=blank or ""
        ).at("model.add_tokens", blank, "no_token")
    known = tokenizer.get_vocab()
    new = [name for name in names if name not in known]
    count = tokenizer.add_tokens(new) if new else 0
    if count != len(new):
        raise ModelError(
            "model.add_tokens: the tokenizer {tokenizer} takes {count} of {all} tokens ({names})",
            "leave out what it reads as another token",
            tokenizer=type(tokenizer).__name__,
            count=count,
            all=len(new),
            names=shorten(", ".join(new)),
        ).at("model.add_tokens", new, "no_token")
    limits = limits_for(tokenizer)
    if new and limits.entries is not None:
        tokenizer.limits = replace(limits, entries=max(limits.entries, len(tokenizer)))
    return new, [name for name in names if name in known]


def make_room(model: Any, spec: RunSpec, tokenizer: Any, draw: bool = True) -> None:
    """Give a model a row of its embeddings for each token that its run added to the tokenizer.

    As transformers draws them: around the mean of the rows that there are. What a model writes
    with, its output embeddings, gets as many rows; where both are one, they stay one.
    """
    if spec.model.add_tokens:
        resize(model, len(tokenizer), spec.train.seed, draw)


def resize(model: Any, size: int, seed: int, draw: bool = True) -> None:
    """Give a model at least so many rows of embeddings, drawn from `seed`."""
    import torch

    halves = [model]
    if model.config.model_type == "encoder-decoder":  # each half has its own
        halves = [model.encoder, model.decoder]
    for half in halves:
        words = half.get_input_embeddings()
        if words is None or words.weight.shape[0] >= size:
            continue
        devices = list(range(torch.cuda.device_count()))
        with quiet(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            half.resize_token_embeddings(size, mean_resizing=draw)
        setattr(half.config, SEED, seed)
        setattr(model.config, SEED, seed)
