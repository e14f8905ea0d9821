"""The training loop: steps, and between two of them a place where people can reach in.

Batches are drawn from seed and epoch alone, acts of steering happen between steps, and from a
checkpoint a run goes on as if it had never stopped. docs/training-loop.md says why the loop is
not that of transformers' Trainer.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch

from ..errors import RunError, disk_is_full
from ..runs import EventWriter, RunFolder, read_state
from ..runs.alerts import describe, find_alerts
from ..runs.events import EventValues
from ..runs.telling import tell
from . import checkpoints
from .batches import epoch_batches, steps_left
from .hyperparameters import set_hyperparameter
from .meter import Meter, memory_bytes
from .observing import Observer
from .prepare import Prepared
from .processes import Processes, processes
from .schedule import rate_shape
from .speed import on_processor
from .step import Stepper, Taken
from .validation import validate


class Steering(Protocol):
    """What is called before each step, and reaches into the loop."""

    def __call__(self, loop: TrainingLoop) -> None:
        """Do what was asked for before this step."""

    def wait_for_room(self, loop: TrainingLoop) -> None:
        """Wait until the disk has room for a checkpoint."""


class TrainingLoop:
    """Trains a model, can be reached between steps, and goes on from its own checkpoints.

    `steering` is called before each step with the loop; it may turn knobs, evaluate, save, hold
    the training for a while, or set `stopping`. `train` is the spec's section as the knobs now
    have it.
    """

    def __init__(
        self,
        prepared: Prepared,
        run: RunFolder,
        writer: EventWriter,
        model: Any,
        steering: Steering | None = None,
        observer: Observer | None = None,
        together: Processes | None = None,
    ) -> None:
        self.prepared = prepared
        self.run = run
        self.writer = writer
        self.model = model
        self.steering = steering
        self.observer = observer
        self.together = together or processes()
        self.train = prepared.spec.train
        self.live_values: dict[str, float] = {}  # what was moved; kept in checkpoints
        self.requests_taken = 0
        self.stopping = False
        self.stopped_early = False
        self.discard = False  # end without evaluating or keeping anything
        self.step = self.total_steps = 0
        self.epoch = self.batch = 0  # the place in the data: what the next step starts with
        self.best_metric: float | None = None
        self.best_step = 0
        self.started: Callable[[], None] = lambda: None  # called when the first step is known
        self.evaluated: Callable[[TrainingLoop], None] = lambda loop: None
        self._meter = Meter()
        self._evaluated_at = self._saved_at = self._best_saved_at = -1
        self._worse = 0  # evaluations since the best one
        self._warned = False
        self._loss_sum = torch.zeros((), device=prepared.precision.device)
        self._last_logged = 0
        self._lengths: list[int] = prepared.train["length"][:]
        self._per_epoch = math.ceil(len(self._lengths) / self.train.per_device_train_batch_size)
        self._take = Stepper(
            model, prepared.task, prepared.objective(), self.train, prepared.precision,
            self.together,
        )  # fmt: skip
        self.optimizer = self._take.optimizer

    # --- the loop ---------------------------------------------------------------------------

    def run_to_end(self, checkpoint: Path | None = None) -> None:
        """Train to the end, or to where somebody stops it; go on from a checkpoint if given."""
        model = self.model
        if self.train.activation_checkpointing:
            model.activation_checkpointing_enable()
        model.train()
        with on_processor(model):
            self.rebuild_schedule()
            self._batches = self._epoch_batches()
            if checkpoint is not None:
                self._restore(checkpoint)
            self.started()
            while not self.stopping:
                if self.steering is not None:
                    self.steering(self)
                if self.stopping or self.step >= self.total_steps:
                    break
                self.take_step()
            if not self.discard:
                self.evaluate_now()
                self.save_now()

    def take_step(self) -> None:
        """Take one optimiser step; then log, evaluate and save what is due."""
        if self.together.rank:  # chance of its own, that no checkpoint needs to keep
            torch.manual_seed((self.train.seed + self.step) * self.together.size * 7919
                              + self.together.rank)  # fmt: skip
        rate = self.train.learning_rate * self._shape(self.step)
        with self._meter.running():
            rows = self._next_rows()
            batches = [self.prepared.collate(chosen) for chosen in rows]
            numbers = [[row["row"] for row in chosen] for chosen in rows]
            taken = self._take(
                batches, rate, lambda n, outputs, labels: self._show(numbers[n], outputs, labels)
            )
            self._loss_sum += taken.loss
        self.step += 1
        at_epochs_end = self.batch == self._per_epoch
        if at_epochs_end:
            self.epoch, self.batch = self.epoch + 1, 0
            self._batches = self._epoch_batches()
        self._log_evaluate_save(taken, rate, at_epochs_end)

    def planned_steps(self) -> int:
        """Return the number of the last step, from here on as the knobs now stand."""
        if self.train.max_steps > 0:
            return self.train.max_steps
        return self.step + steps_left(
            self.train.num_train_epochs, self.epoch, self.batch, self._per_epoch, self._group
        )

    def rebuild_schedule(self) -> None:
        """Take note of another number of steps; the schedule keeps its shape, stretched to it."""
        self.total_steps = self.planned_steps()
        self._shape = rate_shape(self.train, self.total_steps)

    def rebuild_loss(self) -> None:
        """Minimise from now on what the knobs say."""
        self._take.objective = self.prepared.objective(self.train.label_smoothing_factor)

    def limit_gradients(self, norm: float) -> None:
        """Shorten gradients longer than `norm` from now on."""
        self._take.max_grad_norm = norm

    @property
    def _group(self) -> int:
        """Batches a step, over all processes."""
        return self.train.gradient_accumulation_steps * self.together.size

    def _next_rows(self) -> list[list[dict[str, Any]]]:
        """Return the rows of this process's batches of the next step."""
        start, self.batch = self.batch, min(self.batch + self._group, self._per_epoch)
        group = self._batches[start : self.batch]
        numbers = [number for batch in group for number in batch]
        self._meter.add(len(numbers), sum(self._lengths[number] for number in numbers))
        own = group[self.together.rank :: self.together.size]
        return [self.prepared.train.__getitems__(batch) for batch in own]

    def _epoch_batches(self) -> list[list[int]]:
        train = self.train
        return epoch_batches(
            self._lengths, train.per_device_train_batch_size, train.train_sampling_strategy,
            train.seed, self.epoch,
        )  # fmt: skip

    def _show(self, rows: list[int], outputs: Any, labels: Any) -> None:
        if self.observer is not None:
            self.observer.take(self.step + 1, self.epoch, rows, outputs, labels)

    # --- what happens at some steps ---------------------------------------------------------

    def _epochs(self) -> float:
        return round(self.epoch + self.batch / self._per_epoch, 4)

    def _log_evaluate_save(self, taken: Taken, rate: float, at_epochs_end: bool) -> None:
        over, step = self.step >= self.total_steps, self.step
        if step % self.train.logging_steps == 0 or over:
            self._log(taken, rate)
        every = self.train.eval_steps
        due = step % every == 0 if every else at_epochs_end
        best = self.evaluate_now() if due or over else False
        every = self.prepared.spec.output.save_steps
        due = step % every == 0 or over if every else self._evaluated_at == step
        if best or due:
            self.save_now()

    def _log(self, taken: Taken, rate: float) -> None:
        loss = self.together.sum(self._loss_sum).item() / (self.step - self._last_logged)
        self._loss_sum.zero_()
        self._last_logged = self.step
        values: EventValues = {
            "epoch": self._epochs(),
            "loss": loss,
            "learning_rate": rate,
            "grad_norm": taken.grad_norm.item(),
            **self._meter.rates(),
            "rows": self._meter.rows,
            "memory_bytes": memory_bytes(),
        }
        self.writer.write("step_logged", self.step, **values)
        self._note_rows()

    def evaluate_now(self) -> bool:
        """Evaluate, unless this step has been; return whether it is the best so far.

        Evaluation draws no chance from training: the losses that follow are the same without it.
        """
        if self._evaluated_at == self.step:
            return False
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            metrics, only = validate(self.model, self.prepared, self.together)
        self._evaluated_at = self.step
        name = self.train.metric_for_best_model
        best = self.prepared.task.metric(name).is_better(metrics[name], self.best_metric)
        values: EventValues = {"epoch": self._epochs(), "metrics": metrics, "best": best}
        if only:
            values["only_answer"] = only
        self.writer.write("evaluated", self.step, **values)
        if best:
            self.best_metric, self.best_step = metrics[name], self.step
        self._worse = 0 if best else self._worse + 1
        patience = self.train.early_stopping_patience
        if patience and self._worse >= patience:
            self.stopped_early = self.step < self.total_steps
            self.stopping = True
        if self.together.main:
            self._warn_of_one_answer(only)
            self.evaluated(self)
        return best

    def _warn_of_one_answer(self, only: str) -> None:
        """Say on stderr, once, that all validation rows get one answer; nobody may be watching."""
        alerts = find_alerts(read_state(self.run)) if only else []
        alert = next((alert for alert in alerts if alert.kind == "one_answer"), None)
        if alert is not None and not self._warned:
            tell(describe(alert))
        self._warned = alert is not None

    def save_now(self, again: bool = False) -> None:
        """Write a checkpoint, unless this step has one, and drop those no longer kept."""
        best = self.best_metric is not None and self.best_step == self.step
        news = best and self._best_saved_at != self.step
        if self._saved_at == self.step and not news and not again:
            return
        self._note_rows(durable=True)
        folder, progress = self.run.checkpoint_path(self.step), self._progress()
        if self.together.main:
            self.write_once_there_is_room(
                lambda: checkpoints.save_checkpoint(
                    folder, self.model, self.prepared.tokenizer, self.optimizer, progress
                )
            )
        self._saved_at = self.step
        if best:
            self._best_saved_at = self.step
        path = folder.relative_to(self.run.path).as_posix()
        self.writer.write("checkpoint_saved", self.step, path=path, best=best)
        if self.together.main:
            self._drop_old_checkpoints()
        self.together.wait()

    def _note_rows(self, durable: bool = False) -> None:
        """Write what the batches since the last time said of their rows."""
        if (observer := self.observer) is not None:
            self.write_once_there_is_room(lambda: observer.flush(durable))

    def write_once_there_is_room(self, write: Callable[[], None]) -> None:
        """Write files; on a full disk, pause until there is room for them.

        Raises:
            Interrupted: the disk is full, and the process was asked to end.
        """
        while True:
            try:
                write()
                return
            except Exception as error:
                if not disk_is_full(error) or self.steering is None:
                    raise
                self.steering.wait_for_room(self)

    @property
    def best_checkpoint(self) -> Path | None:
        """The folder of the best checkpoint; None where none has been saved."""
        return None if self._best_saved_at < 0 else self.run.checkpoint_path(self.best_step)

    def restore_best(self) -> int | None:
        """Take the weights and moments of the best checkpoint; return its step, None without one.

        Data, schedule and step number go on from here.
        """
        best = self.best_checkpoint
        if best is None:
            return None
        checkpoints.load_weights(self.model, best)
        checkpoints.load_optimizer_state(self.optimizer, best, checkpoints.load_progress(best))
        return self.best_step

    def load_best(self) -> None:
        """Take the weights of the best checkpoint, to be kept as the run's model.

        Raises:
            RunError: the followed metric was never a number.
        """
        best = self.best_checkpoint
        if best is None:
            name = self.train.metric_for_best_model
            raise RunError(
                "the validation loss was never a number, so there is no best model"
                if name == "loss"
                else "the validation metric {metric} was never a number, so there is no best model",
                "lower train.learning_rate, or train in precision fp32",
                metric=name,
            )
        checkpoints.load_weights(self.model, best)

    def _drop_old_checkpoints(self) -> None:
        output = self.prepared.spec.output
        others = [
            folder
            for folder in checkpoints.list_checkpoints(self.run)
            if checkpoints.step_of(folder) != self.best_step
            and not (
                output.keep_every_steps
                and checkpoints.step_of(folder) % output.keep_every_steps == 0
            )
        ]
        for folder in others[: max(0, len(others) - output.save_total_limit)]:
            shutil.rmtree(folder)

    # --- checkpoints ------------------------------------------------------------------------

    def _progress(self) -> checkpoints.Progress:
        """Return what goes into a checkpoint beside weights, moments and random states."""
        scaler = self._take.scaler
        return {
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "batches_per_epoch": self._per_epoch,
            "optim": self.train.optim,
            "max_steps": self.total_steps,
            "hyperparameters": self.live_values,
            "requests_taken": self.requests_taken,
            "best_metric": self.best_metric,
            "best_step": self.best_step,
            "tokens": self._meter.tokens,
            "loss_sum": self.together.sum(self._loss_sum).item(),
            "last_logged": self._last_logged,
            "evaluated_at": self._evaluated_at,
            "meter": {**self._meter.state_dict(), "worse": self._worse},
            "scaler": scaler.state_dict() if scaler.is_enabled() else None,
        }

    def _restore(self, folder: Path) -> None:
        progress = checkpoints.load_progress(folder)
        self.step = self._saved_at = progress["step"]
        # A fork may cut the same data into other batches.
        share = self._per_epoch / progress["batches_per_epoch"]
        self.epoch, self.batch = progress["epoch"], round(progress["batch"] * share)
        if progress["best_metric"] is not None:
            self.best_metric, self.best_step = progress["best_metric"], progress["best_step"]
            self._best_saved_at = self.best_step
        if self.together.main:
            self._loss_sum.fill_(progress["loss_sum"])
        self._last_logged = progress["last_logged"]
        self._evaluated_at = progress["evaluated_at"]
        self.requests_taken = progress["requests_taken"]
        self._meter.load_state_dict(progress["meter"], progress["tokens"])
        self._worse = progress["meter"]["worse"]
        self._batches = self._epoch_batches()
        for name, value in progress["hyperparameters"].items():
            set_hyperparameter(self, name, value)
        self.total_steps = progress["max_steps"] or self.planned_steps()
        self._shape = rate_shape(self.train, self.total_steps)
        if progress["scaler"]:
            self._take.scaler.load_state_dict(progress["scaler"])
        checkpoints.load_weights(self.model, folder)
        if progress["optim"] == self.train.optim:
            checkpoints.load_optimizer_state(self.optimizer, folder, progress)
        checkpoints.restore_rng_state(folder, progress)
