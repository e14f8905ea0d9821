"""Which rows may share a batch with a row without changing its answer: found by trying.

A model is tried once, on a few hundred tokens, in evaluation mode and in fp32: rows alone, beside
others of their length, and filled up to the length of longer ones.

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

Batching = Literal["any", "equal", "none"]  # any rows, those of one length, or no other

# Answers that differ by less, for their size, are the same, computed in another order.
TOLERANCE, ROUNDED = 1e-4, 0.05
# Tokens of the rows that are tried: some models look at blocks of 64, or at the most telling few.
LENGTHS, EQUAL = (6, 19, 40, 63, 71, 80), (40, 40, 40)
ANSWERS = ("logits", "start_logits", "end_logits")
# Of how many tokens each one heeds the most telling; between equals the width of a batch decides.
_TELLING = ("index_topk", "indexer_budget")
_SPECIAL = (
    "pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id",
    "mask_token_id", "decoder_start_token_id",
)  # fmt: skip
_found: WeakKeyDictionary[Any, dict[tuple[str, int | None], bool]] = WeakKeyDictionary()


def batching_of_inputs(model: Any, inputs: dict[str, Any]) -> Batching:
    """Return which rows of a batch may be answered together.

    A model that heeds no padding, whatever it is, is not held up to look for it in its batches.
    """
    rows, width = inputs["input_ids"].shape
    if rows == 1 or (not _is_telling(model, width) and _bears_whatever_fills(model)):
        return "any"
    filled = inputs["input_ids"][inputs["attention_mask"] == 0]
    return batching_of(model, int(filled[0]) if len(filled) else None, width)


def batching_of(model: Any, padding: int | None, width: int = 0) -> Batching:
    """Return which rows may share a batch of `width` tokens; `padding` fills them, if any does."""
    if not _is_invariant(model, None):
        return "none"
    if padding is None:
        return "any"
    return "any" if not _is_telling(model, width) and _is_invariant(model, padding) else "equal"


def batching_of_prompts(model: Any, padding: int, width: int) -> Batching:
    """Return which prompts may share a batch that a decoder goes on with, filled on the left."""
    if batching_of(model, padding, width) == "any" and _is_invariant(model, padding, "left"):
        return "any"
    return "equal" if _is_invariant(model, None, "left") else "none"


def bears_longer_targets(model: Any, padding: int) -> bool:
    """Say whether a decoder beside an encoder pays no heed to padding behind what it reads."""
    return _is_invariant(model, padding, "decoder")


def call(model: Any, inputs: dict[str, Any]) -> Any:
    """Return what a model makes of those inputs that it knows of; it keeps nothing to write on."""
    kind: Any = type(inner_of(model))
    known = _parameters(kind)
    given = {
        name: tensor
        for name, tensor in inputs.items()
        if name in known or name not in ("attention_mask", "token_type_ids")
    }
    # With places, rows are of several texts; what is kept to write on would hide that.
    is_relevant = "use_cache" in known or "position_ids" in inputs
    with _read_before_padding(model, inputs.get("attention_mask")):
        return model(**given, **({"use_cache": False} if is_relevant else {}))


@contextmanager
def _read_before_padding(model: Any, mask: Any) -> Iterator[None]:
    """Let a decoder's classifier behind learned tokens read its answer at the end of each text.

    It is given embeddings, of which it does not know which are padding, and reads the last.

    Shapes:
        mask: (B, T); logits: (B, P + T, C).
    """
    head = getattr(inner_of(model), "score", None)
    if head is None or mask is None or not _learned(model):
        yield
        return
    missing = (mask == 0).sum(1)

    def at_the_end(_: Any, __: Any, logits: Any) -> Any:
        if logits.ndim != 3:
            return None
        rows = missing.new_tensor(range(len(missing)))
        logits = logits.clone()
        logits[:, -1] = logits[rows, logits.shape[1] - 1 - missing]
        return logits

    handle = head.register_forward_hook(at_the_end)
    try:
        yield
    finally:
        handle.remove()


def cut(inputs: dict[str, Any], rows: list[int], written: int | None = None) -> dict[str, Any]:
    """Return some rows of a batch without padding that none of them needs.

    What a decoder reads is cut to `written` tokens.
    """
    width = int(inputs["attention_mask"][rows].sum(1).max())
    return {
        name: tensor[rows, : written if name.startswith("decoder") else width]
        for name, tensor in inputs.items()
    }


def inner_of(model: Any) -> Any:
    """Return a model without what is around it: several processes, an adapter."""
    model = getattr(model, "module", model)
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def padding_of(model: Any) -> int:
    """Return the token that a model's config names for padding; not every config has one."""
    return getattr(inner_of(model).config.get_text_config(), "pad_token_id", None) or 0


@cache
def _parameters(kind: Any) -> frozenset[str]:
    return frozenset(inspect.signature(kind.forward).parameters)


def _is_invariant(model: Any, padding: int | None, side: str = "right") -> bool:
    """Say whether rows beside others are answered, or with padding on the left written, alike."""
    known, key = _found.setdefault(model, {}), (side, padding)
    if key not in known:
        lengths = _taken_by(model, EQUAL if padding is None else LENGTHS)
        known[key] = _are_answered_alike(model, lengths, padding or 0, side)
    return known[key]


def _bears_whatever_fills(model: Any) -> bool:
    """Say whether padding changes nothing, be it the token of the model's config or a word."""
    own = padding_of(model)
    return all(_is_invariant(model, one) for one in (own, _words(model, own)[0]))


def _is_telling(model: Any, width: int) -> bool:
    """Say whether a model heeds only some tokens of rows of this width."""
    text = inner_of(model).config.get_text_config()
    return any(width > (getattr(text, name, None) or width) for name in _TELLING)


def _words(model: Any, padding: int | None) -> list[int]:
    """Return tokens that mean nothing special."""
    text = inner_of(model).config.get_text_config()
    special = {getattr(text, name, None) for name in _SPECIAL} | {padding}
    entries = range(min(getattr(text, "vocab_size", 300), 300))
    return [one for one in entries if one not in special] or [0]


def _are_answered_alike(model: Any, lengths: list[int], padding: int, side: str) -> bool:
    batch = _batch(model, lengths, padding)
    answers = _written if side == "left" else _answers
    if side == "decoder":
        batch["decoder_input_ids"] = batch["input_ids"]
    with trying(model):
        try:
            together = answers(model, batch, padding)
            return all(
                same(model, one[0], two[row])
                for row in range(len(lengths))
                for one, two in zip(
                    answers(model, cut(batch, [row], lengths[row]), padding), together, strict=False
                )
            )
        except Exception:  # whatever it is: a row that stands alone will tell
            return False


def same(model: Any, one: Any, two: Any) -> bool:
    """Say whether two answers are one, but for the order in which they were computed."""
    exact = all(weight.dtype.itemsize == 4 for weight in inner_of(model).parameters())
    size = max(1.0, float(one.abs().max()))
    two = two[: len(one)]  # without the padding
    return float((one - two).abs().max()) <= (TOLERANCE if exact else ROUNDED) * size


def cache_settings(model: Any) -> dict[str, bool]:
    """Return what `generate` is given about its cache: none behind learned tokens.

    peft 0.21 puts the learned tokens in front of a prompt as long as it sees no cache. It looks
    for one by the name that it had before transformers 5.24, and would put them in each time.
    """
    return {"use_cache": False} if _learned(model) and not model.config.is_encoder_decoder else {}


def _answers(model: Any, batch: dict[str, Any], padding: int) -> list[Any]:
    outputs = call(model, batch)
    return [outputs[name].float() for name in ANSWERS if outputs.get(name) is not None]


def _written(model: Any, batch: dict[str, Any], padding: int) -> list[Any]:
    """Return the logits of the next tokens, with the padding put on the left."""
    import torch

    missing = (batch["attention_mask"] == 0).sum(1).tolist()
    ids, mask = (
        torch.stack([row.roll(n) for row, n in zip(batch[name], missing, strict=True)])
        for name in ("input_ids", "attention_mask")
    )
    found = model.generate(
        input_ids=ids, attention_mask=mask, pad_token_id=padding, do_sample=False, num_beams=1,
        max_new_tokens=3, output_logits=True, return_dict_in_generate=True, **cache_settings(model),
    )  # fmt: skip
    return list(found.logits)


def _taken_by(model: Any, lengths: tuple[int, ...]) -> list[int]:
    """Return those of the lengths that a model has room for, or two shorter ones."""
    text = inner_of(model).config.get_text_config()
    room = getattr(text, "max_position_embeddings", None)
    if not isinstance(room, int) or room <= 0:
        return list(lengths)
    room = max(room - 4 - _learned(model), 2)  # some begin to count at 2 or later
    taken = [one for one in lengths if one <= room]
    short = room if len(set(lengths)) == 1 else max(1, room // 3)
    return taken if len(taken) > 1 else [short, room]


def _batch(model: Any, lengths: list[int], padding: int) -> dict[str, Any]:
    """Return rows of arbitrary tokens of these lengths."""
    import torch

    inner, width = inner_of(model), max(lengths)
    config, words = inner.config, _words(model, padding)
    end = getattr(config, "eos_token_id", None)
    ends = [end] if config.is_encoder_decoder and isinstance(end, int) else []
    rows, masks = [], []
    for row, length in enumerate(lengths):
        ids = [words[(7 * n + 3 * row + n * n + 5) % len(words)] for n in range(length)]
        ids = [*ids[: len(ids) - len(ends)], *ends]
        rows.append([*ids, *[padding] * (width - length)])
        masks.append([1] * length + [0] * (width - length))
    batch = {"input_ids": torch.tensor(rows), "attention_mask": torch.tensor(masks)}
    if config.is_encoder_decoder and inner.can_generate():
        batch["decoder_input_ids"] = batch["input_ids"][:, : min(lengths)]
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
