"""The learning-rate schedule as a shape: a factor between 0 and 1 for each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from transformers import get_scheduler


def rate_shape(train: Any, total_steps: int) -> Callable[[int], float]:
    """Return the share of the base rate that each step takes, by transformers' own schedules.

    `train` is a spec's section or `TrainingArguments`: kind of schedule, rate and warm-up, which
    below 1 is a share of all steps.
    """
    warmup = train.warmup_steps
    stand_in = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=train.learning_rate or 1.0)
    schedule = get_scheduler(
        train.lr_scheduler_type,
        stand_in,
        num_warmup_steps=int(warmup) if warmup >= 1 else math.ceil(total_steps * warmup),
        num_training_steps=total_steps,
    )
    return schedule.lr_lambdas[0]
