"""One optimiser step: forward, loss, backward, clip, update.

Training, the learning-rate finder, the estimate and the benches all take this step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from ..spec import TrainSpec
from ..tasks import Objective, Task
from .precision import Precision
from .processes import Processes, processes
from .speed import clip_gradients

Inputs = dict[str, Any]
# What a batch showed: its number within the step, the model's outputs, and its labels.
Seen = Callable[[int, Any, Any], None]

# Parameters that weight decay leaves alone, as transformers' Trainer has it: biases and norms.
_NOT_DECAYED = re.compile(r"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)")


@dataclass(frozen=True)
class Taken:
    """A step that was taken: the loss before it, and the norm of its gradient before clipping.

    Both are tensors on the device, so that nothing waits for them. `loss` is this process's part
    of the mean over the step's items; the sum over all processes is the loss.
    """

    loss: torch.Tensor
    grad_norm: torch.Tensor


class Stepper:
    """Takes optimiser steps with a model; `max_grad_norm` and `objective` may be changed between.

    The loss of a step is the sum over all its batches, divided by the count over all of them: the
    loss of one large batch, however it is cut.
    """

    def __init__(
        self,
        model: Any,
        task: Task,
        objective: Objective,
        train: TrainSpec,
        precision: Precision,
        together: Processes | None = None,
    ) -> None:
        self.model = model.to(precision.device)
        self.objective = objective
        self.max_grad_norm = train.max_grad_norm
        self.optimizer = make_optimizer(model, train)
        self.scaler = torch.amp.GradScaler(precision.device, enabled=precision.name == "fp16")
        self._task = task
        self._precision = precision
        self._together = together or processes()

    def __call__(self, batches: Sequence[Inputs], rate: float, seen: Seen | None = None) -> Taken:
        """Take one step at a learning rate; `batches` are this process's part of it.

        `seen` is called with what each batch showed.
        """
        counts = [self.objective.count(batch["labels"]) for batch in batches]
        whole = max(self._together.sum(sum(counts)), 1)
        loss = torch.zeros((), device=self._precision.device)
        for number, batch in enumerate(batches):
            inputs = to_device(batch, self._precision.device)
            with autocast(self._precision):
                outputs = self._task.forward(self.model, inputs)
            part = self.objective.total(outputs, inputs["labels"]) / whole
            part = part + balance(self.model, outputs) * (counts[number] / whole)
            self.scaler.scale(part).backward()
            loss += part.detach()
            if seen is not None:
                seen(number, outputs, inputs["labels"])
            del outputs, part  # their memory is wanted by the next batch
        parameters = list(self.model.parameters())
        self._together.sum_gradients(parameters)
        self.scaler.unscale_(self.optimizer)
        norm = clip_gradients(parameters, self.max_grad_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return Taken(loss, norm)


def balance(model: Any, outputs: Any) -> Any:
    """Return what a mixture of experts adds to its loss so that all experts are used; else 0.

    It is only there where the model's config asks for it (`output_router_logits`).
    """
    found = getattr(outputs, "aux_loss", None)
    if found is None or not isinstance(found, torch.Tensor):
        return 0.0
    return found * getattr(model.config.get_text_config(), "router_aux_loss_coef", 0.0)


def autocast(precision: Precision) -> AbstractContextManager[Any]:
    """Return the context in which a model computes in a number format."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision.name)
    return torch.autocast(precision.device, dtype=dtype, enabled=dtype is not None)


def to_device(batch: Inputs, device: str) -> Inputs:
    """Return a batch with its tensors on a device."""
    return {name: tensor.to(device) for name, tensor in batch.items()}


def make_optimizer(model: Any, train: TrainSpec) -> torch.optim.Optimizer:
    """Return the optimiser that a spec names, over what learns, as transformers' Trainer makes it.

    The first group has weight decay; biases and norms, in the second, have none.
    """
    from transformers import Adafactor

    decayed, others = parameter_groups(model)
    groups = [
        {"params": decayed, "weight_decay": train.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    makers: dict[str, tuple[type, dict[str, Any]]] = {
        "adamw_torch_fused": (torch.optim.AdamW, {"fused": True}),
        "adamw_torch": (torch.optim.AdamW, {}),
        "adafactor": (Adafactor, {"scale_parameter": False, "relative_step": False}),
        "sgd": (torch.optim.SGD, {}),
    }
    kind, options = makers[train.optim]
    return kind(groups, lr=train.learning_rate, **options)


def parameter_groups(model: Any) -> tuple[list[Any], list[Any]]:
    """Return what learns of a model: with weight decay, and without."""
    norms = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, torch.nn.LayerNorm)
        for parameter in module.parameters()
    }
    decayed: list[Any] = []
    others: list[Any] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            plain = id(parameter) not in norms and not _NOT_DECAYED.search(name.lower())
            (decayed if plain else others).append(parameter)
    return decayed, others
