"""The knobs that can be turned while a model learns: each is set and tells its old value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from ..runs.control import SPEC_KNOBS

if TYPE_CHECKING:
    from .loop import TrainingLoop

MOVED = (*SPEC_KNOBS, "dropout")


def move(loop: TrainingLoop, name: str, value: float) -> float:
    """Set a knob for the steps that follow and return what it was before."""
    if name == "dropout":
        old = _set_dropout(loop.model, value)
    else:
        old = getattr(loop.train, name)
        loop.train = loop.train.model_copy(update={name: value})
        if name in _EFFECTS:
            _EFFECTS[name](loop, value)
    loop.knob_values[name] = value
    return old


def _weight_decay(loop: TrainingLoop, value: float) -> None:
    loop.optimizer.param_groups[0]["weight_decay"] = value  # the second group never has any


def _max_grad_norm(loop: TrainingLoop, value: float) -> None:
    loop.limit_gradients(value)


def _label_smoothing_factor(loop: TrainingLoop, value: float) -> None:
    loop.renew_loss()


def _gradient_accumulation_steps(loop: TrainingLoop, value: float) -> None:
    loop.replan()


def _num_train_epochs(loop: TrainingLoop, value: float) -> None:
    loop.train = loop.train.model_copy(update={"max_steps": -1})  # the epochs decide from now on
    loop.replan()


def _set_dropout(model: Any, value: float) -> float:
    old = 0.0
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            old = max(old, module.p)
            module.p = value
        # Attention layers of decoders keep the rate as a plain number.
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, value)
    return old


# The other knobs are read from the spec's section at each step.
_EFFECTS: dict[str, Callable[[TrainingLoop, float], None]] = {
    "weight_decay": _weight_decay,
    "max_grad_norm": _max_grad_norm,
    "label_smoothing_factor": _label_smoothing_factor,
    "gradient_accumulation_steps": _gradient_accumulation_steps,
    "num_train_epochs": _num_train_epochs,
}
