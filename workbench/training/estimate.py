"""What a run will cost, before it starts: steps, learning rates, memory and time, with reasons."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models.freezing import count_parameters
from .prepare import Prepared
from .run import quiet_libraries, total_steps

MEASURED_STEPS = 3


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a run.

    Units: `train_seconds` and `evaluation_seconds` (all evaluations together) in seconds,
    `memory_bytes` in bytes. `step_seconds` is the mean of the measured steps.
    `trainable_parameters` of all `parameters` learn.
    `schedule` holds pairs of step and learning rate, at most 200 of them.
    """

    steps: int
    effective_batch: int
    evaluations: int
    schedule: list[tuple[int, float]]
    memory_bytes: int
    step_seconds: float
    train_seconds: float
    evaluation_seconds: float
    trainable_parameters: int
    parameters: int

    @property
    def seconds(self) -> float:
        """Training and evaluation together."""
        return self.train_seconds + self.evaluation_seconds


def estimate(prepared: Prepared, model: Any = None) -> Estimate:
    """Estimate the cost of a run from a few training steps, measured on real batches.

    The steps run with a learning rate of zero on a model of their own, so nothing is learned
    and no chance is drawn from the run's seed.
    """
    spec = prepared.spec
    steps = total_steps(spec, len(prepared.train))
    batch = spec.train.per_device_train_batch_size
    accumulation = spec.train.gradient_accumulation_steps
    every = spec.train.eval_steps or max(1, round(steps / max(1.0, spec.train.num_train_epochs)))
    evaluations = steps // every + (1 if steps % every else 0)
    model = model or prepared.new_model()
    with quiet_libraries():
        forward_backward, forward, update = _measure(prepared, model)
    trainable, parameters = count_parameters(model)
    batches = len(prepared.validation) / spec.train.per_device_eval_batch_size
    step_seconds = forward_backward * accumulation + update
    return Estimate(
        steps=steps,
        effective_batch=batch * accumulation,
        evaluations=evaluations,
        schedule=planned_schedule(prepared, steps),
        memory_bytes=prepared.card().train_bytes,
        step_seconds=step_seconds,
        train_seconds=step_seconds * steps,
        evaluation_seconds=forward * batches * evaluations,
        trainable_parameters=trainable,
        parameters=parameters,
    )


def planned_schedule(prepared: Prepared, steps: int) -> list[tuple[int, float]]:
    """Return the learning rate at up to 200 steps, by the schedule that training will use."""
    from .schedule import rate_shape

    train = prepared.spec.train
    shape = rate_shape(train, steps)
    shown = np.linspace(0, steps - 1, min(steps, 200)).round().astype(int).tolist()
    return [(step + 1, train.learning_rate * shape(step)) for step in shown]


def _measure(prepared: Prepared, model: Any) -> tuple[float, float, float]:
    """Return mean seconds of one training batch, one evaluation batch, and one optimiser update."""
    import torch

    from .speed import on_processor

    train = prepared.spec.train
    precision = prepared.precision
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision.name)
    model.to(precision.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, fused=True)

    def run(rows: Any, size: int, learn: bool) -> float:
        # Rows around the middle length: grouped by length, they stand for the average batch.
        order = np.argsort(rows["length"])
        first = max(0, len(order) // 2 - size // 2)
        batch = prepared.collate([rows[int(i)] for i in order[first : first + size]])
        inputs = {name: tensor.to(precision.device) for name, tensor in batch.items()}
        began = time.perf_counter()
        with (
            torch.set_grad_enabled(learn),
            torch.autocast(precision.device, dtype=dtype, enabled=dtype is not None),
        ):
            loss = prepared.loss(model, inputs)
        if learn:
            loss.backward()
        loss.item()  # waits for the GPU
        return time.perf_counter() - began

    def update() -> float:
        began = time.perf_counter()
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - began

    with torch.random.fork_rng(), on_processor(model):
        model.train()
        timings = []
        for _ in range(MEASURED_STEPS + 1):
            timings.append((run(prepared.train, train.per_device_train_batch_size, True), update()))
        warm = np.mean(timings[1:], axis=0)  # the first step also sets up memory
        model.eval()
        forward = run(prepared.validation, train.per_device_eval_batch_size, False)
    return float(warm[0]), forward, float(warm[1])
