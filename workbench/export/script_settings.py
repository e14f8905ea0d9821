"""A run's settings in the words of transformers and peft."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..tasks._losses import focal_gamma, label_weights
from ..training.prepare import Prepared

_SAME_NAME = (
    "num_train_epochs", "max_steps", "per_device_train_batch_size", "per_device_eval_batch_size",
    "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type", "warmup_steps",
    "weight_decay", "max_grad_norm", "optim", "logging_steps", "seed",
)  # fmt: skip
_ABOUT = ("auto_mapping", "base_model_name_or_path", "revision", "peft_version", "inference_mode")


def loss_settings(prepared: Prepared) -> dict[str, Any]:
    """Return which loss the script computes, with its weights and its focus."""
    setup, spec = prepared.setup, prepared.spec
    loss = "sets" if spec.data.multi_label else prepared.task.script_loss
    weights = None
    if prepared.task.names_labels:
        weights = label_weights(setup)
        weights = None if set(weights) == {1.0} else weights
    gamma = focal_gamma(setup)
    return {
        "loss": loss,
        "label_shape": prepared.task.script_labels,
        "weights": weights,
        "gamma": gamma,
    }


def trainer_arguments(prepared: Prepared) -> dict[str, Any]:
    """Return what `TrainingArguments` is given beside the folder."""
    train, output = prepared.spec.train, prepared.spec.output
    rhythm: dict[str, Any] = {"eval_strategy": "epoch", "save_strategy": "epoch"}
    if train.eval_steps:
        rhythm = {
            "eval_strategy": "steps", "eval_steps": train.eval_steps,
            "save_strategy": "steps", "save_steps": train.eval_steps,
        }  # fmt: skip
    return {
        **{name: getattr(train, name) for name in _SAME_NAME},
        "bf16": prepared.precision.name == "bf16",
        "fp16": prepared.precision.name == "fp16",
        **({"activation_checkpointing": True} if train.activation_checkpointing else {}),
        **rhythm,
        "save_total_limit": max(output.save_total_limit, 1),
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
        "remove_unused_columns": False,
        "label_names": ["labels"],  # the losses of validation batches, too, are those of `loss`
        "report_to": "none",
    }


def adapter_settings(model: Any) -> dict[str, Any] | None:
    """Return the kind and the settings of a model's adapter as peft writes them, None without."""
    if not hasattr(model, "peft_config"):
        return None
    config = model.peft_config["default"]
    held: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        name, value = field.name, getattr(config, field.name)
        value = sorted(value) if isinstance(value, set) else value
        value = getattr(value, "value", value)
        plain = field.default if field.default is not dataclasses.MISSING else None
        is_plain = isinstance(value, bool | int | float | str | list | dict)
        if name in _ABOUT or not is_plain or not field.init or value in (plain, {}, []):
            continue
        held[name] = value
    return {"kind": type(config).__name__, "settings": held}


def frozen_prefixes(model: Any) -> tuple[str, ...]:
    """Return what the names begin with of the weights that do not learn; none beside an adapter."""
    if hasattr(model, "peft_config"):
        return ()
    learns = {name: one.requires_grad for name, one in model.named_parameters()}
    found: dict[str, None] = {}
    for name, does in learns.items():
        if does or name.startswith(tuple(found)):
            continue
        parts = name.split(".")
        prefixes = [".".join(parts[:n]) + "." for n in range(1, len(parts))] + [name]
        found[
            next(
                prefix
                for prefix in prefixes
                if not any(own for other, own in learns.items() if other.startswith(prefix))
            )
        ] = None
    return tuple(found)
