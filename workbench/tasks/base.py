"""What every task does: how rows become tensors, how answers are found, scored and shown.

A task is a subclass of `Task` in a file of this folder, an object of which is the file's `TASK`.
Files that begin with an underscore hold what several share. CONTRIBUTING.md says how to add one.

Shapes:
    N encoded rows (an example may give several), B rows of a batch, T tokens, C classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, Literal, Self

from ..spec import RunSpec
from ._encode import count_tokens
from ._forward import forward
from ._guessing import followed
from ._labelling import Labelling
from ._losses import Objective, check_weights, class_loss, label_weights
from ._padding import pad
from ._records import Batch, Column, CutAnswers, Kind, Metric, Outcome, Record, Role, Setup

Repaired = Callable[[str, object], None]
Score = Callable[[Any, Any], float]


class Task(ABC):
    """One task: class attributes say what it is, methods what it does.

    A task has no state of its own; all that it needs to know comes with `setup`.

    Attributes:
        name: The name in the spec, that of the file.
        roles: The columns that it reads.
        alternatives: Sets of roles, of which the first that a file can fill is taken.
        grouped_by: Roles; rows that are equal in them are never divided by a split. All questions
            if empty.
        labelling: How people answer rows; without it they cannot.
        names_labels: Whether examples have labels, whose names `labels_of` gives.
        answers_point_at_texts: Whether answers are places or words of the texts, so that a text
            cannot change alone; `normalized` then changes a row.
        auto_class: The class of transformers that gives the model its head.
        is_generative: Whether the answers are texts that the model writes, token by token.
        is_causal: Whether a model goes on with what it reads, so that both stand in one row.
        predicts_tokens: Whether the head is over the vocabulary.
        reads_one_place: Whether the head reads one place of a row: of a decoder the last token.
        has_prompt: Whether rows are put into `data.prompt_template`, which `request` fills.
        masks: Whether a mask in a text that is not learned from is to be filled.
        losses: The choices of `train.loss`, the first the usual one.
        options: The fields of the spec that only some tasks heed.
        metrics: What is measured.
        leading: Metrics at the top of the report, the first of them in its first sentence.
        compared: Metrics beside the baselines. Those that an evaluation lacks are left out.
        figures: Those of the evaluation, or the ones of them that its entry `figures` names.
        data_figures: Those of the data.
        columns: The table of wrong predictions.
        hub_task: What the hub calls the task; empty: as we do.
        script_loss: Which loss of the exported script it is.
        script_labels: The shape of the labels there: as long as the row, or as given.
        script_has_tokens: Whether the script is given tokens, for a plain call of the tokenizer
            does not encode the rows.
        script_notes: What whoever runs the script should know: keys below `script`.
    """

    name: str
    roles: tuple[Role, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    grouped_by: tuple[str, ...] = ()
    labelling: Labelling | None = None
    names_labels = False
    answers_point_at_texts = False

    auto_class: str
    is_generative = False
    is_causal = False
    predicts_tokens = False
    reads_one_place = False
    has_prompt = False
    masks = False
    losses: tuple[str, ...] = ("cross_entropy",)
    options: tuple[str, ...] = ()

    metrics: tuple[Metric, ...]
    leading: tuple[str, ...]
    compared: tuple[str, ...]
    figures: tuple[str, ...] = ()
    data_figures: tuple[str, ...] = ("length_histogram",)
    columns: tuple[Column, ...]

    hub_task = ""
    script_loss: Literal["class", "next", "numbers", "span"] = "class"
    script_labels: Literal["padded", "fixed"] = "padded"
    script_has_tokens = False
    script_notes: tuple[str, ...] = ()

    further_scores: Mapping[str, Score] = {}

    # --- which task it is -------------------------------------------------------------------

    def for_model(self, spec: RunSpec, kind: Kind | None = None) -> Task:
        """Return the task as a model of this kind does it; None: as is known before one is found.

        What it reads and its name stay the same.
        """
        return self

    def without_answers(self) -> Self:
        """Return the task as it reads rows of which the answers are not known."""
        task = copy(self)
        task.roles, task.alternatives = self.inputs, ()
        return task

    def with_scores(self, scores: Mapping[str, Score]) -> Self:
        """Return the task with further scores to follow, of what is kept of a validation pass."""
        task = copy(self)
        task.further_scores = scores
        task.metrics = (
            *self.metrics,
            *(
                Metric(name, True, greater_is_better=bool(getattr(one, "greater_is_better", True)))
                for name, one in scores.items()
            ),
        )
        return task

    @property
    def inputs(self) -> tuple[Role, ...]:
        """The roles that are there when predicting, in order."""
        return tuple(role for role in self.roles if not role.answer)

    def role(self, name: str) -> Role:
        """Return the role with this name."""
        return next(role for role in self.roles if role.name == name)

    def metric(self, name: str) -> Metric:
        """Return the metric with this name; one that is not declared is a plain number."""
        return next((metric for metric in self.metrics if metric.name == name), Metric(name))

    # --- reading ----------------------------------------------------------------------------

    def read_file(self, text: str, name: str) -> tuple[list[Record], list[str]] | None:
        """Return rows and notes of a file in a format of the task's own; None: it is a table."""
        return None

    def read(self, values: Record, repaired: Repaired) -> Record:
        """Return what the table shall hold of one row, given by role.

        `repaired(reason, shown)` is called where something was put right.

        Raises:
            RowError: the row cannot be learned from.
        """
        return values

    def normalized(self, values: Record, normalize: Callable[[str], Any]) -> tuple[Record, bool]:
        """Return a row with its texts changed so that its answers still fit.

        Also whether a text had to stay as it was. Called where `answers_point_at_texts`.
        """
        raise NotImplementedError

    def labels_of(self, values: Record) -> list[str]:
        """Return the names of the labels of an example."""
        return []

    def stratum(self, values: Record) -> str:
        """Return what an example is counted as when rows are held out."""
        return ""

    def measures(self, table: Any, setup: Setup) -> dict[str, list[float]]:
        """Return numbers to draw of the data, by name, beside labels and lengths."""
        return {}

    # --- learning ---------------------------------------------------------------------------

    def check(self, setup: Setup) -> None:  # noqa: B027
        """Refuse a spec that does not fit the labels or columns of the data.

        Raises:
            InputError: saying what does not fit.
        """

    @abstractmethod
    def encode(self, batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
        """Turn rows (columns by role, and `row`) into model inputs, without padding.

        There may be more or fewer rows if `row` is returned with each, and further columns that
        `infer` wants to see.
        """

    def lengths(self, batch: Batch, setup: Setup) -> list[int]:
        """Return the tokens of what is read of each row, before any cut."""
        return count_tokens(setup, batch["text"], batch.get("text_pair"))

    def cut_answers(self, batch: Batch, setup: Setup) -> CutAnswers:
        """Return the tokens of the answers that are not kept whole, by what cuts them."""
        return {}

    def request(self, spec: RunSpec, train: Any, asked: str, answered: str) -> str:
        """Return the prompt template for data in these languages, where the spec has none.

        `asked` and `answered` are the codes of the languages of what is asked and answered.
        """
        return ""

    def settings(self, setup: Setup) -> dict[str, Any]:
        """Return what is set in the model's config."""
        return {}

    def adapt(self, model: Any, setup: Setup) -> None:  # noqa: B027
        """Change a model that is about to learn."""

    def as_saved(self, model: Any, setup: Setup) -> AbstractContextManager[None]:
        """Within this, a model is as others shall read it."""
        return nullcontext()

    def collate(self, rows: list[Record], setup: Setup) -> dict[str, Any]:
        """Pad model inputs to the longest row of the batch and stack them as tensors.

        Shapes:
            input_ids, attention_mask: (B, T) with T the longest row; labels: (B,) or (B, C).
        """
        import torch

        batch = pad(rows, setup.tokenizer)
        if "labels" in rows[0]:
            batch["labels"] = torch.tensor([row["labels"] for row in rows])
        return batch

    def forward(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Return what a model makes of a batch."""
        return forward(model, inputs)

    @abstractmethod
    def loss(self, setup: Setup) -> Objective:
        """Return what training minimises."""

    @abstractmethod
    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what is recorded of each row of a training batch, the loss at least.

        See `_dynamics`.
        """

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Return what is kept of a validation batch: (B, …) and small, never B × T × V."""
        return logits

    @abstractmethod
    def score(self, kept: Any, labels: Any, setup: Setup) -> dict[str, float]:
        """Return the followed metrics, the loss among them, of what `reduce_logits` kept."""

    def only_answer(self, kept: Any, labels: Any, setup: Setup) -> str:
        """Name the one answer that all rows got where their true ones differ; else nothing."""
        return ""

    # --- judging ----------------------------------------------------------------------------

    def restore_setup(self, model: Any, setup: Setup) -> Setup:
        """Return the setup with what a finished model knows of its training rows."""
        return setup

    def infer(self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup) -> Any:
        """Return the answers to a batch, an array (B, …) or a list; by default its logits."""
        return forward(model, inputs).logits.float().cpu().numpy()

    @abstractmethod
    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return the whole evaluation as plain data, with `rows` and `metrics`."""

    @abstractmethod
    def baselines(self, outcome: Outcome, train: Any) -> dict[str, Any]:
        """Return the answers, as `infer` gives them, of rules that learned nothing, by name."""

    @abstractmethod
    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return a plain record an example: `row`, the texts, `predicted`.

        Where the answer is known, also `label` and `loss`, by which the worst come first.
        """

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives scores of some of these records, by their places (K,).

        Any place may come several times: a standard error is resampled from this.
        """
        return lambda places: {}

    # --- showing ----------------------------------------------------------------------------

    def figures_of(self, metrics: Mapping[str, Any]) -> list[str]:
        """Return the figures that an evaluation can be shown in."""
        named = metrics.get("figures", self.figures)
        return [name for name in self.figures if name in named]

    def is_wrong(self, record: Record) -> bool:
        """Say whether a prediction stands in the table of wrong ones."""
        return record["predicted"] != record["label"]

    def line(self, record: Record) -> str:
        """Return a prediction as one line on the command line."""
        return f"{record['predicted']}\t{record['text']}"


class ClassifyingTask(Task):
    """A task whose answers are the names of classes: of a text, or of each of its words."""

    names_labels = True
    data_figures = ("label_counts", "length_histogram")

    @abstractmethod
    def labels_of(self, values: Record) -> list[str]:
        """Return the names of the labels of an example."""

    def check(self, setup: Setup) -> None:
        """Refuse weights that fit no label.

        Raises:
            DataError: naming the label.
        """
        check_weights(setup)

    def loss(self, setup: Setup) -> Objective:
        """Return the cross-entropy, or focal loss, of one class for each row or word."""
        return class_loss(setup, label_weights(setup))


class GeneratingTask(Task):
    """A task whose answers are texts that the model writes, token by token."""

    is_generative = True
    predicts_tokens = True

    def score(self, kept: Any, labels: Any, setup: Setup) -> dict[str, float]:
        """Return the loss and the share of tokens that were the likeliest, given those before.

        What the model writes by itself is judged at the end of the run: writing takes far longer.
        """
        return followed(kept)
