"""What of a spec does not go with its task, or with another choice in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import Fault
from ..language import text as say
from ..language import translate
from ..models import quantization
from ..models.adapters import can_prompt
from ..sources.paths import has_prefix
from ..spec import RunSpec, SpecError, field_of, to_flat
from ..tasks import Task, served_by


def check_spec(spec: RunSpec, task: Task) -> None:
    """Refuse what the task does not have, before any work is done.

    Raises:
        SpecError: with all faults at once.
    """
    own = set(spec.train.custom_metrics)
    followed = sorted({metric.name for metric in task.metrics if metric.followed} | own)
    faults = [
        _unfit(path, held, say("spec.choose", choices=" | ".join(known)))
        for path, held, known in (
            ("train.metric_for_best_model", spec.train.metric_for_best_model, followed),
            ("train.loss", spec.train.loss, ("auto", *task.losses)),
        )
        if held not in known
    ]
    faults += _adapter_faults(spec, task)
    faults += _custom_loss_faults(spec)
    values = to_flat(spec)
    for path, served in served_by().items():
        field = field_of(path)
        if path not in task.options and values[field.name] != field.default:
            faults.append(
                _unused(
                    path,
                    values[field.name],
                    "spec.no_effect_here" if task.name in served else "spec.no_effect",
                    say("spec.leave_at", default=repr(field.default)),
                    task=task.name,
                    tasks=", ".join(served),
                )
            )
    if faults:
        raise SpecError(faults)


def unused_settings(spec: RunSpec) -> list[str]:
    """Return a sentence for each setting that was changed and has no effect beside another."""
    values = to_flat(spec)
    notes = []
    for path, other, heeds in _HEEDED:
        field, beside = field_of(path), field_of(other)
        value, held = values[field.name], values[beside.name]
        if value != field.default and not heeds(held):
            notes.append(
                say(
                    "data.note.no_effect",
                    field=path,
                    value=value,
                    other=other,
                    held=held,
                )
            )
    return notes


def _one_of(*choices: object) -> Callable[[Any], bool]:
    return lambda held: held in choices


# A setting, another one beside it, and whether the first is heeded at a value of the second.
_HEEDED: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("train.focal_gamma", "train.loss", _one_of("focal")),
    ("train.huber_delta", "train.loss", _one_of("huber")),
    ("train.num_train_epochs", "train.max_steps", lambda steps: steps <= 0),
    ("train.warmup_steps", "train.lr_scheduler_type", lambda kind: kind != "constant"),
    ("adapter.lora_rank", "adapter.peft_method", _one_of("lora", "dora")),
    ("adapter.lora_alpha", "adapter.peft_method", _one_of("lora", "dora")),
    ("adapter.lora_dropout", "adapter.peft_method", _one_of("lora", "dora")),
    ("adapter.target_modules", "adapter.peft_method", _one_of("lora", "dora", "ia3")),
    ("adapter.num_virtual_tokens", "adapter.peft_method", _one_of("prompt_tuning")),
    ("model.vocab_size", "model.tokenizer", lambda kind: kind != "pretrained"),
    ("data.validation_share", "data.validation_split", _one_of("")),
    ("generate.temperature", "generate.do_sample", _one_of(True)),
    ("generate.top_p", "generate.do_sample", _one_of(True)),
    ("generate.top_k", "generate.do_sample", _one_of(True)),
    ("generate.sampling_seed", "generate.do_sample", _one_of(True)),
    ("generate.length_penalty", "generate.num_beams", lambda beams: beams > 1),
    ("evaluate.zero_shot_rows", "evaluate.baselines", _one_of(True)),
    ("evaluate.threshold", "data.multi_label", _one_of(True)),
    ("inspect.probe_max_tokens", "inspect.probes", bool),
)


def _custom_loss_faults(spec: RunSpec) -> list[Fault]:
    """Return what has no effect beside a loss of the user's own."""
    train = spec.train
    if not train.custom_loss:
        return []
    defaults = type(train)()
    return [
        _unused(
            f"train.{name}",
            held,
            "spec.no_effect_beside",
            say("spec.leave_at", default=repr(default)),
            other=f"train.custom_loss {train.custom_loss!r}",
        )
        for name in ("loss", "class_weights", "label_weights", "label_smoothing_factor")
        if (held := getattr(train, name)) != (default := getattr(defaults, name))
    ]


def _adapter_faults(spec: RunSpec, task: Task) -> list[Fault]:
    """Return why a choice of what learns does not go with another."""
    model, method = spec.model, spec.adapter.peft_method
    faults = []
    if method != "none":
        faults += [
            _unused(f"model.{name}", held, "spec.frozen_by_adapter", say("spec.leave_out_or_none"))
            for name in ("freeze_embeddings", "freeze_layers")
            if (held := getattr(model, name))
        ]
        if has_prefix(model.source, "scratch"):
            remedy = say("spec.scratch_adapter", model=model.source)
            faults.append(_unfit("adapter.peft_method", method, remedy))
    if method == "prompt_tuning" and not can_prompt(task.auto_class):
        remedy = say("spec.no_prompt", task=task.name)
        faults.append(_unfit("adapter.peft_method", method, remedy))
    if method == "prompt_tuning" and spec.data.packing:
        faults.append(_unfit("data.packing", spec.data.packing, say("spec.no_packed_prompt")))
    if model.trim_vocabulary and model.tokenizer != "pretrained":
        faults.append(_unfit("model.trim_vocabulary", True, say("spec.no_trimmed_own")))
    if model.quantization != "none":
        if method == "none":
            remedy = say("spec.few_bits")
            faults.append(_unfit("model.quantization", model.quantization, remedy))
        elif reason := quantization.why_not():
            remedy = say("spec.choose", choices="none")
            both = translate("{what}; {remedy}", what=reason, remedy=remedy)
            faults.append(_unfit("model.quantization", model.quantization, both))
    return faults


def _unfit(path: str, held: object, remedy: str) -> Fault:
    return Fault("does_not_go_with", say("spec.unfit", value=repr(held)), remedy, path, held)


def _unused(path: str, held: object, key: str, remedy: str, **values: str) -> Fault:
    return Fault("no_effect", say(key, value=repr(held), **values), remedy, path, held)
