"""Optimiser steps: against one large batch, and against transformers' Trainer."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.correctness.comparison import Comparison, apart


def against_one_batch() -> list[Comparison]:
    """Compare accumulated batches with one large batch, for every task and loss."""
    from tests.training.test_step import LOSSES, ROWS, prepared_for, step

    largest = {"loss": 0.0, "gradient norm": 0.0, "weights after the step": 0.0}
    cases = 0
    for task, changes in LOSSES:
        with TemporaryDirectory() as folder:
            prepared = prepared_for(Path(folder), task, changes)
            loss, norm, weights = step(prepared, cuts=[])
            count = min(ROWS, len(prepared.train))
            for cuts in ([4, 8], [1, 2, 9], list(range(1, count))):
                cases += 1
                other_loss, other_norm, other = step(prepared, cuts)
                moved = max(float((other[n] - w).abs().max()) for n, w in weights.items())
                found = (apart(other_loss, loss), apart(other_norm, norm), moved)
                largest = {
                    name: max(value, new)
                    for (name, value), new in zip(largest.items(), found, strict=True)
                }
    return [
        Comparison(f"{name}: {len(LOSSES)} tasks and losses, accumulated in three ways",
                   "one large batch", value, 1e-5, cases)
        for name, value in largest.items()
    ]  # fmt: skip


def against_trainer() -> list[Comparison]:
    """Compare training with transformers' Trainer, step by step."""
    from tests.training.test_reference import TASKS, compared

    found = []
    settings = [
        *((task, {}) for task in TASKS),
        *(("text-classification", {"train.lr_scheduler_type": kind})
          for kind in ("cosine", "constant", "polynomial", "constant_with_warmup")),
        *(("text-classification", {"train.optim": kind})
          for kind in ("adamw_torch", "adafactor", "sgd")),
    ]  # fmt: skip
    for task, changes in settings:
        with TemporaryDirectory() as folder:
            ours, theirs = compared(Path(folder), task, **changes)
        largest = max(
            apart(own[name], other[name])
            for own, other in zip(ours, theirs, strict=True)
            for name in ("loss", "grad_norm", "learning_rate")
        )
        result = ", ".join(f"{name.partition('.')[2]} {value}" for name, value in changes.items())
        what = f"{task}{f' ({result})' if result else ''}: loss, gradient norm, rate of each step"
        found.append(Comparison(what, "transformers' Trainer", largest, 2e-4, len(ours)))
    return found
