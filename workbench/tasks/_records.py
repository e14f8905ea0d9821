"""What a task is described with, and what its methods are given and raise.

Shapes:
    N encoded rows (an example may give several), B rows of a batch, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..spec import RunSpec

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
    `common_names` are lower case, the likeliest first.
    """

    name: str
    kind: ColumnKind
    required: bool
    common_names: tuple[str, ...]
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
    """What is settled before rows are encoded; every method of a task that needs it gets it.

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
