"""transformers' Trainer: arguments from the spec, checkpoints in the run folder's layout."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainingArguments

from ..runs import EventWriter, RunFolder
from ..spec import RunSpec
from .prepare import Prepared

# These fields of `spec.train` go to `TrainingArguments` under the same name.
_SAME_NAME = (
    "learning_rate",
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "gradient_accumulation_steps",
    "lr_scheduler_type",
    "warmup_steps",
    "weight_decay",
    "max_grad_norm",
    "label_smoothing_factor",
    "optim",
    "train_sampling_strategy",
    "activation_checkpointing",
    "logging_steps",
    "seed",
)


def training_arguments(spec: RunSpec, device: str, output_dir: Path) -> TrainingArguments:
    """Return the Trainer's arguments for a resolved spec (its precision is no longer `auto`)."""
    train = spec.train
    by_steps = train.eval_steps > 0
    return TrainingArguments(
        output_dir=str(output_dir),
        **{name: getattr(train, name) for name in _SAME_NAME},
        bf16=train.precision == "bf16",
        fp16=train.precision == "fp16",
        use_cpu=device == "cpu",
        eval_strategy="steps" if by_steps else "epoch",
        eval_steps=train.eval_steps if by_steps else None,
        save_strategy="best",
        save_total_limit=spec.output.save_total_limit + 1,
        load_best_model_at_end=True,
        metric_for_best_model=train.metric_for_best_model,
        greater_is_better=train.metric_for_best_model != "loss",
        logging_nan_inf_filter=False,  # a NaN must be seen, not averaged away
        include_num_input_tokens_seen="non_padding",
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=device == "cuda",
        save_only_model=True,
    )


class WorkbenchTrainer(Trainer):
    """A Trainer that keeps its checkpoints as `checkpoints/step-000120/`, safetensors only."""

    def __init__(self, prepared: Prepared, run: RunFolder, writer: EventWriter, **kwargs: Any):
        self.run_folder = run
        self.writer = writer
        super().__init__(
            args=training_arguments(prepared.spec, prepared.precision.device, run.checkpoints_path),
            train_dataset=prepared.train,
            eval_dataset=prepared.validation,
            processing_class=prepared.tokenizer,
            data_collator=prepared.collate,
            compute_metrics=lambda p: prepared.task.metrics(p.predictions, p.label_ids),
            **kwargs,
        )

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        # The validation rows come sorted by length; grouping them again would only shuffle them.
        return torch.utils.data.SequentialSampler(eval_dataset)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = self.state.global_step
        folder = self.run_folder.checkpoint_path(step)
        save_model(self.model, self.processing_class, folder)
        best = self.state.best_global_step == step
        if best:
            self.state.best_model_checkpoint = str(folder)
        self.state.save_to_json(str(folder / "trainer_state.json"))
        path = folder.relative_to(self.run_folder.path).as_posix()
        self.writer.write("checkpoint_saved", step, path=path, best=best)
        self._drop_old_checkpoints()

    def _drop_old_checkpoints(self) -> None:
        best = self.state.best_model_checkpoint
        others = sorted(
            p for p in self.run_folder.checkpoints_path.glob("step-*") if str(p) != best
        )
        keep = (self.args.save_total_limit or 1) - 1
        for folder in others[: len(others) - keep]:
            shutil.rmtree(folder)


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save a model and its tokenizer in the standard layout, whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
