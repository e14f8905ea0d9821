"""A row's answer, whatever stands beside it in its batch.

Batches are padded on the right. Most models pay no heed to padding. Some do: they mix tokens
without a mask (FNet), pool neighbours (Funnel), or read the answer at the last place of the row
(XLNet, classifiers behind learned tokens). Others give each expert so many tokens of a batch
(Switch). Which of these a model does is found by trying it on a few rows, once, and its batches
are then cut into parts that cannot disturb each other: rows of one length, or single rows.

Shapes:
    B rows, T tokens, P learned tokens before them, C classes.
"""

from __future__ import annotations

from typing import Any

from ._batching import (
    ANSWERS,
    Batching,
    batching_of_inputs,
    batching_of_prompts,
    bears_longer_targets,
    cache_settings,
    call,
    cut,
    inner_of,
    padding_of,
)
from ._generating import seeded
from ._guessing import IGNORED

_OF_TOKENS = ("start_logits", "end_logits")
TAKEN_BY_ALL = 8  # tokens


def forward(model: Any, inputs: dict[str, Any]) -> Any:
    """Return what a model makes of a batch, each row as if it stood alone.

    The labels are for the loss, not for the model. No answer begins or ends in the padding: the
    logits of its places are the least there are.

    Shapes:
        input_ids, attention_mask: (B, T), padded on the right. Without a mask, the rows are of
        several texts, and a model of those is asked that keep them apart.
        decoder_input_ids: (B, W).
    """
    import torch

    targets = _target_lengths(model, inputs)
    inputs = {name: tensor for name, tensor in inputs.items() if name != "labels"}
    if "attention_mask" not in inputs:
        return call(model, inputs)
    parts = _parts(model, inputs, targets)
    if len(parts) == 1:
        outputs = _called(model, inputs)
    else:
        batches = [cut(inputs, rows, targets[rows[0]] if targets else None) for rows in parts]
        order = torch.tensor([row for rows in parts for row in rows]).argsort()
        outputs = _joined([_called(model, one) for one in batches], batches, order)
    padded = inputs["attention_mask"] == 0
    for name in _OF_TOKENS:
        if (logits := outputs.get(name)) is not None:
            outputs[name] = logits.masked_fill(padded, torch.finfo(logits.dtype).min)
    return outputs


def write(
    model: Any, inputs: dict[str, Any], seed: int | None = None, **settings: Any
) -> list[list[int]]:
    """Let a model with an encoder write; return the tokens of each row, to the one that ends it.

    With a `seed`, tokens are drawn, of each row by itself.

    Shapes:
        input_ids, attention_mask: (B, T), padded on the right.
    """
    found: dict[int, list[int]] = {}
    ends = model.generation_config.eos_token_id
    alone = [[row] for row in range(len(inputs["input_ids"]))]
    for rows in _parts(model, inputs) if seed is None else alone:
        with seeded(seed, model):
            written = model.generate(
                **cut(inputs, rows), **cache_settings(model), **settings
            ).tolist()
        for row, ids in zip(rows, written, strict=True):
            found[row] = ids[:1] + _to_the_end(ids[1:], ends)  # some begin with the end token
    return [found[row] for row in range(len(found))]


def write_on(
    model: Any,
    prompts: list[list[int]],
    rooms: list[int],
    padding: int,
    seed: int | None = None,
    **settings: Any,
) -> list[list[int]]:
    """Let a model go on with prompts; return the new tokens of each, to the one that ends it.

    `rooms` are the most tokens that may be added to each; `padding` fills the shorter ones. With a
    `seed`, tokens are drawn, of each prompt by itself.
    """
    import torch

    config = model.generation_config
    # These look at the tokens of the prompt, and would take the padding for some.
    penalty = settings.get("repetition_penalty", config.repetition_penalty)
    heeding = settings.get("no_repeat_ngram_size") or (penalty or 1) != 1
    batching: Batching = "none"
    if seed is None:
        batching = batching_of_prompts(model, padding, max(map(len, prompts)) + max(rooms))
    if batching == "any" and heeding:
        batching = "equal"
    parts: dict[Any, list[int]] = {}
    for row, prompt in enumerate(prompts):
        key = {"any": 0, "equal": len(prompt), "none": (row,)}[batching]
        parts.setdefault((rooms[row], key), []).append(row)
    found: dict[int, list[int]] = {}
    for rows in parts.values():
        width = max(len(prompts[row]) for row in rows)
        missing = [width - len(prompts[row]) for row in rows]
        ids = [[padding] * n + prompts[row] for n, row in zip(missing, rows, strict=True)]
        mask = [[0] * n + [1] * (width - n) for n in missing]
        with seeded(seed, model):
            written = model.generate(
                input_ids=torch.tensor(ids).to(model.device),
                attention_mask=torch.tensor(mask).to(model.device),
                max_new_tokens=rooms[rows[0]],
                pad_token_id=padding,
                **cache_settings(model),
                **settings,
            )[:, width:].tolist()
        for row, ids_after in zip(rows, written, strict=True):
            found[row] = _to_the_end(ids_after, settings.get("eos_token_id"))
    return [found[row] for row in range(len(found))]


def _parts(model: Any, inputs: dict[str, Any], targets: list[int] | None = None) -> list[list[int]]:
    """Return the rows of a batch in parts that can be answered together."""
    batching = batching_of_inputs(model, inputs)
    keys: list[list[int]] = [[] for _ in inputs["input_ids"]]
    if batching == "none":
        keys = [[row] for row in range(len(keys))]
    elif batching == "equal":
        keys = [[length] for length in inputs["attention_mask"].sum(1).tolist()]
    if (end := _read_at(model)) is not None:  # it takes only rows with equally many of them
        for key, count in zip(keys, (inputs["input_ids"] == end).sum(1).tolist(), strict=True):
            key.append(count)
    for key, length in zip(keys, targets or [], strict=False):
        key.append(length)
    parts: dict[tuple[int, ...], list[int]] = {}
    for row, key in enumerate(keys):
        parts.setdefault(tuple(key), []).append(row)
    return list(parts.values())


def _target_lengths(model: Any, inputs: dict[str, Any]) -> list[int] | None:
    """Return how many tokens a decoder reads of each row, if it heeds the padding behind them."""
    if "decoder_input_ids" not in inputs or "labels" not in inputs:
        return None
    padding = padding_of(model)
    if bears_longer_targets(model, padding):
        return None
    return [max(1, length) for length in (inputs["labels"] != IGNORED).sum(1).tolist()]


def _to_the_end(ids: list[int], ends: int | list[int] | None) -> list[int]:
    """Return tokens up to the first that ends a text: behind it stands only what fills a batch."""
    known = set(ends) if isinstance(ends, list) else {ends}
    place = next((place for place, one in enumerate(ids) if one in known), len(ids))
    return ids[: place + 1]


def _read_at(model: Any) -> int | None:
    """Return the token at whose last place a classifier with a decoder reads its answer."""
    inner = inner_of(model)
    if not inner.config.is_encoder_decoder or inner.can_generate():
        return None
    end = getattr(inner.config, "eos_token_id", None)
    return end if isinstance(end, int) else None


def _called(model: Any, inputs: dict[str, Any]) -> Any:
    """Return what a model makes of a batch; rows too short for it are filled up as it needs.

    Funnel takes no fewer than 5 tokens, CANINE no fewer than 4.
    """
    tokens = inputs["input_ids"].shape[1]
    try:
        return call(model, inputs)
    except RuntimeError:
        if tokens >= TAKEN_BY_ALL:
            raise
    padding = padding_of(model)
    wider = {
        name: one
        if name.startswith("decoder")
        else _widened(one, 1, padding if name == "input_ids" else 0)
        for name, one in inputs.items()
    }
    outputs = _called(model, wider)
    for name in ANSWERS if "decoder_input_ids" not in inputs else ():
        logits = outputs.get(name)
        if logits is not None and (name in _OF_TOKENS or logits.ndim > 2):
            outputs[name] = logits[:, :-1]
    return outputs


def _joined(found: list[Any], batches: list[dict[str, Any]], order: Any) -> Any:
    """Return the outputs of a whole batch, its rows in order, from those of its parts."""
    import torch

    read = [one.get("decoder_input_ids", one["input_ids"]).shape[1] for one in batches]
    joined: dict[str, Any] = {}
    for name in ANSWERS:
        if found[0].get(name) is None:
            continue
        tensors = [one[name] for one in found]
        if name in _OF_TOKENS or tensors[0].ndim > 2:
            tensors = [_widened(one, max(read) - n) for one, n in zip(tensors, read, strict=True)]
        whole = torch.cat(tensors)
        joined[name] = whole[order.to(whole.device)]
    if found[0].get("aux_loss") is not None:  # of a mixture of experts
        shares = [len(one["input_ids"]) / len(order) for one in batches]
        joined["aux_loss"] = sum(
            share * one["aux_loss"] for share, one in zip(shares, found, strict=True)
        )
    return type(found[0])(**joined)


def _widened(tensor: Any, missing: int, value: int = 0) -> Any:
    """Return a tensor with so many places more on the right: (B, T, …)."""
    import torch

    if not missing:
        return tensor
    more = (tensor.shape[0], missing, *tensor.shape[2:])
    return torch.cat([tensor, tensor.new_full(more, value)], dim=1)
