"""Which rows may share a batch with a row without changing its answer: found by trying.

A model is tried once, on a few tokens, in evaluation mode and in fp32: a row alone, beside another
of its length, and filled up to the length of a longer one.

Shapes:
    B rows, T tokens.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal
from weakref import WeakKeyDictionary

Company = Literal["any", "equal", "none"]  # any rows, those of one length, or no other

# Answers that differ by less, for their size, are the same, computed in another order.
TOLERANCE, ROUNDED = 1e-4, 0.05
# Tokens of a row, and of the row beside it: some models look at blocks of 64.
TRIED = ((6, 23), (6, 80))
ANSWERS = ("logits", "start_logits", "end_logits")
_SPECIAL = (
    "pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id",
    "mask_token_id", "decoder_start_token_id",
)  # fmt: skip
_found: WeakKeyDictionary[Any, dict[tuple[str, int | None], bool]] = WeakKeyDictionary()


def company_of(model: Any, padding: int | None) -> Company:
    """Return which rows may share a batch; `padding` is the token that fills them, if one does."""
    if not _bears(model, None):
        return "none"
    return "any" if padding is None or _bears(model, padding) else "equal"


def can_write_together(model: Any, padding: int) -> bool:
    """Say whether prompts of several lengths, filled on the left, are gone on with as alone."""
    return _bears(model, None) and _bears(model, padding, "left")


def filling(inputs: dict[str, Any]) -> int | None:
    """Return the token that fills the rows of a batch, None where no row is filled."""
    filled = inputs["input_ids"][inputs["attention_mask"] == 0]
    return int(filled[0]) if len(filled) else None


def call(model: Any, inputs: dict[str, Any]) -> Any:
    """Return what a model makes of those inputs that it knows of; it keeps nothing to write on."""
    known = _parameters(type(inner_of(model)))
    given = {
        name: tensor
        for name, tensor in inputs.items()
        if name in known or name not in ("attention_mask", "token_type_ids")
    }
    # With places, rows are of several texts; what is kept to write on would hide that.
    told = "use_cache" in known or "position_ids" in inputs
    return model(**given, **({"use_cache": False} if told else {}))


def cut(inputs: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """Return some rows of a batch, without the padding that none of them needs."""
    width = int(inputs["attention_mask"][rows].sum(1).max())
    return {
        name: tensor[rows] if name.startswith("decoder") else tensor[rows, :width]
        for name, tensor in inputs.items()
    }


def inner_of(model: Any) -> Any:
    """Return a model without what is around it: several processes, an adapter."""
    model = getattr(model, "module", model)
    return model.get_base_model() if hasattr(model, "get_base_model") else model


@cache
def _parameters(kind: type) -> frozenset[str]:
    return frozenset(inspect.signature(kind.forward).parameters)


def _bears(model: Any, padding: int | None, side: str = "right") -> bool:
    """Say whether a row beside another is answered, or with padding on the left written, alike."""
    known, key = _found.setdefault(model, {}), (side, padding)
    if key not in known:
        known[key] = all(_is_answered_alike(model, *sizes, padding, side) for sizes in TRIED)
    return known[key]


def _is_answered_alike(
    model: Any, tokens: int, others: int, padding: int | None, side: str
) -> bool:
    batch = _batch(model, tokens, others, padding)
    if batch is None:  # longer than the model takes
        return True
    answers = _answers if side == "right" else _written
    with trying(model):
        try:
            alone, beside = answers(model, cut(batch, [0])), answers(model, batch)
        except Exception:  # whatever it is: a row that stands alone will tell
            return False
    return all(same(model, one[0], two[0]) for one, two in zip(alone, beside, strict=True))


def same(model: Any, one: Any, two: Any) -> bool:
    """Say whether two answers are one, but for the order in which they were computed."""
    exact = all(weight.dtype.itemsize == 4 for weight in inner_of(model).parameters())
    size = max(1.0, float(one.abs().max()))
    two = two[: len(one)]  # without the padding
    return float((one - two).abs().max()) <= (TOLERANCE if exact else ROUNDED) * size


def _answers(model: Any, batch: dict[str, Any]) -> list[Any]:
    outputs = call(model, batch)
    return [outputs[name].float() for name in ANSWERS if outputs.get(name) is not None]


def _written(model: Any, batch: dict[str, Any]) -> list[Any]:
    """Return the logits of the next two tokens, with the padding put on the left."""
    ids, mask = batch["input_ids"].clone(), batch["attention_mask"].clone()
    missing = ids.shape[1] - int(mask[0].sum())
    ids[0], mask[0] = ids[0].roll(missing), mask[0].roll(missing)
    found = model.generate(
        input_ids=ids, attention_mask=mask, pad_token_id=int(batch["input_ids"][0, -1]),
        do_sample=False, num_beams=1, max_new_tokens=2, min_new_tokens=2, eos_token_id=-1,
        output_logits=True, return_dict_in_generate=True,
    )  # fmt: skip
    return list(found.logits)


def _batch(model: Any, tokens: int, others: int, padding: int | None) -> dict[str, Any] | None:
    """Return a row of arbitrary tokens beside a longer one; without padding, of the same length."""
    import torch

    inner = inner_of(model)
    config, text = inner.config, inner.config.get_text_config()
    room = getattr(text, "max_position_embeddings", None)
    room = (room if isinstance(room, int) and room > 0 else 10**6) - 4 - _learned(model)
    if room < others > TRIED[0][1]:
        return None
    width = tokens if padding is None else max(tokens, min(others, room))
    special = {getattr(text, name, None) for name in _SPECIAL} | {padding}
    usual = [
        one for one in range(min(getattr(text, "vocab_size", 300), 300)) if one not in special
    ] or [0]
    ids = torch.tensor(
        [[usual[(7 * n + 3 * row + 5) % len(usual)] for n in range(width)] for row in range(2)]
    )
    mask = torch.ones_like(ids)
    ids[0, tokens:], mask[0, tokens:] = padding or 0, 0
    end = getattr(config, "eos_token_id", None)
    if config.is_encoder_decoder and isinstance(end, int):
        ids[0, tokens - 1] = ids[1, width - 1] = end
    batch = {"input_ids": ids, "attention_mask": mask}
    if config.is_encoder_decoder and inner.can_generate():
        batch["decoder_input_ids"] = ids[:, :tokens].flip(0)
    return {name: one.to(inner.device) for name, one in batch.items()}


def _learned(model: Any) -> int:
    """Return how many learned tokens stand before the text."""
    adapter = getattr(model, "active_peft_config", None)
    return getattr(adapter, "num_virtual_tokens", 0) or 0


@contextmanager
def trying(model: Any) -> Iterator[None]:
    """Let a model answer without chance, gradients or rounding, and leave no trace."""
    import torch

    modes = [(module, module.training) for module in model.modules()]
    kind = inner_of(model).device.type
    devices = [inner_of(model).device] if kind == "cuda" else []
    model.eval()
    try:
        with (
            torch.no_grad(),
            torch.autocast(kind, enabled=False),
            torch.random.fork_rng(devices=devices),
        ):
            yield
    finally:
        for module, mode in modes:
            module.training = mode
