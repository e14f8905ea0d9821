"""From a spec to everything that training needs; every fault of the input shows up here.

Nothing is written: a spec that cannot run leaves no trace.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from ..data import LoadedData, load_data, profile_data
from ..data.profile import DataProfile
from ..models import ModelCard, load_model, load_tokenizer
from ..models.card import card_of
from ..runs import open_run
from ..sources import FoundModel, find_model
from ..spec import RunSpec
from ..tasks import Task, load_task
from .precision import Precision, choose_precision

Progress = Callable[[int, int, str], None]


@dataclass
class Prepared:
    """A spec, resolved, with its data encoded and its tokenizer loaded.

    `train` keeps the order of the rows; `validation` is sorted by length, longest first, so that
    its batches waste little on padding. Both hold model inputs, `length` (tokens) and `row`.
    """

    spec: RunSpec
    task: Task
    data: LoadedData
    found: FoundModel
    tokenizer: Any
    train: Any
    validation: Any
    precision: Precision

    @property
    def labels(self) -> list[str]:
        """Names of the classes, by number."""
        return self.data.labels

    def new_model(self) -> Any:
        """Return the model before fine-tuning: pretrained body, new head drawn from the seed."""
        return load_model(
            self.found,
            self.task.auto_class,
            self.labels,
            self.spec.train.seed,
            trust_remote_code=self.spec.model.trust_remote_code,
        )

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Pad the rows of one batch to the longest of them."""
        return collate(self.tokenizer, rows)

    def profile(self) -> DataProfile:
        """Return what the data looks like to the model."""
        return profile_data(self.data, self.tokenizer, self.spec.data)

    def card(self) -> ModelCard:
        """Return the model's card."""
        return card_of(
            self.found, self.spec.train.per_device_train_batch_size, self.spec.data.max_tokens
        )

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
        }


def prepare(spec: RunSpec, progress: Progress | None = None) -> Prepared:
    """Find, check and encode everything that `spec` names.

    Raises:
        InputError: of any kind: a source, file, column, label or model is at fault.
    """
    task = load_task(spec.task)
    check_metric(spec, task)
    spec = resolve_replay(spec)
    found = find_model(spec.model.source, spec.model.revision, progress)
    tokenizer = load_tokenizer(found, spec.model.trust_remote_code)
    data = load_data(spec.data, task, spec.train.seed, progress)
    precision = choose_precision(spec.train.precision)
    spec = spec.replace(
        {
            "data.columns": data.columns,
            "data.revision": data.revision,
            "model.revision": found.revision,
            "train.precision": precision.name,
        }
    )
    max_tokens = limit_tokens(tokenizer, spec.data.max_tokens)
    return Prepared(
        spec=spec,
        task=task,
        data=data,
        found=found,
        tokenizer=tokenizer,
        train=encode_rows(data.train, task, tokenizer, max_tokens),
        validation=longest_first(encode_rows(data.validation, task, tokenizer, max_tokens)),
        precision=precision,
    )


def resolve_replay(spec: RunSpec) -> RunSpec:
    """Return the spec with the run to replay, if there is one, named by its whole path.

    Raises:
        RunError: there is no such run.
    """
    if not spec.train.replay:
        return spec
    return spec.replace({"train.replay": str(open_run(spec.train.replay).path.absolute())})


def encode_rows(table: Any, task: Task, tokenizer: Any, max_tokens: int) -> Any:
    """Return the table as model inputs, with `length` in tokens and the number of the `row`."""
    encoded = table.map(
        lambda batch: task.encode(batch, tokenizer, max_tokens),
        batched=True,
        remove_columns=[name for name in table.column_names if name != "row"],
        keep_in_memory=True,
        new_fingerprint=uuid4().hex,  # or the whole tokenizer is hashed, for a cache not used
    )
    lengths = [len(ids) for ids in encoded["input_ids"]]
    return encoded.add_column("length", lengths)


def longest_first(rows: Any) -> Any:
    """Return encoded rows sorted by length, the longest first, ties in their order."""
    import numpy as np

    return rows.select(np.argsort(-np.asarray(rows["length"]), kind="stable"))


def collate(tokenizer: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Pad model inputs to the longest row of the batch and stack them as tensors.

    Shapes:
        input_ids, attention_mask: (B, T) with T the longest row; labels: (B,).
    """
    names = [*tokenizer.model_input_names, "labels"]
    inputs = [{name: row[name] for name in names if name in row} for row in rows]
    return tokenizer.pad(inputs, return_tensors="pt").data


def limit_tokens(tokenizer: Any, wish: int) -> int:
    """Return how many tokens a text may keep: as asked, but no more than the model can take."""
    return min(wish, int(tokenizer.model_max_length))


def environment() -> dict[str, str]:
    """Return the versions and the machine that a run depends on."""
    names = ("torch", "transformers", "datasets", "accelerate", "model-workbench")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "byte_order": sys.byteorder,
        **{name: version(name) for name in names},
    }


def check_metric(spec: RunSpec, task: Task) -> None:
    """Refuse a `metric_for_best_model` that the task does not give, before any work is done."""
    import numpy as np

    from ..spec import SpecError

    known = sorted(task.metrics(np.eye(2), np.arange(2)))
    wish = spec.train.metric_for_best_model
    if wish not in known:
        raise SpecError(
            [f"train.metric_for_best_model: {wish!r} does not fit; choose {' | '.join(known)}"]
        )
