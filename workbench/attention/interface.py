"""Standing in a model's attention: every layer passes its heads by, and the answer is unchanged.

transformers lets a function of ours take the place of an attention (`AttentionInterface`). Ours
takes that of the eager one: it calls the model's own eager attention, for a few heads at a time,
hands on what it gives and shows the weights to a listener. So memory stays near one head, and
whatever is particular to a model (soft-capped scores, learned sinks, position biases, tokens left
out by an indexer) is computed by that model's own code. Under a name of its own, a model would not
know what mask the function needs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..private_members import ask_for_attention, attention_of, can_set_attention

EAGER = "eager"

# Weights of the heads that are shown to the listener at once (one head at least), and of the
# rows that are computed at once.
GROUP_BYTES = 8_000_000
ROWS_BYTES = 4_000_000

_state = threading.local()
_lock = threading.Lock()
_listening: list[int] = []


@dataclass(frozen=True)
class Heads:
    """Some heads of one attention layer, while the model runs.

    Shapes:
        weights: (h, Tq, Tk); q: (1, h, Tq, d); k, v: (1, h, Tk, d), kv heads repeated;
        mask: additive, (1, 1 or h, Tq, Tk) or None; bias: (1, h, Tq, Tk) or None.

    The next heads are written over `weights`: a listener copies what it keeps.
    """

    module: Any
    first: int
    heads: int
    kv_heads: int
    weights: Any
    q: Any
    k: Any
    v: Any
    scale: float
    mask: Any
    bias: Any
    softcap: float | None
    sinks: Any
    window: int | None


Listener = Callable[[Heads], None]


@contextmanager
def listening(model: Any, listener: Listener) -> Iterator[None]:
    """Let `listener` hear of every group of heads while the model runs; then put all back.

    The model is in evaluation mode meanwhile: in training mode weights come after dropout.
    """
    configs = list(_configs(model))
    before = [(config, attention_of(config)) for config in configs]
    with evaluating(model), _in_place():
        outer = getattr(_state, "listener", None)
        _state.listener, _state.place = listener, None
        try:
            model.set_attn_implementation(EAGER)
            yield
        finally:
            _state.listener, _state.place = outer, None
            for config, implementation in before:
                ask_for_attention(config, implementation)


@contextmanager
def eager(model: Any) -> Iterator[None]:
    """Let a model whose attention cannot be taken over compute it eagerly, with such masks."""
    before = [(config, attention_of(config)) for config in _configs(model)]
    try:
        for config, _ in before:
            ask_for_attention(config, EAGER)
        yield
    finally:
        for config, implementation in before:
            ask_for_attention(config, implementation)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model, and each of its parts, in evaluation mode, and then in the one it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def offers_interface(model: Any) -> bool:
    """Return whether the model's attention can be taken over."""
    return can_set_attention(model)


def _configs(model: Any) -> Iterator[Any]:
    """Yield every config that a part of the model reads its attention implementation from."""
    seen: set[int] = set()
    queue = [model.config]
    queue += [m.config for m in model.modules() if hasattr(m, "config")]
    while queue:
        config = queue.pop()
        if id(config) in seen or not hasattr(config, "sub_configs"):
            continue
        seen.add(id(config))
        yield config
        queue += [getattr(config, name, None) for name in getattr(config, "sub_configs", {})]


@contextmanager
def _in_place() -> Iterator[None]:
    """Put our function in the place of the eager attention, while anybody listens."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    with _lock:
        _listening.append(1)
        ALL_ATTENTION_FUNCTIONS[EAGER] = _attend
    try:
        yield
    finally:
        with _lock:
            _listening.pop()
            if not _listening:
                del ALL_ATTENTION_FUNCTIONS[EAGER]


def _attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **settings: Any
) -> tuple[Any, Any]:
    """Compute attention as the model does, group by group of heads, some rows at a time.

    A model that runs in another thread meanwhile is not listened to.

    Shapes:
        query: (B, H, Tq, d); key, value: (B, K, Tk, d); returns (B, Tq, H, d_v).
    """
    import torch

    eager = getattr(sys.modules[type(module).__module__], "eager_attention_forward", _plain)
    if getattr(_state, "listener", None) is None:
        return eager(module, query, key, value, attention_mask, **settings)
    heads, kv_heads = query.shape[1], key.shape[1]
    queries, keys = query.shape[2], key.shape[2]
    repeat = heads // kv_heads
    size = max(1, GROUP_BYTES // (4 * queries * keys))
    step = min(queries, max(1, ROWS_BYTES // (4 * min(size, heads) * keys)))
    place = _place(query, (min(size, heads), queries, keys)) if step < queries else None
    outputs = []
    for first in range(0, heads, size):
        chosen = slice(first, min(heads, first + size))
        own = torch.arange(heads, device=query.device)[chosen] // repeat
        q, k, v = query[:, chosen], key[:, own], value[:, own]
        mask = _of_heads(attention_mask, chosen, heads)
        some = {name: _of_heads(one, chosen, heads) for name, one in settings.items()}
        few = _FewHeads(module, chosen, heads)
        if place is None:
            output, weights = eager(few, q, k, v, mask, **some)
            weights = weights[0]
        else:
            weights, parts = place[: q.shape[1]], []
            for start in range(0, queries, step):
                rows = slice(start, start + step)
                of_rows = {name: _of_rows(one, rows, queries) for name, one in some.items()}
                part = eager(few, q[:, :, rows], k, v, _of_rows(mask, rows, queries), **of_rows)
                parts.append(part[0])
                weights[:, rows] = part[1][0]
            output = torch.cat(parts, dim=1)
        outputs.append(output)
        _state.listener(
            Heads(
                module=module,
                first=first,
                heads=heads,
                kv_heads=kv_heads,
                weights=weights,
                q=q,
                k=k,
                v=v,
                scale=_scale(module, settings.get("scaling"), query.shape[-1]),
                mask=mask,
                bias=some.get("position_bias"),
                softcap=settings.get("softcap"),
                sinks=getattr(few, "sinks", None),
                window=settings.get("sliding_window"),
            )
        )
    return torch.cat(outputs, dim=2), None


def _place(like: Any, shape: tuple[int, ...]) -> Any:
    """Return the one place for weights; freed and taken anew, memory would grow in holes."""
    kept = _state.place
    if kept is None or kept.shape != shape or kept.dtype != like.dtype:
        kept = _state.place = like.new_empty(shape)
    return kept


class _FewHeads:
    """An attention module as its eager function would see it, had it only these heads."""

    num_key_value_groups = 1
    training = False

    def __init__(self, module: Any, chosen: slice, heads: int) -> None:
        self._module, self._chosen, self._heads = module, chosen, heads

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if name == "sinks" and value is not None and value.shape[0] == self._heads:
            return value[self._chosen]
        return value


def _of_heads(value: Any, chosen: slice, heads: int) -> Any:
    """Return the part of a (B, H, ., .) tensor that belongs to some heads; others as they are."""
    import torch

    if isinstance(value, torch.Tensor) and value.ndim == 4 and value.shape[1] == heads > 1:
        return value[:, chosen]
    return value


def _of_rows(value: Any, rows: slice, queries: int) -> Any:
    """Return the part of a (B, ., Tq, .) tensor that belongs to some queries."""
    import torch

    if isinstance(value, torch.Tensor) and value.ndim == 4 and value.shape[2] == queries > 1:
        return value[:, :, rows]
    return value


def _scale(module: Any, scaling: float | None, width: int) -> float:
    return width**-0.5 if scaling is None else float(scaling)


def _plain(
    module: Any, q: Any, k: Any, v: Any, mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, Any]:
    """Attend as the textbook says, for a model that brings no eager attention of its own."""
    import torch

    scores = q @ k.transpose(2, 3) * _scale(module, scaling, q.shape[-1])
    if mask is not None:
        scores = scores + mask
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype)
    return (weights @ v).transpose(1, 2), weights
