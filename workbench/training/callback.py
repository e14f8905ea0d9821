"""The one tie between training and watching: a callback that only writes events."""

from __future__ import annotations

import math
import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..runs import EventWriter


class EventCallback(TrainerCallback):
    """Writes `step_logged` and `evaluated`, evaluates after the last step, stops early if asked.

    Throughput counts the time inside optimiser steps only, not evaluation or saving.
    """

    def __init__(self, writer: EventWriter, patience: int) -> None:
        self.writer = writer
        self.patience = patience
        self.stopped_early = False
        self.rows_seen = 0  # told by the trainer
        self._step_started = 0.0
        self._step_seconds = 0.0
        self._tokens = 0
        self._rows = 0
        self._worse = 0

    def remember(self) -> dict[str, int]:
        """Return what a checkpoint keeps of this."""
        return {"rows_seen": self.rows_seen, "tokens": self._tokens, "worse": self._worse}

    def recall(self, memory: dict[str, int]) -> None:
        """Go on from what a checkpoint has kept."""
        self.rows_seen = self._rows = memory["rows_seen"]
        self._tokens = memory["tokens"]
        self._worse = memory["worse"]

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock of one optimiser step."""
        self._step_started = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Stop the clock; after the last step see to it that the final model is evaluated."""
        self._step_seconds += time.monotonic() - self._step_started
        if state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float],
        **_: Any,
    ) -> None:
        """Write one point of the curve."""
        if "loss" not in logs:
            return
        seconds = self._step_seconds or float("nan")
        tokens = int(state.num_input_tokens_seen)
        self.writer.write(
            "step_logged",
            state.global_step,
            epoch=round(state.epoch or 0.0, 4),
            loss=logs["loss"],
            learning_rate=logs.get("learning_rate"),
            grad_norm=logs.get("grad_norm"),
            tokens_per_second=(tokens - self._tokens) / seconds,
            rows_per_second=(self.rows_seen - self._rows) / seconds,
            rows=self.rows_seen,
            memory_bytes=memory_bytes(),
        )
        self._tokens, self._rows, self._step_seconds = tokens, self.rows_seen, 0.0

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **_: Any,
    ) -> None:
        """Write an evaluation; count those without a better one towards early stopping."""
        timing = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")
        scores = {
            name.removeprefix("eval_"): value
            for name, value in metrics.items()
            if name.startswith("eval_") and name.removeprefix("eval_") not in timing
        }
        value = scores[args.metric_for_best_model]
        # A score that is no number is never the best, as the Trainer has it.
        best = math.isfinite(value) and (
            state.best_metric is None
            or (value > state.best_metric if args.greater_is_better else value < state.best_metric)
        )
        epoch = round(state.epoch or 0.0, 4)
        self.writer.write("evaluated", state.global_step, epoch=epoch, metrics=scores, best=best)
        self._worse = 0 if best else self._worse + 1
        if self.patience and self._worse >= self.patience:
            self.stopped_early = state.global_step < state.max_steps
            control.should_training_stop = True


def memory_bytes() -> int:
    """Return the memory in use: of the GPU where there is one, else of this process."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return torch.cuda.memory_allocated()
    return psutil.Process().memory_info().rss
