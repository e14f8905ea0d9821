"""From a spec to everything that training needs; every fault of the input shows up here.

Nothing is written: a spec that cannot run leaves no trace.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from ..data import LoadedData, load_data, profile_data
from ..data.profile import DataProfile
from ..errors import Fault, ModelError, setting_at_fault
from ..language import text as say
from ..language import translate
from ..models import ModelCard, load_model, load_tokenizer
from ..models.adapters import add_adapter
from ..models.card import card_of
from ..models.dropout import attention_dropout
from ..models.folder import model_width, read_config
from ..models.freezing import can_recompute, count_parameters, freeze
from ..models.heads import Head, note_of
from ..models.load import becomes_writer, head_of, kind_in, load_skeleton, require_fit
from ..models.new_tokens import add_tokens, make_room
from ..models.own_tokenizer import require_random_weights, with_own_tokenizer
from ..models.padding import filled_side, follow_tokenizer
from ..models.trimmed import Trimmed
from ..runs import open_run
from ..sources import FoundModel, find_model
from ..spec import RunSpec, SpecError, field_of, to_flat
from ..tasks import Objective, Setup, Task, load_task
from .checks import check_spec, unused_settings
from .control_tokens import control_token_notes, new_token_notes
from .encoding import encode_rows, limit_tokens, longest_first, training_texts
from .entry_points import LOSSES, load, own_metrics, own_objective
from .hyperparameters import unused_hyperparameters
from .precision import Precision, choose_precision
from .prompting import language_notes, prompt_notes, with_prompt, zero_shot_notes
from .trimming import trim, trimming_note

# Heads with a score for each token of the vocabulary.

Progress = Callable[[int, int, str], None]
Scores = Mapping[str, Callable[[Any, Any], float]]


@dataclass
class Prepared:
    """A spec, resolved, with its data encoded and its tokenizer loaded; `asked` is it unresolved.

    `train` keeps the order of the rows; `validation` is sorted by length, longest first, so that
    its batches waste little on padding. Both hold model inputs, `length` (tokens) and `row`, which
    the rows of one example share.
    """

    asked: RunSpec
    spec: RunSpec
    task: Task
    data: LoadedData
    found: FoundModel
    tokenizer: Any
    train: Any
    validation: Any
    precision: Precision

    def fitted(self, spec: RunSpec) -> Prepared | None:
        """Return this for another spec; None if that needs other data, model or encoding.

        Raises:
            SpecError: the task does not have what the spec asks for.
        """
        if not same_ingredients(self.asked, spec):
            return None
        check_spec(spec, self.task)
        resolved = resolve_replay(spec).replace(
            {
                "data.columns": self.spec.data.columns,
                "data.prompt_template": self.spec.data.prompt_template,
                "model.answers": self.spec.model.answers,
                "data.corrections": self.spec.data.corrections,
                "data.revision": self.spec.data.revision,
                "model.revision": self.spec.model.revision,
                "train.precision": self.spec.train.precision,
            }
        )
        before = unused_settings(self.asked)
        notes = [note for note in self.data.notes if note not in before] + unused_settings(spec)
        data = replace(self.data, notes=notes)
        fitted = replace(self, asked=spec, spec=resolved, data=data)
        fitted.require_recomputing()
        return fitted

    def in_precision(self, precision: Precision) -> Prepared:
        """Return this for another number format, as another process has measured it."""
        spec = self.spec.replace({"train.precision": precision.name})
        return replace(self, precision=precision, spec=spec)

    @property
    def labels(self) -> list[str]:
        """Names of the classes, by number, or of the columns of numbers."""
        return self.data.labels

    @property
    def setup(self) -> Setup:
        """What the methods of the task are told."""
        return Setup(
            self.spec,
            self.tokenizer,
            self.labels,
            limit_tokens(self.tokenizer, self.spec.data.max_tokens, self.task),
            self.data.label_counts,
            self.data.label_means,
            self.data.label_stds,
            len(self.data.train),
        )

    def base_model(self) -> Any:
        """Return the model before fine-tuning: pretrained body, new head drawn from the seed."""
        setup = self.setup
        model = load_model(
            self.found,
            self.task.auto_class,
            self.labels,
            self.spec.train.seed,
            trust_remote_code=self.spec.model.trust_remote_code,
            problem=self._settings(setup),
            bits=self.spec.model.quantization,
        )
        make_room(model, self.spec, self.tokenizer)
        follow_tokenizer(model, self.tokenizer)
        self.task.adapt(model, setup)
        return model

    def _settings(self, setup: Setup) -> dict[str, Any]:
        """Return what the run changes in the model's config."""
        model = self.spec.model
        dropout = attention_dropout(self.found, model.attention_dropout, model.trust_remote_code)
        return self.task.settings(setup) | dropout

    def new_model(self) -> Any:
        """Return the model ready to learn: in its adapter, or with what is to stay frozen."""
        return self._ready(self.base_model())

    def _ready(self, model: Any) -> Any:
        spec = self.spec
        if spec.adapter.peft_method == "none":
            freeze(model, spec.model.freeze_embeddings, spec.model.freeze_layers)
            return model
        return add_adapter(model, spec.adapter, self.task.auto_class, self.found, spec.train.seed)

    def _trainable_parameters(self) -> tuple[int, int] | None:
        """Return how many weights learn and how many there are; None when all learn.

        Raises:
            ModelError: the model has no such layers.
        """
        spec = self.spec
        model = spec.model
        whole = not (model.freeze_embeddings or model.freeze_layers)
        if spec.adapter.peft_method == "none" and whole:
            return None
        import torch

        with torch.device("meta"):
            return count_parameters(self._ready(self._skeleton()))

    def require_recomputing(self) -> None:
        """Refuse activation checkpointing of a model that cannot compute its layers again.

        Raises:
            ModelError: naming the type of the model.
        """
        if not self.spec.train.activation_checkpointing:
            return
        if not can_recompute(self._skeleton()):
            raise ModelError(
                "models of type {kind!r} do not support activation checkpointing",
                "set train.activation_checkpointing to false, or choose another model",
                kind=read_config(self.found.path)["model_type"],
            ).at("train.activation_checkpointing", True, "does_not_go_with")

    def _writer_parameters(self) -> int:
        """Return how many weights an encoder has once it has a decoder; 0 where it gets none."""
        trusted = self.spec.model.trust_remote_code
        if not becomes_writer(self.found, self.task.auto_class, trusted):
            return 0
        return count_parameters(self._skeleton())[1]

    def _skeleton(self) -> Any:
        """Return the model before fine-tuning, without its numbers."""
        model = load_skeleton(
            self.found,
            self.task.auto_class,
            self.labels,
            trust_remote_code=self.spec.model.trust_remote_code,
            problem=self._settings(self.setup),
        )
        make_room(model, self.spec, self.tokenizer, draw=False)
        return model

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Make a batch of tensors of some encoded rows."""
        return self.task.collate(rows, self.setup)

    def objective(self, label_smoothing: float | None = None) -> Objective:
        """Return what training minimises, with labels smoothed as the spec says, or otherwise.

        Raises:
            InputError: the loss of the user's own cannot be loaded.
        """
        setup, train = self.setup, self.spec.train
        if label_smoothing is not None and label_smoothing != train.label_smoothing_factor:
            spec = setup.spec.replace({"train.label_smoothing_factor": label_smoothing})
            setup = replace(setup, spec=spec)
        default = self.task.loss(setup)
        return own_objective(train.custom_loss, default) if train.custom_loss else default

    def profile(self) -> DataProfile:
        """Return what the data looks like to the model."""
        return profile_data(self.data, self.task, self.setup)

    def card(self) -> ModelCard:
        """Return the model's card.

        Raises:
            ModelError: its folder is damaged, or the model has no such layers as the spec names.
        """
        spec = self.spec
        tokens = spec.data.max_tokens
        if self.task.has_prompt and self.task.is_causal:
            tokens += spec.generate.max_new_tokens  # the answer stands in the same row
        card = card_of(
            self.found,
            spec.train.per_device_train_batch_size,
            tokens,
            spec.generate.max_new_tokens,
            self._writer_parameters(),
            self.task.predicts_tokens,
        )
        counts = self._trainable_parameters()
        return card.with_trainable(*counts) if counts else card

    def record(self) -> dict[str, Any]:
        """Return what is noted beside the resolved spec."""
        return {
            "labels": self.labels,
            "data_fingerprint": self.data.fingerprint,
            "train_rows": len(self.train),
            "validation_rows": len(self.validation),
            "device": self.precision.device,
            "precision": self.precision.name,
            "precision_reason": self.precision.reason,
            "environment": environment(),
            "unused_hyperparameters": unused_hyperparameters(self.spec, self.task),
        }


def prepare(
    spec: RunSpec,
    progress: Progress | None = None,
    scores: Scores | None = None,
    trimmed: Trimmed | None = None,
) -> Prepared:
    """Find, check and encode everything that `spec` names.

    `scores` are metrics beyond those of the task, by name: functions of what the task keeps of a
    validation pass (for a classifier its logits) and the labels. They are followed like its own,
    and may name the best checkpoint. `trimmed` is what a run that goes on has kept of its model's
    vocabulary.

    Raises:
        InputError: of any kind: a source, file, column, label or model is at fault.
    """
    scores = own_metrics(spec.train.custom_metrics) | dict(scores or {})
    if spec.train.custom_loss:
        load(LOSSES, spec.train.custom_loss)  # or nothing is begun
    check_spec(spec, with_scores(load_task(spec.task).for_model(spec), scores))
    asked, spec = spec, resolve_replay(spec)
    found = _found_model(spec, progress)
    task = task_for(spec, found, scores)
    own = spec.model.tokenizer != "pretrained"
    if own:
        require_random_weights(found, spec.model.tokenizer)
    known = not own and not spec.model.trim_vocabulary
    tokenizer = load_tokenizer(found, spec.model.trust_remote_code) if known else None
    data = load_data(spec.data, task, spec.train.seed, progress)
    spec = with_prompt(spec, task, data)
    if tokenizer is None:
        found = _fitted_to_rows(spec, task, found, data, trimmed)
        tokenizer = load_tokenizer(found, spec.model.trust_remote_code)
        data = replace(data, notes=[*data.notes, *trimming_note(found)])
    if (padding := tokenizer.pad_token) in (tokenizer.eos_token, tokenizer.unk_token):
        data = replace(data, notes=[*data.notes, say("data.note.no_pad_token", token=padding)])
    if named := tokenizer.other_padding:
        data = replace(data, notes=[*data.notes, say("data.note.other_pad_token", **named)])
    if types := tokenizer.types_left_out:
        known = tokenizer.limits.types
        data = replace(
            data, notes=[*data.notes, say("data.note.token_types", given=types, known=known)]
        )
    kind = read_config(found.path)["model_type"]
    tokenizer.padding_side = filled_side(kind, task.auto_class)
    new, held = add_tokens(tokenizer, spec.model.add_tokens)
    notes = [*new_token_notes(spec, new, held), *control_token_notes(data, task, spec, tokenizer)]
    data = replace(data, notes=[*data.notes, *notes])
    tokenizer.model_max_length = max(1, tokenizer.model_max_length - spec.adapter.prompt_tokens)
    precision = choose_precision(spec.train.precision, model_width(read_config(found.path)))
    spec = spec.replace(
        {
            "data.columns": data.columns,
            "data.revision": data.revision,
            "data.corrections": data.corrections,
            "model.revision": found.revision,
            "train.precision": precision.name,
        }
    )
    max_tokens = limit_tokens(tokenizer, spec.data.max_tokens, task)
    setup = Setup(
        spec, tokenizer, data.labels, max_tokens, data.label_counts, data.label_means,
        data.label_stds, len(data.train),
    )  # fmt: skip
    task.check(setup)
    head = head_of(
        found, task.auto_class, data.labels, spec.model.trust_remote_code, task.settings(setup)
    )
    data = _fitted_to(head, data)
    setup = replace(setup, label_means=data.label_means)
    train = encode_rows(data.train, task, setup, training=True)
    validation = longest_first(encode_rows(data.validation, task, setup, training=False))
    require_fit(found, task.auto_class, spec.model.trust_remote_code)
    if max_tokens < spec.data.max_tokens and max(train["length"], default=0) >= max_tokens:
        fewer = say("data.note.fewer_tokens", asked=spec.data.max_tokens, limit=max_tokens)
        data = replace(data, notes=[*data.notes, fewer])
    notes = [
        *prompt_notes(asked, spec, max_tokens, train, validation),
        *language_notes(asked, task, data),
        *zero_shot_notes(spec, task, len(data.validation)),
        *unused_settings(asked),
    ]
    data = replace(data, notes=[*data.notes, *notes])
    prepared = Prepared(
        asked=asked,
        spec=spec,
        task=task,
        data=data,
        found=found,
        tokenizer=tokenizer,
        train=train,
        validation=validation,
        precision=precision,
    )
    prepared.require_recomputing()
    return prepared


def _fitted_to_rows(
    spec: RunSpec, task: Task, found: FoundModel, data: LoadedData, trimmed: Trimmed | None
) -> FoundModel:
    """Return the model with a tokenizer trained on the rows, or with the tokens that they use."""
    model = spec.model
    if model.trim_vocabulary:
        return trim(spec, task, found, data, trimmed)
    texts = training_texts(data.train, task)
    # What stands around each text must be known, too.
    around = [spec.data.prefix, re.sub(r"\{\w+\}", "", spec.data.prompt_template)]
    texts += [text for text in around if text.strip()] * len(data.train)
    return with_own_tokenizer(found, texts, model.tokenizer, model.vocab_size, task.auto_class)


def _found_model(spec: RunSpec, progress: Progress | None) -> FoundModel:
    with setting_at_fault("model.source", spec.model.source, "not_found"):
        return find_model(spec.model.source, spec.model.revision, progress)


def task_for(spec: RunSpec, found: FoundModel, scores: Scores) -> Task:
    """Return the task of a spec as the model that was found does it, with further metrics.

    Raises:
        ModelError: the model's config cannot be read.
        SpecError: the spec asks for what goes with models of another kind.
    """
    kind = kind_in(found, spec.model.trust_remote_code)
    task = with_scores(load_task(spec.task).for_model(spec, kind), scores)
    check_spec(spec, task)
    return task


def _fitted_to(head: Head, data: LoadedData) -> LoadedData:
    """Return the data with what is to be said of the model's head; of numbers, without their means
    where the head has no bias to hold one.
    """
    notes, means = [note_of(head, data.labels)], data.label_means
    if means and head.axes and not any(name.endswith("bias") for name in head.axes):
        means = dict.fromkeys(means, 0.0)
        notes.append(say("data.note.no_shift"))
    return replace(data, notes=[*data.notes, *filter(None, notes)], label_means=means)


def same_ingredients(one: RunSpec, other: RunSpec) -> bool:
    """Return whether two specs need the same data, model and encoding."""
    # What the task heeds may go into the encoding.
    heeded = [field_of(path).name for path in load_task(one.task).for_model(one).options]
    first, second = to_flat(one), to_flat(other)
    return (
        one.task == other.task
        and one.data == other.data
        and one.model == other.model
        and one.adapter.prompt_tokens == other.adapter.prompt_tokens
        and one.train.seed == other.train.seed
        and one.train.precision == other.train.precision
        and one.train.custom_metrics == other.train.custom_metrics
        and one.output.language == other.output.language  # notes on the data are kept in words
        and (not one.model.trim_vocabulary or one.inspect.probes == other.inspect.probes)
        and all(first[name] == second[name] for name in heeded)
    )


def with_scores(task: Task, scores: Scores) -> Task:
    """Return the task with further metrics to follow.

    Raises:
        SpecError: a metric has the name of one of the task's own.
    """
    own = {metric.name for metric in task.metrics}
    if taken := sorted(own & set(scores)):
        what = translate("metrics: {task} has {name!r} already", task=task.name, name=taken[0])
        remedy = translate("give yours another name")
        raise SpecError([Fault("name_taken", what, remedy, value=taken[0])])
    return task.with_scores(scores) if scores else task


def resolve_replay(spec: RunSpec) -> RunSpec:
    """Return the spec with the run to replay, if there is one, named by its whole path.

    Raises:
        RunError: there is no such run.
    """
    if not spec.train.replay:
        return spec
    return spec.replace({"train.replay": str(open_run(spec.train.replay).path.absolute())})


def environment() -> dict[str, str]:
    """Return the versions and the machine that a run depends on."""
    names = ("torch", "transformers", "peft", "datasets", "accelerate", "model-workbench")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "byte_order": sys.byteorder,
        **{name: version(name) for name in names},
    }
