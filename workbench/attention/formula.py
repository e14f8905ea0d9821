"""The numbers that one head computed with, so that its formula can be followed step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .record import Formula

if TYPE_CHECKING:
    import torch

    from .interface import Heads

# Scores that a mask adds are far below any that a model computes.
_MASKED = -1e4


def formula_of(heads: Heads, within: int, chosen: tuple[int, int, int]) -> Formula:
    """Return what the head `within` these heads computed with, as float16 where that is enough.

    Half precision is kept only while the map made from it stays within the error of a stored
    weight; otherwise float32.
    """
    mask = _of(heads.mask, within)
    bias = _of(heads.bias, within)
    shape = heads.weights.shape[1:]
    allowed = np.ones(shape, np.uint8)
    if mask is not None:
        mask = np.broadcast_to(mask, shape)
        allowed = (mask > _MASKED).astype(np.uint8)
        inside = np.where(allowed, mask, 0)
        if inside.any():  # a bias that came in the mask
            bias = inside if bias is None else bias + inside
    if bias is not None and not bias.any():
        bias = None
    sinks = heads.sinks
    whole = Formula(
        *chosen,
        scale=heads.scale,
        q=_numpy(heads.q[0, within]),
        k=_numpy(heads.k[0, within]),
        v=_numpy(heads.v[0, within]),
        mask=allowed,
        bias=None if bias is None else np.broadcast_to(bias, shape).astype(np.float32),
        softcap=heads.softcap,
        sink=None if sinks is None else float(sinks[within]),
    )
    wanted = _numpy(heads.weights[within])
    for kind in (np.float16, np.float32):
        formula = _as(whole, kind)
        error = float(np.abs(weights_of(formula) - wanted).max())
        if error <= 0.004:
            break
    return Formula(**{**formula.__dict__, "error": round(error, 6)})


def weights_of(formula: Formula) -> np.ndarray:
    """Return the map that the formula gives: softmax(QKᵀ · scale + bias, where allowed).

    Shapes:
        (Tq, Tk) float32
    """
    scores = formula.q.astype(np.float32) @ formula.k.astype(np.float32).T * formula.scale
    if formula.softcap is not None:
        scores = formula.softcap * np.tanh(scores / formula.softcap)
    if formula.bias is not None:
        scores = scores + formula.bias.astype(np.float32)
    scores = np.where(formula.mask, scores, -np.inf)
    if formula.sink is not None:
        scores = np.concatenate([scores, np.full((len(scores), 1), formula.sink)], axis=1)
    scores = scores - scores.max(axis=1, keepdims=True)
    raised = np.exp(scores)
    weights = raised / raised.sum(axis=1, keepdims=True)
    return weights[:, : len(formula.k)].astype(np.float32)


def output_of(formula: Formula) -> np.ndarray:
    """Return what the head gives each query: its weights times V.

    Shapes:
        (Tq, d_v) float32
    """
    return weights_of(formula) @ formula.v.astype(np.float32)


def _as(formula: Formula, kind: type) -> Formula:
    arrays = {
        name: value.astype(kind)
        for name, value in formula.__dict__.items()
        if name in ("q", "k", "v", "bias") and value is not None
    }
    return Formula(**{**formula.__dict__, **arrays})


def _of(value: Any, within: int) -> np.ndarray | None:
    """Return the (Tq, Tk) part of a (1, 1 or h, ., .) tensor that belongs to one head."""
    if value is None:
        return None
    return _numpy(value[0, within if value.shape[1] > 1 else 0])


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
