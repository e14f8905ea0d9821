"""A task of reading one text and writing another, done by a model that goes on with a prompt.

The prompt is `data.prompt_template` with the text in it, as the user's turn of the model's chat
template, or in the plain one; the answer is learned, with the token that ends it. What is too long
is the text, never what is asked of it (see `_fitting`).

Shapes:
    B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ..spec import RunSpec
from . import _causal as causal
from ._as_written import as_saved
from ._fitting import fitted, is_lost
from ._generating import set_generation_config
from ._guessing import IGNORED
from ._losses import next_token_loss
from ._pairs import Pair, aspects
from ._prompts import Prompt, Tokens, asked_tokens, whole_tokens
from ._seq2seq import PairsOf, room
from .contract import Batch, CutAnswers, Record, Setup, Task


def as_decoder(
    task: Task, pairs_of: PairsOf, default: str, request: Callable[[RunSpec, Any, str, str], str]
) -> Task:
    """Return the task as decoders do it; `default` is what they are asked without a template."""
    return replace(
        task,
        auto_class="AutoModelForCausalLM",
        encode=partial(encode, pairs_of, default),
        lengths=partial(lengths, pairs_of, default),
        cut_answers=partial(cut_answers, pairs_of, default),
        settings=lambda setup: {"is_decoder": True},
        adapt=adapt,
        as_saved=as_saved,
        collate=causal.collate,
        forward=causal.forward,
        loss=next_token_loss,
        keep=causal.keep,
        observe=causal.observe,
        infer=causal.infer,
        request=request,
    )


def encode(
    pairs_of: PairsOf, default: str, batch: Batch, setup: Setup, training: bool
) -> dict[str, list[Any]]:
    """Turn prompts, and where there are answers these behind them, into token ids and labels.

    `cut` says whose source was cut, `lost` whether an answer stood in that part alone. Rows to be
    checked also have the tokens of the `prompt`.
    """
    rows: list[Record] = []
    limit = read_at_most(setup)
    for whole in pairs_of(batch, setup):
        pair, cut = fitted(whole, setup, limit, partial(_count, setup, default))
        prompt = _prompt(pair, setup, default)
        found = _ended(whole_tokens(prompt, setup), room(setup))
        row = {
            "row": pair.row,
            "input_ids": found.ids,
            "labels": [
                one if own else IGNORED for one, own in zip(found.ids, found.learned, strict=True)
            ],
            "cut": cut,
            "lost": cut and is_lost(whole, pair),
        }
        if not training:
            row |= {"prompt": asked_tokens(prompt, setup), "written": True}
        rows.append(row)
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {"row": []}


def read_at_most(setup: Setup) -> int:
    """Return the most tokens of a prompt: as asked, and so that the answer has room behind it."""
    limit = int(setup.tokenizer.model_max_length)
    return max(1, min(setup.max_tokens, limit - room(setup)))


def _prompt(pair: Pair, setup: Setup, default: str) -> Prompt:
    asked = pair.asked(setup, setup.spec.data.prompt_template or default)
    reference = pair.references[0] if pair.references else None
    return Prompt(asked, [{"role": "user", "content": asked}], "", reference)


def _count(setup: Setup, default: str, pair: Pair) -> int:
    return len(asked_tokens(_prompt(pair, setup, default), setup))


def _ended(found: Tokens, limit: int) -> Tokens:
    """Return tokens with at most so many of the answer, of which the last one ends it."""
    size = max((n + 1 for n, one in enumerate(found.learned) if one), default=len(found.ids))
    kept = [*range(size)]
    if size - found.answer > limit:
        kept = [*range(found.answer + limit - 1), size - 1]
    return Tokens([found.ids[n] for n in kept], [found.learned[n] for n in kept], found.answer)


def lengths(pairs_of: PairsOf, default: str, batch: Batch, setup: Setup) -> list[int]:
    """Return the tokens of each prompt before its source is cut."""
    longest = max(aspects(setup), key=len, default="")
    asked = {name: held for name, held in batch.items() if name not in ("target", "answers")}
    found = dict.fromkeys(asked.setdefault("row", list(range(len(next(iter(asked.values())))))), 0)
    for pair in pairs_of(asked, setup):
        if pair.aspect in ("", longest):
            found[pair.row] = _count(setup, default, pair)
    return list(found.values())


def cut_answers(pairs_of: PairsOf, default: str, batch: Batch, setup: Setup) -> CutAnswers:
    """Return the tokens of answers that are longer than may be written, with the limit."""
    limit = room(setup)
    longest = dict.fromkeys(batch["row"], 0)
    for pair in pairs_of(batch, setup):
        found = whole_tokens(_prompt(replace(pair, source=""), setup, default), setup)
        longest[pair.row] = max(longest[pair.row], sum(found.learned))
    why = "written" if limit == setup.spec.generate.max_new_tokens else "model"
    return {why: (limit, [count if count > limit else 0 for count in longest.values()])}


def adapt(model: Any, setup: Setup) -> None:
    """Let the model write as the spec says, from now on and wherever it is taken."""
    set_generation_config(model.generation_config, setup, room(setup))
