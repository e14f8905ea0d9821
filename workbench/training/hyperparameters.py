"""The knobs that can be turned while a model learns: each is set and tells its old value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ..runs.control import LIVE_HYPERPARAMETERS
from ..spec import RunSpec, TrainSpec
from ..tasks import Task

MOVED = (*LIVE_HYPERPARAMETERS, "dropout")


class Loop(Protocol):
    """What a knob reaches of the training loop."""

    model: Any
    optimizer: Any
    train: TrainSpec
    live_values: dict[str, Any]

    def limit_gradients(self, norm: float) -> None:
        """Clip gradients to this norm from now on."""

    def rebuild_loss(self) -> None:
        """Minimise from now on what the knobs say."""

    def rebuild_schedule(self) -> None:
        """Count the steps anew."""


def set_hyperparameter(loop: Loop, name: str, value: float) -> float:
    """Set a knob for the steps that follow and return what it was before."""
    if name == "dropout":
        old = _set_dropout(loop.model, value)
    else:
        old = getattr(loop.train, name)
        loop.train = loop.train.model_copy(update={name: value})
        if name in _EFFECTS:
            _EFFECTS[name](loop, value)
    loop.live_values[name] = value
    return old


def unused_hyperparameters(spec: RunSpec, task: Task, model: Any = None) -> dict[str, str]:
    """Return the knobs that would change nothing in a run, each with what does not use it.

    `task` is the run's, as its model does it.
    """
    found = {}
    if "train.label_smoothing_factor" not in task.options:
        found["label_smoothing_factor"] = spec.task
    elif spec.train.custom_loss:
        found["label_smoothing_factor"] = f"train.custom_loss {spec.train.custom_loss}"
    if model is not None and not any(True for _ in _dropouts(model)):
        found["dropout"] = model.config.model_type
    return found


def _weight_decay(loop: Loop, value: float) -> None:
    loop.optimizer.param_groups[0]["weight_decay"] = value  # the second group never has any


def _max_grad_norm(loop: Loop, value: float) -> None:
    loop.limit_gradients(value)


def _label_smoothing_factor(loop: Loop, value: float) -> None:
    loop.rebuild_loss()


def _gradient_accumulation_steps(loop: Loop, value: float) -> None:
    loop.rebuild_schedule()


def _num_train_epochs(loop: Loop, value: float) -> None:
    loop.train = loop.train.model_copy(update={"max_steps": -1})  # the epochs decide from now on
    loop.rebuild_schedule()


def _set_dropout(model: Any, value: float) -> float:
    old = 0.0
    for module, name in _dropouts(model):
        if name == "p":
            old = max(old, module.p)
        setattr(module, name, value)
    return old


def _dropouts(model: Any) -> Iterator[tuple[Any, str]]:
    """Yield each module that drops activations, with the name of its rate."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            yield module, "p"
        # Attention layers of decoders keep the rate as a plain number.
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                yield module, name


# The other knobs are read from the spec's section at each step.
_EFFECTS: dict[str, Callable[[Loop, float], None]] = {
    "weight_decay": _weight_decay,
    "max_grad_norm": _max_grad_norm,
    "label_smoothing_factor": _label_smoothing_factor,
    "gradient_accumulation_steps": _gradient_accumulation_steps,
    "num_train_epochs": _num_train_epochs,
}
