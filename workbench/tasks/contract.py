"""What a task is: what it reads, how rows become tensors, how answers are found, scored and shown.

Each other file in this folder holds one task as the constant `TASK`; files that begin with an
underscore hold what several share. CONTRIBUTING.md says how to add one.

Shapes:
    N encoded rows (an example may give several), B rows of a batch, T tokens, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..spec import RunSpec
from . import _defaults as usual
from ._forward import forward
from ._labelling import Labelling

if TYPE_CHECKING:
    from ._losses import Objective

Batch = Mapping[str, list[Any]]
Record = dict[str, Any]
# By what cuts them (a key below `findings.cut_answers`): the limit, and the tokens that each row
# would need; 0 where its answer is whole.
CutAnswers = dict[str, tuple[int, list[int]]]
ColumnKind = Literal["text", "label", "labels", "numbers", "object"]
# What a model can do: read, go on with what it read, or read and then write.
Kind = Literal["encoder", "decoder", "encoder-decoder"]


@dataclass(frozen=True)
class Role:
    """A column that the task reads: its name in our tables, and what files usually call it.

    `kind` says what a cell becomes: `text` a string that is not empty; `label` the name of a
    class, or a list of names where the spec says that rows have several; `labels` a list of names;
    `numbers` a list of floats, one a column; `object` whatever lists and mappings the cell holds.
    An `answer` is to be predicted, and not there when predicting. A text that `may_be_empty` is
    no reason to leave the row out. Of an answer that `may_be_several` a row holds a list of texts,
    where the spec does not have them joined.
    `usual_names` are lower case, the likeliest first.
    """

    name: str
    kind: ColumnKind
    required: bool
    usual_names: tuple[str, ...]
    answer: bool = False
    may_be_empty: bool = False
    may_be_several: bool = False


@dataclass(frozen=True)
class Metric:
    """A score that the evaluation gives, and, if `followed`, each validation pass of training.

    A `share` lies between 0 and 1 and is shown in percent. Followed metrics other than the loss
    lie between -1 and 1, for they share one axis.
    """

    name: str
    followed: bool = False
    share: bool = False
    greater_is_better: bool = True

    def is_better(self, value: float, than: float | None) -> bool:
        """Say whether a score beats the best so far; of equal ones the first stays the best.

        A score that is no number is never the best.
        """
        if not math.isfinite(value):
            return False
        if than is None:
            return True
        return value > than if self.greater_is_better else value < than


@dataclass(frozen=True)
class Column:
    """A column of the table of predictions; its title is `report.column.NAME`.

    `cell` returns what stands in it: plain text, or `Markup` with everything from data escaped.
    Without it, the record's own value is shown as `look` says.
    """

    name: str
    look: Literal["text", "right", "wrong", "number", "share"] = "text"
    cell: Callable[[Record], Any] | None = None


@dataclass(frozen=True)
class Setup:
    """What is settled before rows are encoded; every function of a task gets it.

    `labels` names the classes, or the columns of numbers; empty where the task has neither.
    `max_tokens` is what the spec asks for, but no more than the model takes. `label_counts` says
    how often each label, or tag, stands in the training rows, `label_means` and `label_stds` mean
    and standard deviation of each column of numbers over them, `train_rows` how many they are;
    all are empty when a finished model is used, but for what `recall` takes from it.
    `generate_arguments` are further arguments of `model.generate` for one prompt at a time, such
    as a streamer.
    """

    spec: RunSpec
    tokenizer: Any
    labels: list[str]
    max_tokens: int
    label_counts: Mapping[str, int] = field(default_factory=dict)
    label_means: Mapping[str, float] = field(default_factory=dict)
    label_stds: Mapping[str, float] = field(default_factory=dict)
    train_rows: int = 0
    generate_arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a model made of rows: the input of evaluation, baselines and predictions.

    `outputs` has one entry for each of `rows`: an array (N, …) or a list, whatever `infer` gives.
    `rows` are encoded, in the order of the examples in `table`; the column `row` of both says
    which belong together. `table` lacks the answers where only predictions are asked for.
    """

    outputs: Any
    rows: Any
    table: Any
    setup: Setup


class RowError(Exception):
    """A row that cannot be learned from.

    `reason` is a key below `data.note`, whose sentence says it of all such rows; `shown` is what
    is wrong in this one.
    """

    def __init__(self, reason: str, shown: object = "") -> None:
        self.reason = reason
        self.shown = str(shown)
        super().__init__(reason)


@dataclass(frozen=True)
class Task:
    """One task, as a record of functions.

    Reading. `roles` are the columns; of each set in `alternatives`, the first that a file can fill
    is taken. `read(values, repaired)` checks the values of one row, by role, and returns what the
    table shall hold; it raises `RowError` for a row that cannot be learned from, and calls
    `repaired(reason, shown)` where it mended something. Where answers hang on the texts,
    `mended(values, mend)` changes the texts of a row, as its cells hold them, so that the answers
    still fit; it returns the values, and whether a text had to stay as it was. `read_file(text,
    name)` reads a file in a format of the task's own, or returns None. `labels_of(values)` names
    the labels of an example, `stratum(values)` what it is counted as when rows are held out. Rows
    that are equal in `grouped_by` (roles; all questions if empty) are never divided. `labelling`
    says how people answer rows; without it they cannot.

    Learning. `check(setup)` raises `InputError` where the spec does not fit the labels or columns
    of the data. `encode(batch, setup, training)` turns rows (columns by role, and `row`) into model
    inputs, without padding; it may give more or fewer rows if it returns `row` with each, and
    further columns that `infer` wants to see. `lengths(batch, setup)` counts the tokens of what is
    read, before any cut, `cut_answers(batch, setup)` those of answers that are not kept whole, in
    tasks whose answers can be cut. `collate(rows, setup)` makes a batch of tensors.
    `masks` says that a mask in a text that is not learned from is to be filled.
    `settings(setup)` overrides the model's config, and `adapt(model, setup)` may change the model
    that is about to learn; within `as_saved(model, setup)` it is as others shall read it.
    `losses` are the choices of `train.loss`, the first the usual one; `loss(setup)` returns what is
    minimised (see `_losses.Objective`); `forward(model, inputs)` what the model makes of a batch.
    `by_kind(task, spec, kind)` is the task as a model of another kind does it; `request(spec,
    train, asked, answered)` the prompt template for it where the spec has none, given the codes of
    the languages of what is asked and answered in the training rows.
    `options` are the fields of the spec that only some tasks heed. `keep(logits, labels)` says what
    of a validation batch is kept, (B, …) and small; `score(kept, labels, setup)` makes the followed
    metrics of it. `only_answer(kept, labels, setup)` names the one answer that all rows of a
    validation got, where their true answers differ; else it is empty. `observe(outputs, labels,
    setup)` gives what is recorded of each row of a training batch (see `_dynamics`).

    Judging. `recall(model, setup)` adds to the setup what a finished model knows of its training
    rows. `infer(model, inputs, rows, setup)` answers a batch: an array (B, …) or a list.
    `evaluate(outcome)` gives the whole evaluation as plain data with `rows` and `metrics`;
    `baselines(outcome, train)` gives outputs, by name, of rules that learned nothing, in the form
    of `infer`. `predictions(outcome)` gives one plain record an example: `row`, the texts,
    `predicted`, and, where the answer is known, `label` and `loss`, by which the worst come first.
    `rescore(records)` returns a function that gives scores of some of these records, by their
    places (K,), of which any may come several times: what a standard error is resampled from.

    Showing. `leading` metrics stand at the top of the report, the first of them in its first
    sentence; `compared` ones beside the baselines; those that an evaluation lacks are passed by.
    `figures` are those of the evaluation, or the ones of them that its entry `figures` names;
    `data_figures` those of the data; `measures(table, setup)` gives numbers to draw for the data.
    `columns` make the table of wrong predictions, `is_wrong(record)` says which are;
    `line(record)` is a prediction on the command line.
    """

    name: str
    roles: tuple[Role, ...]
    auto_class: str
    encode: Callable[[Batch, Setup, bool], dict[str, list[Any]]]
    metrics: tuple[Metric, ...]
    score: Callable[[Any, Any, Setup], dict[str, float]]
    loss: Callable[[Setup], Objective]
    evaluate: Callable[[Outcome], dict[str, Any]]
    baselines: Callable[[Outcome, Any], dict[str, Any]]
    predictions: Callable[[Outcome], list[Record]]
    columns: tuple[Column, ...]
    figures: tuple[str, ...]
    leading: tuple[str, ...]
    compared: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    options: tuple[str, ...] = ()
    masks: bool = False
    losses: tuple[str, ...] = ("cross_entropy",)
    grouped_by: tuple[str, ...] = ()
    labelling: Labelling | None = None
    data_figures: tuple[str, ...] = ("label_counts", "length_histogram")
    read: Callable[[Record, Callable[[str, object], None]], Record] = usual.read
    mended: Callable[[Record, Callable[[str], Any]], tuple[Record, bool]] | None = None
    read_file: Callable[[str, str], tuple[list[Record], list[str]] | None] = usual.read_file
    labels_of: Callable[[Record], list[str]] = usual.labels_of
    stratum: Callable[[Record], str] = usual.stratum
    check: Callable[[Setup], None] = usual.check
    lengths: Callable[[Batch, Setup], list[int]] = usual.lengths
    cut_answers: Callable[[Batch, Setup], CutAnswers] | None = None
    measures: Callable[[Any, Setup], dict[str, list[float]]] = usual.measures
    settings: Callable[[Setup], dict[str, Any]] = usual.settings
    adapt: Callable[[Any, Setup], None] = usual.adapt
    as_saved: Callable[[Any, Setup], AbstractContextManager[None]] = usual.as_saved
    collate: Callable[[list[Record], Setup], dict[str, Any]] = usual.collate
    forward: Callable[[Any, dict[str, Any]], Any] = forward
    keep: Callable[[Any, Any], Any] = usual.keep
    observe: Callable[[Any, Any, Setup], dict[str, Any]] | None = None
    only_answer: Callable[[Any, Any, Setup], str] = usual.only_answer
    recall: Callable[[Any, Setup], Setup] = usual.recall
    infer: Callable[[Any, dict[str, Any], list[Record], Setup], Any] = usual.infer
    by_kind: Callable[[Task, RunSpec, Kind | None], Task] = usual.by_kind
    request: Callable[[RunSpec, Any, str, str], str] | None = None
    rescore: Callable[[list[Record]], Callable[[Any], dict[str, float]]] = usual.rescore
    is_wrong: Callable[[Record], bool] = usual.is_wrong
    line: Callable[[Record], str] = usual.line

    def fitted(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task as a model of this kind does it; None: as is known before one is found.

        What it reads, its metrics and its name stay the same.
        """
        return self.by_kind(self, spec, kind)

    @property
    def inputs(self) -> tuple[Role, ...]:
        """The roles that are there when predicting, in order."""
        return tuple(role for role in self.roles if not role.answer)

    @property
    def writes(self) -> bool:
        """Whether the answers are texts that the model writes, token by token."""
        return self.auto_class in ("AutoModelForCausalLM", "AutoModelForSeq2SeqLM")

    @property
    def names_labels(self) -> bool:
        """Whether examples have labels, of which the names are to be known."""
        return self.labels_of is not usual.labels_of

    def figures_of(self, metrics: Mapping[str, Any]) -> list[str]:
        """Return the figures that an evaluation can be shown in."""
        named = metrics.get("figures", self.figures)
        return [name for name in self.figures if name in named]

    def role(self, name: str) -> Role:
        """Return the role with this name."""
        return next(role for role in self.roles if role.name == name)

    def metric(self, name: str) -> Metric:
        """Return the metric with this name; one that is not declared is a plain number."""
        return next((metric for metric in self.metrics if metric.name == name), Metric(name))
