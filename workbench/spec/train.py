"""`train`: how the model learns."""

from __future__ import annotations

from typing import Annotated

from .domain import Domain
from .section import Section


class TrainSpec(Section):
    """How the model learns; named as in `transformers.TrainingArguments`."""

    learning_rate: Annotated[
        float, Domain("peak learning rate of the optimizer", 1e-7, 1e-1, log=True)
    ] = 1e-4
    num_train_epochs: Annotated[
        float, Domain("passes over the training rows", 0.01, 100, step=0.5, unit="epochs")
    ] = 1.0
    max_steps: Annotated[
        int, Domain("maximum training steps; -1 uses the epochs instead", -1, 10_000_000)
    ] = -1
    per_device_train_batch_size: Annotated[
        int, Domain("rows per training batch", 1, 1024, log=True, unit="rows")
    ] = 16
    per_device_eval_batch_size: Annotated[
        int, Domain("rows per evaluation batch", 1, 4096, log=True, unit="rows")
    ] = 64
    gradient_accumulation_steps: Annotated[
        int, Domain("batches whose gradients are accumulated before a step", 1, 256, log=True)
    ] = 1
    lr_scheduler_type: Annotated[
        str,
        Domain(
            "learning rate schedule after the warm-up",
            choices=("linear", "cosine", "constant_with_warmup", "constant", "polynomial"),
        ),
    ] = "linear"
    warmup_steps: Annotated[
        float,
        Domain("steps of linear warm-up; below 1, a share of all steps", 0, 100_000),
    ] = 0.1
    weight_decay: Annotated[float, Domain("strength of weight decay", 0, 1, step=0.005)] = 0.01
    max_grad_norm: Annotated[
        float, Domain("clip gradients to this norm; 0 disables clipping", 0, 100, step=0.1)
    ] = 1.0
    label_smoothing_factor: Annotated[
        float,
        Domain("share of the target probability spread over the other classes", 0, 0.5, step=0.01),
    ] = 0.0
    loss: Annotated[
        str,
        Domain(
            "loss function, auto the task's default: cross_entropy −log p of the label | "
            "focal −(1−p)^γ log p | mse e², e the error | huber e²/2 where |e| ≤ δ, else "
            "δ(|e| − δ/2)",
            choices=("auto", "cross_entropy", "focal", "mse", "huber"),
        ),
    ] = "auto"
    huber_delta: Annotated[
        float,
        Domain(
            "δ of the huber loss, in standard deviations of the numbers: larger errors count "
            "linearly, not squared",
            0.01,
            100,
            log=True,
        ),
    ] = 1.0
    focal_gamma: Annotated[
        float,
        Domain(
            "γ of the focal loss: higher values down-weight rows that are already right",
            0,
            10,
            step=0.5,
        ),
    ] = 2.0
    class_weights: Annotated[
        str,
        Domain(
            "weight of a label or tag in the loss: none, all equal; balanced, all labels ÷ "
            "(number of classes × count of this one), or, with several labels per row, rows "
            "without it ÷ rows with it",
            choices=("none", "balanced"),
        ),
    ] = "none"
    label_weights: Annotated[
        dict[str, float],
        Domain("weights of single labels, multiplied by class_weights: {spam: 5}"),
    ] = {}
    custom_loss: Annotated[
        str,
        Domain(
            "custom loss instead of loss: its name among the entry points workbench.losses of"
            " installed packages; empty: none"
        ),
    ] = ""
    custom_metrics: Annotated[
        list[str],
        Domain(
            "custom metrics to track: their names among the entry points workbench.metrics of"
            " installed packages"
        ),
    ] = []
    completion_only_loss: Annotated[
        bool, Domain("compute the loss on the answers only, not on the prompts")
    ] = True
    assistant_turns: Annotated[
        str,
        Domain(
            "assistant answers of a conversation used for training: all | last, only the last"
            " one; each with its end-of-turn token",
            choices=("all", "last"),
        ),
    ] = "all"
    mlm_probability: Annotated[
        float, Domain("share of the tokens that are masked and predicted", 0.01, 0.9, step=0.01)
    ] = 0.15
    whole_word_mask: Annotated[bool, Domain("mask all tokens of a word together")] = False
    optim: Annotated[
        str,
        Domain(
            "optimizer",
            choices=("adamw_torch_fused", "adamw_torch", "adafactor", "sgd"),
        ),
    ] = "adamw_torch_fused"
    train_sampling_strategy: Annotated[
        str,
        Domain(
            "order of the training rows; grouping by length reduces padding",
            choices=("group_by_length", "random", "sequential"),
        ),
    ] = "group_by_length"
    precision: Annotated[
        str,
        Domain(
            "number format of matrix products; auto uses bf16 where it is faster",
            choices=("auto", "fp32", "bf16", "fp16"),
        ),
    ] = "auto"
    activation_checkpointing: Annotated[
        bool, Domain("recompute activations in the backward pass to save memory")
    ] = False
    logging_steps: Annotated[
        int, Domain("log the training loss every this many steps", 1, 10_000, log=True)
    ] = 1
    eval_steps: Annotated[
        int, Domain("evaluate every this many steps; 0 at the end of each epoch", 0, 1_000_000)
    ] = 25
    metric_for_best_model: Annotated[
        str, Domain("metric that selects the best checkpoint: loss, or one of the task's")
    ] = "loss"
    early_stopping_patience: Annotated[
        int, Domain("stop after this many evaluations without improvement; 0 never", 0, 1000)
    ] = 0
    seed: Annotated[
        int, Domain("seed for sampling, shuffling and initialization", 0, 2**32 - 1)
    ] = 42
    replay: Annotated[
        str,
        Domain("run whose manual changes are repeated at the same steps; empty: none"),
    ] = ""
