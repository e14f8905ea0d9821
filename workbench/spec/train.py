"""`train`: how the model learns."""

from __future__ import annotations

from typing import Annotated

from .domain import Domain
from .section import Section


class TrainSpec(Section):
    """How the model learns; named as in `transformers.TrainingArguments`."""

    learning_rate: Annotated[
        float, Domain("size of the optimiser's steps at its peak", 1e-7, 1e-1, log=True)
    ] = 1e-4
    num_train_epochs: Annotated[
        float, Domain("passes over the training rows", 0.01, 100, step=0.5, unit="epochs")
    ] = 1.0
    max_steps: Annotated[
        int, Domain("stop after so many steps; -1 leaves it to the epochs", -1, 10_000_000)
    ] = -1
    per_device_train_batch_size: Annotated[
        int, Domain("rows in one training batch", 1, 1024, log=True, unit="rows")
    ] = 16
    per_device_eval_batch_size: Annotated[
        int, Domain("rows in one evaluation batch", 1, 4096, log=True, unit="rows")
    ] = 64
    gradient_accumulation_steps: Annotated[
        int, Domain("batches whose gradients are summed before a step", 1, 256, log=True)
    ] = 1
    lr_scheduler_type: Annotated[
        str,
        Domain(
            "how the learning rate falls after its warm-up",
            choices=("linear", "cosine", "constant_with_warmup", "constant", "polynomial"),
        ),
    ] = "linear"
    warmup_steps: Annotated[
        float,
        Domain("steps in which the rate rises; below 1 a share of all steps", 0, 100_000),
    ] = 0.1
    weight_decay: Annotated[float, Domain("pull of the weights towards zero", 0, 1, step=0.005)] = (
        0.01
    )
    max_grad_norm: Annotated[
        float, Domain("gradients longer than this are shortened to it; 0 never", 0, 100, step=0.1)
    ] = 1.0
    label_smoothing_factor: Annotated[
        float, Domain("share of the target spread over the other classes", 0, 0.5, step=0.01)
    ] = 0.0
    loss: Annotated[
        str,
        Domain(
            "what is minimised, auto the task's first: cross_entropy −log p of the label | focal "
            "−(1−p)^γ log p | mse e², e the error | huber e²/2 where |e| ≤ δ, else δ(|e| − δ/2)",
            choices=("auto", "cross_entropy", "focal", "mse", "huber"),
        ),
    ] = "auto"
    huber_delta: Annotated[
        float,
        Domain(
            "δ of the huber loss, in standard deviations of the numbers: larger errors count in "
            "proportion, not squared",
            0.01,
            100,
            log=True,
        ),
    ] = 1.0
    focal_gamma: Annotated[
        float,
        Domain(
            "γ of the focal loss: how little rows count that are right already", 0, 10, step=0.5
        ),
    ] = 2.0
    class_weights: Annotated[
        str,
        Domain(
            "what a label or tag counts in the loss: none, all alike; balanced, all labels ÷ "
            "(kinds of labels × those of this kind), or, of several labels a row, rows without it "
            "÷ rows with it",
            choices=("none", "balanced"),
        ),
    ] = "none"
    label_weights: Annotated[
        dict[str, float],
        Domain("labels that count more or less than others, times class_weights: {spam: 5}"),
    ] = {}
    custom_loss: Annotated[
        str,
        Domain(
            "a loss of your own in place of loss: its name among the entry points "
            "workbench.losses of the installed packages; empty none"
        ),
    ] = ""
    custom_metrics: Annotated[
        list[str],
        Domain(
            "metrics of your own that are followed: their names among the entry points "
            "workbench.metrics of the installed packages"
        ),
    ] = []
    completion_only_loss: Annotated[
        bool, Domain("learn from the answers only, not from the prompts before them")
    ] = True
    assistant_turns: Annotated[
        str,
        Domain(
            "of a conversation, the answers that are learned: all | last, the last one alone; each "
            "with the token that ends its turn",
            choices=("all", "last"),
        ),
    ] = "all"
    mlm_probability: Annotated[
        float, Domain("share of the tokens that are masked and to be guessed", 0.01, 0.9, step=0.01)
    ] = 0.15
    whole_word_mask: Annotated[bool, Domain("mask all tokens of a word together")] = False
    optim: Annotated[
        str,
        Domain(
            "the optimiser",
            choices=("adamw_torch_fused", "adamw_torch", "adafactor", "sgd"),
        ),
    ] = "adamw_torch_fused"
    train_sampling_strategy: Annotated[
        str,
        Domain(
            "order of the rows; by length wastes less on padding",
            choices=("group_by_length", "random", "sequential"),
        ),
    ] = "group_by_length"
    precision: Annotated[
        str,
        Domain(
            "number format of the matrix products; auto takes bf16 where it is faster",
            choices=("auto", "fp32", "bf16", "fp16"),
        ),
    ] = "auto"
    activation_checkpointing: Annotated[
        bool, Domain("compute activations twice to save memory")
    ] = False
    logging_steps: Annotated[
        int, Domain("write a point of the curve every so many steps", 1, 10_000, log=True)
    ] = 1
    eval_steps: Annotated[
        int, Domain("evaluate every so many steps; 0 at the end of each epoch", 0, 1_000_000)
    ] = 25
    metric_for_best_model: Annotated[
        str, Domain("the metric that names the best checkpoint: loss, or one of the task's")
    ] = "loss"
    early_stopping_patience: Annotated[
        int, Domain("stop after so many evaluations without a better one; 0 never", 0, 1000)
    ] = 0
    seed: Annotated[int, Domain("where all chance comes from", 0, 2**32 - 1)] = 42
    replay: Annotated[
        str,
        Domain("a run: what was done to it by hand is done again at the same steps; empty none"),
    ] = ""
