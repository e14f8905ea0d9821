"""What a run will cost, before it starts: steps, learning rates, memory and time, with reasons."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..models.freezing import count_parameters
from .prepare import Prepared
from .run import quiet_libraries, total_steps

MEASURED_STEPS = 3
WRITTEN_AT_ONCE = 4


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a run.

    Units: `train_seconds` and `evaluation_seconds` (all evaluations together) in seconds,
    `writing_seconds` for the `written_rows` answers of a model that writes, each as long as it may,
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
    written_rows: int = 0
    writing_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """Training, evaluation and writing together."""
        return self.train_seconds + self.evaluation_seconds + self.writing_seconds


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
        step_seconds, forward = _measure(prepared, model)
        written = _written_rows(prepared)
        writing = written * _measure_writing(prepared, model) if written else 0.0
    trainable, parameters = count_parameters(model)
    batches = len(prepared.validation) / spec.train.per_device_eval_batch_size
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
        written_rows=written,
        writing_seconds=writing,
    )


def _written_rows(prepared: Prepared) -> int:
    """Return how many answers are written at the end, and before by the untouched model."""
    if not prepared.task.is_generative:
        return 0
    rows, spec = prepared.validation, prepared.spec.evaluate
    flags = rows["written"][:] if "written" in rows.column_names else [True] * len(rows)
    before = min(spec.zero_shot_rows, sum(flags)) if spec.baselines else 0
    return sum(flags) + before


def _measure_writing(prepared: Prepared, model: Any) -> float:
    """Return the seconds that an answer takes, as long as it may be, in a batch of a few.

    Measured are the first token and a few more; all others take as long as these.
    """
    import torch

    from .speed import on_processor
    from .step import autocast, to_device

    task, spec, setup = prepared.task, prepared.spec, prepared.setup
    rows = prepared.validation
    if "written" in rows.column_names:
        rows = rows.filter(lambda row: row["written"], keep_in_memory=True)
    first = max(0, len(rows) // 2 - WRITTEN_AT_ONCE // 2)  # rows of middle length
    some = [rows[n] for n in range(first, min(first + WRITTEN_AT_ONCE, len(rows)))]
    inputs = to_device(prepared.collate(some), prepared.precision.device)

    def seconds(tokens: int) -> float:
        few = replace(setup, spec=spec.replace({"generate.max_new_tokens": tokens}))
        task.adapt(model, few)
        began = time.perf_counter()
        with torch.inference_mode(), autocast(prepared.precision):
            task.infer(model, inputs, some, few)
        return time.perf_counter() - began

    with torch.random.fork_rng(), on_processor(model):
        model.eval()
        try:
            seconds(1)  # the first call also tries the model
            one, more = seconds(1), seconds(1 + MEASURED_STEPS)
        finally:
            task.adapt(model, setup)
    each = max(0.0, more - one) / MEASURED_STEPS
    return (one + each * (spec.generate.max_new_tokens - 1)) / len(some)


def planned_schedule(prepared: Prepared, steps: int) -> list[tuple[int, float]]:
    """Return the learning rate at up to 200 steps, by the schedule that training will use."""
    from .schedule import rate_shape

    train = prepared.spec.train
    shape = rate_shape(train, steps)
    shown = np.linspace(0, steps - 1, min(steps, 200)).round().astype(int).tolist()
    return [(step + 1, train.learning_rate * shape(step)) for step in shown]


def _measure(prepared: Prepared, model: Any) -> tuple[float, float]:
    """Return the mean seconds of an optimiser step, and those of an evaluation batch."""
    import torch

    from .processes import Processes
    from .speed import on_processor
    from .step import Stepper, autocast, to_device

    train, precision = prepared.spec.train, prepared.precision

    def middle(rows: Any, size: int) -> list[dict[str, Any]]:
        # Rows around the middle length: grouped by length, they stand for the average batch.
        order = np.argsort(rows["length"])
        first = max(0, len(order) // 2 - size // 2)
        return [rows[int(i)] for i in order[first : first + size]]

    with torch.random.fork_rng(), on_processor(model):
        take = Stepper(model, prepared.task, prepared.objective(), train, precision, Processes())
        model.train()
        learned = middle(prepared.train, train.per_device_train_batch_size)
        asked = middle(prepared.validation, train.per_device_eval_batch_size)
        timings = []
        for _ in range(MEASURED_STEPS + 1):
            began = time.perf_counter()
            parts = [prepared.collate(learned) for _ in range(train.gradient_accumulation_steps)]
            take(parts, 0.0).loss.item()  # waits for the GPU
            timings.append(time.perf_counter() - began)
        model.eval()
        began = time.perf_counter()
        inputs = prepared.collate(asked)
        with torch.inference_mode(), autocast(precision):
            outputs = prepared.task.forward(model, to_device(inputs, precision.device))
            prepared.objective().total(outputs, inputs["labels"].to(precision.device)).item()
        forward = time.perf_counter() - began
    return float(np.mean(timings[1:])), forward  # the first step also sets up memory
