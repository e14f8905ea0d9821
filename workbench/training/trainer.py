"""transformers' Trainer, with a place between two steps where people can reach in.

What a step computes is the Trainer's: `training_step`, the loss, the optimizer, evaluation,
callbacks. Ours is the loop around it: batches drawn from seed and epoch alone, acts of steering
between steps, and checkpoints from which a run goes on as if it had never stopped.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers import Trainer
from transformers.trainer_utils import TrainOutput

from ..errors import disk_is_full
from ..runs import EventWriter, RunFolder
from . import checkpoints
from .arguments import training_arguments
from .batches import epoch_batches, steps_left
from .callback import EventCallback
from .knobs import move
from .observing import Observer
from .prepare import Prepared
from .schedule import rate_shape
from .speed import clip_gradients, on_processor

if TYPE_CHECKING:
    from .steering import Steering


def shifted_right(model: Any, labels: torch.Tensor) -> torch.Tensor:
    """Return what a decoder reads while it learns to write `labels`: (B, T)."""
    if hasattr(model, "prepare_decoder_input_ids_from_labels"):
        return model.prepare_decoder_input_ids_from_labels(labels=labels)
    start = torch.full_like(labels[:, :1], model.config.decoder_start_token_id)
    moved = torch.cat([start, labels[:, :-1]], dim=1)
    return moved.masked_fill(moved < 0, model.config.pad_token_id)


class WorkbenchTrainer(Trainer):
    """A Trainer that can be reached between steps, and that goes on from its own checkpoints.

    `steering` is called before each step with the trainer; it may turn knobs, evaluate, save,
    hold the training for a while, or set `control.should_training_stop`.
    """

    def __init__(
        self,
        prepared: Prepared,
        run: RunFolder,
        writer: EventWriter,
        model: Any,
        steering: Steering | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.prepared = prepared
        self.run_folder = run
        self.writer = writer
        self.steering = steering
        self.observer = observer
        self._rows: list[int] = []  # of the batch that is being learned from
        self.knob_values: dict[str, float] = {}  # what was moved; kept in checkpoints
        self.acts_taken = 0
        self.discard = False  # end without evaluating or keeping anything
        self.epoch = self.batch = 0  # the place in the data: what the next step starts with
        self._evaluated_at = self._saved_at = -1
        train = prepared.spec.train
        self.watcher = EventCallback(writer, train.early_stopping_patience)
        self.started: Callable[[], None] = lambda: None  # called when the first step is known
        self.evaluated: Callable[[WorkbenchTrainer], None] = lambda trainer: None
        super().__init__(
            model=model,
            args=training_arguments(prepared.spec, prepared.precision.device, run.checkpoints_path),
            train_dataset=prepared.train,
            eval_dataset=prepared.validation,
            processing_class=prepared.tokenizer,
            data_collator=prepared.collate,
            compute_loss_func=prepared.task.loss(prepared.setup),
            compute_metrics=lambda p: prepared.task.score(
                p.predictions, p.label_ids, prepared.setup
            ),
            preprocess_logits_for_metrics=prepared.task.keep,
            callbacks=[self.watcher],
        )

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """Return the loss of a batch, and show the observer what the model says of its rows.

        With smoothed labels, a decoder is told what it reads: the labels that an encoder-decoder
        would make its input from are kept from it then.
        """
        if self.label_smoother is not None and self.model.config.is_encoder_decoder:
            inputs = inputs | {"decoder_input_ids": shifted_right(self.model, inputs["labels"])}
        if return_outputs or self.observer is None:
            return super().compute_loss(model, inputs, return_outputs, **kwargs)
        labels = inputs["labels"]
        loss, outputs = super().compute_loss(model, inputs, True, **kwargs)
        step = self.state.global_step + 1
        self.observer.take(step, self.epoch, self._rows, outputs, labels)
        return loss

    # --- the loop ---------------------------------------------------------------------------

    def train(self, resume_from_checkpoint: Any = None, *_: Any, **__: Any) -> TrainOutput:
        """Train to the end, or to where somebody stops it.

        `resume_from_checkpoint` is the folder of a checkpoint of `training.checkpoints`.
        """
        self.is_in_train = True
        self._lengths: list[int] = self.train_dataset["length"][:]
        self._per_epoch = math.ceil(len(self._lengths) / self._train_batch_size)
        with on_processor(self.model):
            model = self._begin(resume_from_checkpoint)
            self.control = self.callback_handler.on_train_begin(self.args, self.state, self.control)
            self.started()
            while not self.control.should_training_stop:
                if self.steering is not None:
                    self.steering(self)
                if self.control.should_training_stop or self._over():
                    break
                self._take_step(model)
            if not self.discard:
                self.evaluate_now()
                self.save_now()
        return self._finalize_training(None, len(self._lengths), time.time())

    def planned_steps(self) -> int:
        """Return the number of the last step, from here on as the knobs now stand."""
        if self.args.max_steps > 0:
            return self.args.max_steps
        return self.state.global_step + steps_left(
            self.args.num_train_epochs,
            self.epoch,
            self.batch,
            self._per_epoch,
            self.args.gradient_accumulation_steps,
        )

    def replan(self) -> None:
        """Take note of another number of steps; the schedule keeps its shape, stretched to it."""
        self.state.max_steps = self.planned_steps()
        self._shape = rate_shape(self.args, self.state.max_steps)
        self.set_base_rate(self.args.learning_rate)

    def set_base_rate(self, rate: float) -> None:
        """Change the peak of the learning-rate schedule; the next step takes its share of it."""
        self.args.learning_rate = rate
        self.lr_scheduler.base_lrs = [rate for _ in self.lr_scheduler.base_lrs]
        now = rate * self._shape(self.lr_scheduler.last_epoch)
        for group in self.optimizer.param_groups:
            group["initial_lr"], group["lr"] = rate, now

    def _begin(self, checkpoint: Any) -> Any:
        self._tr_loss = torch.tensor(0.0, device=self.args.device)
        self._total_loss_scalar = 0.0
        self._globalstep_last_logged = self._initial_global_step = 0
        self._initial_num_input_tokens_seen = 0
        steps = self.planned_steps()
        self._init_training_state(steps, self._per_epoch, 0, None, None)
        model, _ = self._prepare_for_training(steps, None, None)
        self._batches = self._epoch_batches()
        if checkpoint is not None:
            self._restore(checkpoint)
        model.zero_grad()
        return model

    def _take_step(self, model: Any) -> None:
        if self.batch == 0:
            self.callback_handler.on_epoch_begin(self.args, self.state, self.control)
        taken = self._next_rows()
        batches = [self.data_collator(rows) for rows in taken]
        count = self._get_num_items_in_batch(batches, self.args.device)
        self.current_gradient_accumulation_steps = len(batches)
        self.control = self.callback_handler.on_step_begin(self.args, self.state, self.control)
        for number, inputs in enumerate(batches, 1):
            self.accelerator.gradient_state._set_sync_gradients(number == len(batches))
            self._rows = [row["row"] for row in taken[number - 1]]
            self._tr_loss += self.training_step(model, inputs, count)
            self._track_num_input_tokens(inputs)
        self.accelerator.unscale_gradients()
        norm = clip_gradients(list(model.parameters()), self.args.max_grad_norm)
        self.optimizer.step()
        rate = self.optimizer.param_groups[0]["lr"]
        if not self.accelerator.optimizer_step_was_skipped:
            self.lr_scheduler.step()
        model.zero_grad()
        self.state.global_step += 1
        self.state.epoch = self.epoch + self.batch / self._per_epoch
        self.control = self.callback_handler.on_step_end(self.args, self.state, self.control)
        if self.batch == self._per_epoch:
            self.epoch, self.batch = self.epoch + 1, 0
            self._batches = self._epoch_batches()
            self.control = self.callback_handler.on_epoch_end(self.args, self.state, self.control)
        self._log_evaluate_save(norm, rate)

    def _next_rows(self) -> list[list[dict[str, Any]]]:
        start = self.batch
        self.batch = min(start + self.args.gradient_accumulation_steps, self._per_epoch)
        self.watcher.rows_seen += sum(map(len, self._batches[start : self.batch]))
        return [self.train_dataset.__getitems__(rows) for rows in self._batches[start : self.batch]]

    def _epoch_batches(self) -> list[list[int]]:
        args = self.args
        return epoch_batches(
            self._lengths, self._train_batch_size, args.train_sampling_strategy, args.seed,
            self.epoch,
        )  # fmt: skip

    def _over(self) -> bool:
        return self.state.global_step >= self.state.max_steps

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Make a schedule whose shape can be changed while it runs."""
        self._shape = rate_shape(self.args, num_training_steps)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer or self.optimizer, self._rate_factor
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def _rate_factor(self, step: int) -> float:
        return self._shape(step)

    # --- what happens at some steps ---------------------------------------------------------

    def _log_evaluate_save(self, norm: torch.Tensor, rate: float) -> None:
        step = self.state.global_step
        control = self.control
        if control.should_log or self._over():
            loss = self._tr_loss.item() / (step - self._globalstep_last_logged)
            self._tr_loss.zero_()
            self._globalstep_last_logged = step
            self.log({"loss": loss, "grad_norm": norm.item(), "learning_rate": rate})
            self._note_rows()
            control.should_log = False
        best = self.evaluate_now() if control.should_evaluate else False
        every = self.prepared.spec.output.save_steps
        due = step % every == 0 or self._over() if every else self._evaluated_at == step
        if best or due:
            self.save_now()

    def evaluate_now(self) -> bool:
        """Evaluate, unless this step has been; return whether it is the best so far.

        Evaluation draws no chance from training: the losses that follow are the same without it.
        """
        self.control.should_evaluate = False
        if self._evaluated_at == self.state.global_step:
            return False
        devices = range(torch.cuda.device_count())
        with torch.random.fork_rng(devices):
            metrics = self._evaluate(None, None)
        self._evaluated_at = self.state.global_step
        self.evaluated(self)
        return self._determine_best_metric(metrics=metrics, trial=None)

    def save_now(self, again: bool = False) -> None:
        """Write a checkpoint, unless this step has one, and drop those no longer kept."""
        step = self.state.global_step
        folder = self.run_folder.checkpoint_path(step)
        best = self.state.best_global_step == step
        news = best and self.state.best_model_checkpoint != str(folder)
        if self._saved_at == step and not news and not again:
            return
        self._note_rows(durable=True)
        self.write_once_there_is_room(
            lambda: checkpoints.save_checkpoint(
                folder, self.model, self.processing_class, self.optimizer, self._progress()
            )
        )
        self._saved_at = step
        if best:
            self.state.best_model_checkpoint = str(folder)
        path = folder.relative_to(self.run_folder.path).as_posix()
        self.writer.write("checkpoint_saved", step, path=path, best=best)
        self._drop_old_checkpoints()

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

    def go_back_to_best(self) -> int | None:
        """Take the weights and moments of the best checkpoint; return its step, None without one.

        Data, schedule and step number go on from here.
        """
        if self.state.best_model_checkpoint is None:
            return None
        best = self.run_folder.checkpoint_path(self._best_step())
        checkpoints.load_weights(self.model, best)
        checkpoints.load_moments(self.optimizer, best, checkpoints.load_progress(best))
        return self._best_step()

    def _best_step(self) -> int:
        return int(self.state.best_global_step or 0)

    def _drop_old_checkpoints(self) -> None:
        output = self.prepared.spec.output
        others = [
            folder
            for folder in checkpoints.list_checkpoints(self.run_folder)
            if checkpoints.step_of(folder) != self._best_step()
            and not (
                output.keep_every_steps
                and checkpoints.step_of(folder) % output.keep_every_steps == 0
            )
        ]
        for folder in others[: max(0, len(others) - output.save_total_limit)]:
            shutil.rmtree(folder)

    # --- checkpoints ------------------------------------------------------------------------

    def _progress(self) -> dict[str, Any]:
        """Return what goes into a checkpoint beside weights, moments and random states."""
        state, scaler = self.state, self.accelerator.scaler
        return {
            "step": state.global_step,
            "epoch": self.epoch,
            "batch": self.batch,
            "batches_per_epoch": self._per_epoch,
            "optim": str(self.args.optim.value),
            "max_steps": state.max_steps,
            "knobs": self.knob_values,
            "acts_taken": self.acts_taken,
            "best_metric": state.best_metric,
            "best_step": self._best_step(),
            "tokens": int(state.num_input_tokens_seen),
            "loss_sum": self._tr_loss.item(),
            "last_logged": self._globalstep_last_logged,
            "evaluated_at": self._evaluated_at,
            "watcher": self.watcher.remember(),
            "scaler": None if scaler is None else scaler.state_dict(),
        }

    def _restore(self, folder: Any) -> None:
        progress = checkpoints.load_progress(folder)
        state = self.state
        state.global_step = self._saved_at = self._initial_global_step = progress["step"]
        # A fork may cut the same data into other batches.
        share = self._per_epoch / progress["batches_per_epoch"]
        self.epoch, self.batch = progress["epoch"], round(progress["batch"] * share)
        state.epoch = self.epoch + self.batch / self._per_epoch
        if progress["best_metric"] is not None:
            state.best_metric = progress["best_metric"]
            state.best_global_step = progress["best_step"]
            state.best_model_checkpoint = str(self.run_folder.checkpoint_path(self._best_step()))
        state.num_input_tokens_seen = progress["tokens"]
        self._tr_loss.fill_(progress["loss_sum"])
        self._globalstep_last_logged = progress["last_logged"]
        self._evaluated_at = progress["evaluated_at"]
        self.acts_taken = progress["acts_taken"]
        self.watcher.recall(progress["watcher"])
        self._batches = self._epoch_batches()
        self.lr_scheduler.last_epoch = self.lr_scheduler._step_count = progress["step"]
        for name, value in progress["knobs"].items():
            move(self, name, value)
        state.max_steps = progress["max_steps"] or self.planned_steps()
        self._shape = rate_shape(self.args, state.max_steps)
        self.set_base_rate(self.args.learning_rate)
        if progress["scaler"]:
            self.accelerator.scaler.load_state_dict(progress["scaler"])
        checkpoints.load_weights(self.model, folder)
        if progress["optim"] == self.args.optim.value:
            checkpoints.load_moments(self.optimizer, folder, progress)
        checkpoints.restore_chance(folder, progress)
