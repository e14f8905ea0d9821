"""Texts, and prompts with answers, as the rows of tokens that a causal model learns from."""

from __future__ import annotations

from typing import Any

from ._guessing import IGNORED
from ._prompts import Prompt, prompts_of
from .contract import Batch, CutAnswers, Record, Setup

# Writing takes far longer than judging: of each thousand validation rows so many are written for.
WRITTEN_ROWS = 64
# Of a plain text, so many tokens are given, at most half of it, and the rest is to be written.
OPENING_TOKENS = 32


def encode(batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
    """Turn texts, or prompts and answers, into token ids and labels.

    With `data.packing`, training rows are filled up to `max_tokens` with several texts one after
    the other. Rows to be checked also have the tokens of the `prompt`, and whether something is
    to be `written` for them. A training row in which nothing is to be guessed, such as the last
    token of a text alone, is left out: a batch of it would have no loss.
    """
    rows = _text_rows(batch, setup) if is_plain(batch, setup) else _answer_rows(batch, setup)
    for row in rows:
        row["labels"][0] = IGNORED  # nothing stands before it from which to guess it
    if training:
        rows = [{name: row[name] for name in ("row", "input_ids", "labels")} for row in rows]
        if setup.spec.data.packing:
            rows = _packed(rows, setup.max_tokens)
        rows = [row for row in rows if set(row["labels"]) != {IGNORED}]
    names = rows[0] if rows else ("row", "input_ids", "labels")
    return {name: [row[name] for row in rows] for name in names}


def is_plain(batch: Batch, setup: Setup) -> bool:
    """Say whether texts are to be gone on with; a bare question means what the run learned."""
    learned = setup.spec.data.columns
    return "text" in batch or ("text" in learned and "instruction" in batch)


def _text_rows(batch: Batch, setup: Setup) -> list[Record]:
    opening = "text" not in batch  # something to go on with, not a text to be judged
    rows = []
    for place, text in enumerate(batch["instruction" if opening else "text"]):
        ids = [*_start(setup), *_ids(setup, text), *([] if opening else _end(setup))]
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


def _answer_rows(batch: Batch, setup: Setup) -> list[Record]:
    rows = []
    for place, prompt in enumerate(prompts_of(batch, setup)):
        asked, answer = _cut(*_prompt_ids(prompt, setup), setup.max_tokens)
        learned = setup.spec.train.completion_only_loss or prompt.answer is None
        rows.append(
            {
                "row": batch["row"][place],
                "input_ids": [*asked, *answer],
                "labels": [*([IGNORED] * len(asked) if learned else asked), *answer],
                "prompt": asked,
                "written": prompt.answer is None or place < WRITTEN_ROWS,
            }
        )
    return rows


def _prompt_ids(prompt: Prompt, setup: Setup) -> tuple[list[int], list[int]]:
    asked = [*([] if prompt.whole else _start(setup)), *_ids(setup, prompt.text)]
    if prompt.answer is None:
        return asked, []
    answer, end = _ids(setup, prompt.answer), _end(setup)
    return asked, answer if end and end[0] in answer else [*answer, *end]


def _cut(asked: list[int], answer: list[int], limit: int) -> tuple[list[int], list[int]]:
    """Cut what is too long: the beginning of the prompt, but not below half, then the answer."""
    room = max(limit - len(answer), limit // 2) if answer else limit
    asked = asked[-room:]
    return asked, answer[: limit - len(asked)]


def _ids(setup: Setup, text: str) -> list[int]:
    return setup.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]


def _start(setup: Setup) -> list[int]:
    """Return the token that begins a text, where it is not the one that also ends it."""
    start, end = setup.tokenizer.bos_token_id, setup.tokenizer.eos_token_id
    return [] if start is None or start == end else [start]


def _end(setup: Setup) -> list[int]:
    end = setup.tokenizer.eos_token_id
    return [] if end is None else [end]


def _packed(rows: list[Record], size: int) -> list[Record]:
    """Fill rows of `size` tokens with one text after the other; each is named after its first."""
    flat = [
        (row["row"], one, label)
        for row in rows
        for one, label in zip(row["input_ids"], row["labels"], strict=True)
    ]
    packed = []
    for start in range(0, len(flat), size):
        numbers, ids, labels = zip(*flat[start : start + size], strict=True)
        packed.append({"row": numbers[0], "input_ids": list(ids), "labels": [IGNORED, *labels[1:]]})
    return packed


def lengths(batch: Batch, setup: Setup) -> list[int]:
    """Return the tokens of each row before any cut; texts are not cut, but fill several rows."""
    if is_plain(batch, setup):
        found = [len(_ids(setup, text)) + 2 for text in batch["text"]]
        return [min(length, setup.max_tokens) for length in found]
    return [sum(map(len, _prompt_ids(prompt, setup))) for prompt in prompts_of(batch, setup)]


def cut_answers(batch: Batch, setup: Setup) -> CutAnswers:
    """Return the tokens of answers longer than may be written, and of rows whose answer is cut.

    The latter are prompt and answer together, where less than the whole answer is learned.
    """
    if is_plain(batch, setup):
        return {}
    written, learned = setup.spec.generate.max_new_tokens, setup.max_tokens
    too_long, cut = [], []
    for prompt in prompts_of(batch, setup):
        asked, answer = _prompt_ids(prompt, setup)
        kept = _cut(asked, answer, learned)[1]
        too_long.append(len(answer) if len(answer) > written else 0)
        cut.append(len(asked) + len(answer) if len(kept) < len(answer) else 0)
    why = "learned" if learned == setup.spec.data.max_tokens else "model"
    return {"written": (written, too_long), why: (learned, cut)}
