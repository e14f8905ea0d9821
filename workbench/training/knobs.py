"""The knobs that can be turned while a model learns: each is set and tells its old value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers.trainer_pt_utils import LabelSmoother

if TYPE_CHECKING:
    from .trainer import WorkbenchTrainer


def move(trainer: WorkbenchTrainer, name: str, value: float) -> float:
    """Set a knob for the steps that follow and return what it was before."""
    old = _MOVES[name](trainer, value)
    trainer.knob_values[name] = value
    return old


def _learning_rate(trainer: WorkbenchTrainer, value: float) -> float:
    old = trainer.args.learning_rate
    trainer.set_base_rate(value)
    return old


def _weight_decay(trainer: WorkbenchTrainer, value: float) -> float:
    old = trainer.args.weight_decay
    # The Trainer leaves biases and norms without decay, in a group of their own: the second.
    decayed, *_ = trainer.optimizer.param_groups
    decayed["weight_decay"] = trainer.args.weight_decay = value
    return old


def _max_grad_norm(trainer: WorkbenchTrainer, value: float) -> float:
    old, trainer.args.max_grad_norm = trainer.args.max_grad_norm, value
    return old


def _label_smoothing_factor(trainer: WorkbenchTrainer, value: float) -> float:
    old, trainer.args.label_smoothing_factor = trainer.args.label_smoothing_factor, value
    trainer.label_smoother = LabelSmoother(epsilon=value) if value else None
    return old


def _dropout(trainer: WorkbenchTrainer, value: float) -> float:
    old = 0.0
    for module in trainer.model.modules():
        if isinstance(module, torch.nn.Dropout):
            old = max(old, module.p)
            module.p = value
        # Attention layers of decoders keep the rate as a plain number.
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, value)
    return old


def _gradient_accumulation_steps(trainer: WorkbenchTrainer, value: int) -> int:
    old, trainer.args.gradient_accumulation_steps = trainer.args.gradient_accumulation_steps, value
    trainer.replan()
    return old


def _num_train_epochs(trainer: WorkbenchTrainer, value: float) -> float:
    old, trainer.args.num_train_epochs = trainer.args.num_train_epochs, value
    trainer.args.max_steps = -1  # the epochs decide from now on
    trainer.replan()
    return old


def _eval_steps(trainer: WorkbenchTrainer, value: int) -> int:
    old = trainer.args.eval_steps or 0
    trainer.args.eval_strategy = "steps" if value else "epoch"
    trainer.args.eval_steps = trainer.state.eval_steps = value or None
    return int(old)


_MOVES: dict[str, Callable[[WorkbenchTrainer, Any], Any]] = {
    "learning_rate": _learning_rate,
    "weight_decay": _weight_decay,
    "max_grad_norm": _max_grad_norm,
    "label_smoothing_factor": _label_smoothing_factor,
    "dropout": _dropout,
    "gradient_accumulation_steps": _gradient_accumulation_steps,
    "num_train_epochs": _num_train_epochs,
    "eval_steps": _eval_steps,
}
