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

from ._causal import CausalTask
from ._fitting import fitted, is_lost
from ._generating import set_generation_config
from ._guessing import IGNORED
from ._pairs import Pair, aspects
from ._prompts import Prompt, Tokens, asked_tokens, whole_tokens
from ._records import Batch, CutAnswers, Record, Setup
from ._seq2seq import room


class PromptedTask(CausalTask):
    """A task of reading one text and writing another, as decoders do it."""

    has_prompt = True
    prompt = ""
    """What is asked where there is no template."""

    pairs: Callable[[Batch, Setup], list[Pair]]
    """What is to be read, and what is right to write: the method of the task."""

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn prompts, and where there are answers these behind them, into token ids and labels.

        `cut` says whose source was cut, `lost` whether an answer stood in that part alone. Rows to
        be checked also have the tokens of the `prompt`.
        """
        rows: list[Record] = []
        limit = read_at_most(setup)
        for whole in self.pairs(batch, setup):
            pair, cut = fitted(whole, setup, limit, partial(_count, setup, self.prompt))
            prompt = _prompt(pair, setup, self.prompt)
            found = _ended(whole_tokens(prompt, setup), room(setup))
            row = {
                "row": pair.row,
                "input_ids": found.ids,
                "labels": [
                    one if own else IGNORED
                    for one, own in zip(found.ids, found.learned, strict=True)
                ],
                "cut": cut,
                "lost": cut and is_lost(whole, pair),
            }
            if not training:
                row |= {"prompt": asked_tokens(prompt, setup), "written": True}
            rows.append(row)
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {"row": []}

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of each prompt before its source is cut."""
        longest = max(aspects(setup), key=len, default="")
        asked = {name: held for name, held in batch.items() if name not in ("target", "answers")}
        found = dict.fromkeys(
            asked.setdefault("row", list(range(len(next(iter(asked.values())))))), 0
        )
        for pair in self.pairs(asked, setup):
            if pair.aspect in ("", longest):
                found[pair.row] = _count(setup, self.prompt, pair)
        return list(found.values())

    def cut_answers(self, batch: Batch, setup: Setup) -> CutAnswers:
        """Return the tokens of answers that are longer than may be written, with the limit."""
        limit = room(setup)
        longest = dict.fromkeys(batch["row"], 0)
        for pair in self.pairs(batch, setup):
            found = whole_tokens(_prompt(replace(pair, source=""), setup, self.prompt), setup)
            longest[pair.row] = max(longest[pair.row], sum(found.learned))
        why = "written" if limit == setup.spec.generate.max_new_tokens else "model"
        return {why: (limit, [count if count > limit else 0 for count in longest.values()])}

    def adapt(self, model: Any, setup: Setup) -> None:
        """Let the model write as the spec says, from now on and wherever it is taken."""
        set_generation_config(model.generation_config, setup, room(setup))


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
