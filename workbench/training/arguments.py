"""From a spec to the arguments of transformers' Trainer."""

from __future__ import annotations

from typing import Any

from transformers import TrainingArguments

from ..spec import RunSpec
from ..tasks import load_task

# These fields of `spec.train` go to `TrainingArguments` under the same name.
SAME_NAME = (
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


def training_arguments(spec: RunSpec, device: str, output_dir: Any) -> TrainingArguments:
    """Return the Trainer's arguments for a resolved spec (its precision is no longer `auto`)."""
    train = spec.train
    by_steps = train.eval_steps > 0
    return TrainingArguments(
        output_dir=str(output_dir),
        **{name: getattr(train, name) for name in SAME_NAME},
        bf16=train.precision == "bf16",
        fp16=train.precision == "fp16",
        use_cpu=device == "cpu",
        eval_strategy="steps" if by_steps else "epoch",
        eval_steps=train.eval_steps if by_steps else None,
        save_strategy="best",
        load_best_model_at_end=True,
        metric_for_best_model=train.metric_for_best_model,
        greater_is_better=load_task(spec.task)
        .metric(train.metric_for_best_model)
        .greater_is_better,
        logging_nan_inf_filter=False,  # a NaN must be seen, not averaged away
        label_names=["labels"],  # what tasks call them, whatever the model's own head does
        include_num_input_tokens_seen="non_padding",
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )
