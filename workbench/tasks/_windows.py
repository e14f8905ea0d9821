"""A passage in overlapping windows of tokens, and the span of one that is, or may be, the answer.

Shapes:
    T tokens of a window; offsets (T, 2), negative outside the passage.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import numpy as np

from ..errors import DataError, ModelError
from ..spec import RunSpec
from ._encode import encoder_of
from ._records import Batch, Record, Setup

FEWEST_CONTEXT_TOKENS = 4


def encode(batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
    """Turn each question and its passage into as many windows as it takes.

    `labels` are the tokens of the first answer, or twice the token that stands for none, in
    windows that do not hold it whole; while training, only some of these may be taken (see
    `_chosen`). `offsets` says which characters of the passage each token
    is; -1 for all others.

    Raises:
        ModelError: the tokenizer does not say which token comes from where.
        DataError: `max_tokens` leaves no room for a passage.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    answers = batch.get("answers") or [None] * len(batch["row"])
    for row, question, context, own in zip(
        batch["row"], batch["question"], batch["context"], answers, strict=True
    ):
        windows = _windows_of(setup, question.strip(), context)
        records = [
            _window(windows, number, own, setup) for number in range(len(windows["input_ids"]))
        ]
        if training:
            holding = [record["labels"] != [record["null"]] * 2 for record in records]
            records = [records[n] for n in _chosen(holding, setup.spec, row)]
        for record in records:
            found["row"].append(row)
            for name, held in record.items():
                found[name].append(held)
    return dict(found)


def _window(windows: Any, number: int, answers: Record | None, setup: Setup) -> Record:
    """Return one window as `encode` gives it, with labels where the answers are known."""
    names = [name for name in setup.tokenizer.model_input_names if name in windows]
    record = {name: windows[name][number] for name in names}
    offsets = [
        list(span) if side == 1 and span[1] > span[0] else [-1, -1]
        for span, side in zip(
            windows["offset_mapping"][number], windows.sequence_ids(number), strict=True
        )
    ]
    ids = record["input_ids"]
    null = ids.index(setup.tokenizer.cls_token_id) if _has_null(setup, ids) else 0
    record |= {"offsets": offsets, "null": null}
    return record if answers is None else record | {"labels": _label(offsets, answers, null)}


def _windows_of(setup: Setup, question: str, context: str) -> Any:
    """Return the tokens of all windows; a question may take half the room.

    Raises:
        ModelError: the tokenizer does not say which token comes from where.
        DataError: `max_tokens` leaves no room for a passage.
    """
    tokenizer, limit = setup.tokenizer, setup.max_tokens
    if not tokenizer.is_fast:
        raise ModelError(
            "the tokenizer {tokenizer} does not say where its tokens are from, which answers need",
            "choose a model with a tokenizer.json",
            tokenizer=type(tokenizer).__name__,
        )
    encoder = encoder_of(setup)
    asked = encoder(question, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    if len(asked["input_ids"]) > limit // 2:
        question = question[: asked["offset_mapping"][limit // 2 - 1][1]]
        asked["input_ids"] = asked["input_ids"][: limit // 2]
    room = limit - len(asked["input_ids"]) - tokenizer.num_special_tokens_to_add(pair=True)
    if room < FEWEST_CONTEXT_TOKENS:
        raise DataError(
            "data.max_tokens: {limit} tokens leave no room for a passage beside the question",
            "raise it, for example to 384",
            limit=limit,
        ).at("data.max_tokens", limit, "too_small")
    return encoder(
        question,
        context,
        truncation="only_second",
        max_length=limit,
        # A window must go forward, by half its room at least.
        stride=min(setup.spec.data.stride_tokens, room // 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )


def _has_null(setup: Setup, ids: list[int]) -> bool:
    """Say whether a window has a token that stands for no answer."""
    return setup.tokenizer.cls_token_id is not None and setup.tokenizer.cls_token_id in ids


def _label(offsets: list[list[int]], answers: Record, null: int) -> list[int]:
    """Return the first and the last token of the first answer; twice `null` if it is not here."""
    if not answers["start"]:
        return [null, null]
    start = answers["start"][0]
    end = start + len(answers["text"][0])
    inside = [n for n, (a, b) in enumerate(offsets) if a < end and b > start and a >= 0]
    whole = inside and offsets[inside[0]][0] <= start and offsets[inside[-1]][1] >= end
    return [inside[0], inside[-1]] if whole else [null, null]


def _chosen(holding: list[bool], spec: RunSpec, row: int) -> list[int]:
    """Return which windows of a question are learned from, in their order.

    All that hold the answer, and of the others as many as `data.negative_windows` says, drawn from
    the seed and the number of the row. A question that no window answers keeps one at least.
    """
    others = [number for number, holds in enumerate(holding) if not holds]
    limit = spec.data.negative_windows
    if limit is None or len(others) <= limit:
        return list(range(len(holding)))
    rng = random.Random(f"{spec.train.seed} {row}")
    drawn = set(rng.sample(others, limit if any(holding) else max(1, limit)))
    return [number for number, holds in enumerate(holding) if holds or number in drawn]


def best_span(
    start: np.ndarray, end: np.ndarray, offsets: np.ndarray, longest: int
) -> tuple[int, int]:
    """Return first and last token of the best span of at most `longest` tokens of the passage."""
    outside = offsets[:, 0] < 0
    if outside.all():
        return 0, 0
    start, end = np.where(outside, -np.inf, start), np.where(outside, -np.inf, end)
    totals = [start[: len(start) - n] + end[n:] for n in range(min(longest, len(start)))]
    length = int(np.argmax([total.max() for total in totals]))
    first = int(totals[length].argmax())
    return first, first + length


def log_shares(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of each token's share: log softmax over a window, (T,)."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())
