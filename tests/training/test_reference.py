"""With plain settings, the losses, gradients and rates are those of transformers' Trainer."""

from collections import Counter

import pytest
import torch

from tests.tiny_tasks import tiny_task_spec
from tests.training.trainer_reference import by_trainer, by_workbench
from workbench.training.prepare import prepare

PLAIN = {
    "train.train_sampling_strategy": "sequential",
    "train.max_steps": 8,
    "train.num_train_epochs": 1,
    "train.per_device_train_batch_size": 4,
    "train.learning_rate": 3e-3,
    "train.weight_decay": 0.05,
    "train.max_grad_norm": 0.5,
    "train.warmup_steps": 3,
}
TASKS = (
    "text-classification", "text-regression", "token-classification", "question-answering",
    "fill-mask", "text-generation", "summarization",
)  # fmt: skip
# Of these Trainer 5.23 adds the losses of accumulated batches up.
ADDED_UP = (
    "text-classification", "text-regression", "token-classification", "fill-mask", "summarization",
)  # fmt: skip


def compared(folder, task, **changes):
    prepared = prepare(tiny_task_spec(folder, task, **{**PLAIN, **changes}))
    rows = prepared.train
    if task == "question-answering":  # see the test of padding below
        (common, _), *_ = Counter(rows["length"]).most_common(1)
        rows = rows.filter(lambda row: row["length"] == common)
    if task == "fill-mask":  # the same tokens are hidden for both
        rows = rows.map(lambda row: hidden(row, prepared))
    prepared.train = rows.select(range(len(rows) // 8 * 8))
    return by_workbench(prepared), by_trainer(prepared)


def hidden(row, prepared):
    torch.manual_seed(row["row"])
    batch = prepared.collate([row])
    return {name: batch[name][0].tolist() for name in ("input_ids", "labels")}


def unequal(ours, theirs):
    """Return the steps at which a number differs: its name, and both."""
    assert len(ours) == len(theirs) > 3
    return [
        (step, name, own[name], other[name])
        for step, (own, other) in enumerate(zip(ours, theirs, strict=True), 1)
        for name in ("loss", "grad_norm", "learning_rate")
        if own[name] != pytest.approx(other[name], rel=2e-4, abs=1e-7)
    ]


@pytest.mark.parametrize("task", TASKS)
def test_each_step_is_that_of_the_trainer(tmp_path, task):
    assert unequal(*compared(tmp_path, task)) == []


@pytest.mark.parametrize("schedule", ["cosine", "constant", "polynomial", "constant_with_warmup"])
def test_each_rate_is_that_of_the_trainer(tmp_path, schedule):
    changes = {"train.lr_scheduler_type": schedule}
    assert unequal(*compared(tmp_path, "text-classification", **changes)) == []


@pytest.mark.parametrize("optim", ["adamw_torch", "adafactor", "sgd"])
def test_each_optimiser_moves_as_in_the_trainer(tmp_path, optim):
    assert unequal(*compared(tmp_path, "text-classification", **{"train.optim": optim})) == []


def test_smoothed_labels_are_those_of_the_trainer(tmp_path):
    for task in ("text-classification", "token-classification", "summarization"):
        assert (
            unequal(*compared(tmp_path / task, task, **{"train.label_smoothing_factor": 0.2})) == []
        )


@pytest.mark.parametrize("task", ["text-generation", "question-answering"])
def test_accumulated_batches_are_those_of_the_trainer_where_it_is_right(tmp_path, task):
    assert unequal(*compared(tmp_path, task, **{"train.gradient_accumulation_steps": 2})) == []


@pytest.mark.parametrize("task", ADDED_UP)
def test_the_trainer_adds_accumulated_losses_up_where_it_should_average(tmp_path, task):
    """The models of these tasks take no count of what is to be averaged over, and Trainer 5.23
    leaves it to them: its losses and gradients are twice what those of one batch of eight are.
    """
    cut = compared(tmp_path, task, **{"train.gradient_accumulation_steps": 2})
    whole = compared(tmp_path, task, **{"train.per_device_train_batch_size": 8})
    assert unequal(*whole) == []
    ours, theirs = cut
    assert theirs[0]["loss"] == pytest.approx(2 * whole[1][0]["loss"], rel=0.05)
    for own, other in zip(ours, whole[0], strict=True):
        assert own["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert own["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-3)


def test_the_trainer_lets_padding_share_in_the_probability_of_an_answer(tmp_path):
    """A question's loss in its models is the higher the longer the others in the batch are."""
    prepared = prepare(tiny_task_spec(tmp_path, "question-answering", **PLAIN))
    for own, other in zip(by_workbench(prepared), by_trainer(prepared), strict=True):
        assert own["loss"] < other["loss"]
