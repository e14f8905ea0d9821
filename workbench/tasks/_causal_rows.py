"""Texts, and prompts with answers, as the rows of tokens that a causal model learns from."""

from __future__ import annotations

from typing import Any

from ._causal import CausalTask
from ._encode import encoder_of
from ._guessing import IGNORED
from ._packing import packed
from ._prompts import asked_tokens, end_of, prompts_of, start_of, whole_tokens
from ._records import Batch, CutAnswers, Record, Setup

# Writing takes far longer than judging: of each thousand validation rows so many are written for.
WRITTEN_ROWS = 64
# Of a plain text, so many tokens are given, at most half of it, and the rest is to be written.
OPENING_TOKENS = 32


class TextRows(CausalTask):
    """How texts, or prompts with answers, become rows of tokens."""

    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn texts, or prompts and answers, into token ids and labels.

        With `data.packing`, training rows are filled with several whole texts; see `_packing`. Rows
        to be checked also have the tokens of the `prompt`, and whether something is to be `written`
        for them. A training row in which nothing is to be guessed, such as the last token of a text
        alone, is left out: a batch of it would have no loss.
        """
        if is_plain(batch, setup):
            rows = _text_rows(batch, setup)
        else:
            rows = _answer_rows(batch, setup, training)
        for row in rows:
            row["labels"][0] = IGNORED  # nothing stands before it from which to guess it
        if training:
            rows = [{name: row[name] for name in ("row", "input_ids", "labels")} for row in rows]
            rows = [row for row in rows if set(row["labels"]) != {IGNORED}]
            if setup.spec.data.packing:
                rows = packed(rows, setup.max_tokens)
        names = rows[0] if rows else ("row", "input_ids", "labels")
        return {name: [row[name] for row in rows] for name in names}

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of each row before any cut; long texts fill several rows."""
        if is_plain(batch, setup):
            found = [len(_ids(setup, text)) + 2 for text in batch["text"]]
            return [min(length, setup.max_tokens) for length in found]
        return [len(whole_tokens(prompt, setup).ids) for prompt in prompts_of(batch, setup)]

    def cut_answers(self, batch: Batch, setup: Setup) -> CutAnswers:
        """Return the tokens of answers longer than may be written, and of rows whose answer is cut.

        The latter are prompt and answer together, where less than the whole answer is learned.
        """
        if is_plain(batch, setup):
            return {}
        written, learned = setup.spec.generate.max_new_tokens, setup.max_tokens
        too_long, cut = [], []
        for prompt in prompts_of(batch, setup):
            found = whole_tokens(prompt, setup)
            whole, answer = len(found.ids), len(found.ids) - found.answer
            too_long.append(answer if answer > written else 0)
            cut.append(whole if _cut(found.answer, answer, learned)[1] < answer else 0)
        why = "learned" if learned == setup.spec.data.max_tokens else "model"
        return {"written": (written, too_long), why: (learned, cut)}


def is_plain(batch: Batch, setup: Setup) -> bool:
    """Say whether texts are to be gone on with; a bare question means what the run learned."""
    learned = setup.spec.data.columns
    return "text" in batch or ("text" in learned and "instruction" in batch)


def _text_rows(batch: Batch, setup: Setup) -> list[Record]:
    opening = "text" not in batch  # something to go on with, not a text to be judged
    rows = []
    for place, text in enumerate(batch["instruction" if opening else "text"]):
        ids = [*start_of(setup), *_ids(setup, text), *([] if opening else end_of(setup))]
        if opening:
            ids = ids[-setup.max_tokens :]
        for start in range(0, len(ids), setup.max_tokens):
            part = ids[start : start + setup.max_tokens]
            size = len(part) if opening else max(1, min(OPENING_TOKENS, len(part) // 2))
            rows.append(
                {
                    "row": batch["row"][place],
                    "input_ids": part,
                    "labels": [IGNORED] * len(part) if opening else list(part),
                    "prompt": part[:size],
                    "written": opening or (start == 0 and place < WRITTEN_ROWS),
                }
            )
    return rows


def _answer_rows(batch: Batch, setup: Setup, training: bool) -> list[Record]:
    rows = []
    for place, prompt in enumerate(prompts_of(batch, setup)):
        found = whole_tokens(prompt, setup)
        left, right = _cut(found.answer, len(found.ids) - found.answer, setup.max_tokens)
        kept = slice(found.answer - left, found.answer + right)
        ids, known = found.ids[kept], prompt.reference is not None
        learned = found.learned[kept]
        if known and not setup.spec.train.completion_only_loss:
            learned = [True] * len(ids)
        asked = [] if training else asked_tokens(prompt, setup)
        rows.append(
            {
                "row": batch["row"][place],
                "input_ids": ids,
                "labels": [one if own else IGNORED for one, own in zip(ids, learned, strict=True)],
                "prompt": asked[-left:],
                "written": not known or place < WRITTEN_ROWS,
            }
        )
    return rows


def _cut(asked: int, answer: int, limit: int) -> tuple[int, int]:
    """Return how many tokens are kept before the answer, the last of them, and how many of it.

    What is too long is cut: the beginning of the prompt, but not below half, then the answer.
    """
    room = max(limit - answer, limit // 2) if answer else limit
    left = min(asked, room)
    return left, min(answer, limit - left)


def _ids(setup: Setup, text: str) -> list[int]:
    return encoder_of(setup)(text, add_special_tokens=False, verbose=False)["input_ids"]
