"""One optimiser step: the same numbers however its rows are cut into batches."""

import math
from itertools import pairwise

import pytest
import torch

from tests.tiny_tasks import tiny_task_spec
from workbench.spec import TrainSpec
from workbench.spec.run import TASKS
from workbench.training.precision import Precision
from workbench.training.prepare import prepare
from workbench.training.processes import Processes
from workbench.training.step import Stepper, make_optimizer, parameter_groups

ROWS = 10  # no multiple of the batch sizes below: the last group is incomplete

# Every loss that a task can minimise.
LOSSES = [
    *((task, {}) for task in TASKS),
    ("text-classification", {"train.label_smoothing_factor": 0.2}),
    ("text-classification", {"train.class_weights": "balanced"}),
    ("text-classification", {"train.label_weights": {"+": 3.0}}),
    ("text-classification", {"train.loss": "focal"}),
    ("text-classification", {"data.multi_label": True, "train.label_smoothing_factor": 0.1}),
    ("text-regression", {"train.loss": "huber", "train.huber_delta": 0.3}),
    ("token-classification", {"train.class_weights": "balanced"}),
    ("token-classification", {"train.label_smoothing_factor": 0.2}),
    ("fill-mask", {"train.label_smoothing_factor": 0.2}),
    ("text-generation", {"train.label_smoothing_factor": 0.2}),
    ("text-generation", {"data.packing": True, "train.completion_only_loss": False}),
    ("summarization", {"train.label_smoothing_factor": 0.2}),
]


def prepared_for(folder, task, changes):
    return prepare(tiny_task_spec(folder, task, **{"train.max_grad_norm": 0.5, **changes}))


def step(prepared, cuts, max_grad_norm=0.5):
    """Take one step of plain SGD over `ROWS` rows cut at `cuts`: loss, norm, and new weights."""
    model = prepared.new_model().eval()  # no dropout
    train = TrainSpec(optim="sgd", max_grad_norm=max_grad_norm, weight_decay=0.0)
    take = Stepper(
        model, prepared.task, prepared.objective(), train, Precision("fp32", "cpu", ""), Processes()
    )
    rows = prepared.train.__getitems__(list(range(min(ROWS, len(prepared.train)))))
    torch.manual_seed(0)  # fill-mask draws what it hides while it makes a batch
    if "labels" not in rows[0]:
        rows = [row | hidden(row, prepared) for row in rows]
    edges = [0, *cuts, len(rows)]
    batches = [prepared.collate(rows[a:b]) for a, b in pairwise(edges)]
    taken = take(batches, rate=0.5)
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    return taken.loss.item(), taken.grad_norm.item(), weights


def hidden(row, prepared):
    batch = prepared.collate([row])
    return {name: batch[name][0].tolist() for name in ("input_ids", "labels")}


@pytest.mark.parametrize(("task", "changes"), LOSSES)
def test_accumulated_batches_give_the_step_of_one_large_batch(tmp_path, task, changes):
    prepared = prepared_for(tmp_path, task, changes)
    loss, norm, weights = step(prepared, cuts=[])
    assert math.isfinite(loss)
    assert norm > 0.01
    for cuts in ([4, 8], [1, 2, 9], list(range(1, min(ROWS, len(prepared.train))))):
        other_loss, other_norm, other = step(prepared, cuts)
        assert other_loss == pytest.approx(loss, rel=1e-5), cuts
        assert other_norm == pytest.approx(norm, rel=1e-4), cuts
        for name, weight in weights.items():
            assert torch.allclose(other[name], weight, atol=2e-6), (cuts, name)


@pytest.mark.parametrize("task", ["text-classification", "token-classification"])
def test_the_loss_is_what_pytorch_makes_of_the_logits_of_each_row_alone(tmp_path, task):
    prepared = prepared_for(tmp_path, task, {})
    loss, _, _ = step(prepared, cuts=[4, 8])
    model = prepared.new_model().eval()
    losses = []
    for row in prepared.train.__getitems__(list(range(ROWS))):
        batch = prepared.collate([row])
        logits = model(input_ids=batch["input_ids"]).logits
        losses += torch.nn.functional.cross_entropy(
            logits.flatten(0, -2), batch["labels"].flatten(), reduction="none", ignore_index=-100
        )[batch["labels"].flatten() != -100].tolist()
    assert loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_gradients_are_shortened_to_the_given_norm(tmp_path):
    prepared = prepared_for(tmp_path, "text-classification", {})
    before = {n: p.detach().clone() for n, p in prepared.new_model().named_parameters()}
    for limit in (0.0, 0.01):
        _, norm, weights = step(prepared, cuts=[4, 8], max_grad_norm=limit)
        moved = math.sqrt(sum(float((weights[n] - before[n]).square().sum()) for n in before))
        assert moved == pytest.approx(0.5 * (limit or norm), rel=1e-3)


def test_a_batch_in_which_nothing_is_to_be_guessed_moves_nothing(tmp_path):
    prepared = prepared_for(tmp_path, "token-classification", {})
    model = prepared.new_model()
    train = TrainSpec(optim="sgd", weight_decay=0.0)
    take = Stepper(
        model, prepared.task, prepared.objective(), train, Precision("fp32", "cpu", ""), Processes()
    )
    batch = prepared.collate(prepared.train.__getitems__([0, 1]))
    batch["labels"] = torch.full_like(batch["labels"], -100)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    assert take([batch], rate=0.5).loss.item() == 0.0
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())


@pytest.mark.parametrize("task", ["text-classification", "text-generation", "summarization"])
def test_weight_decay_leaves_the_parameters_alone_that_transformers_trainer_does(tmp_path, task):
    from transformers import Trainer

    model = prepared_for(tmp_path, task, {}).new_model()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed, others = ({names[id(p)] for p in group} for group in parameter_groups(model))
    expected = set(Trainer.get_decay_parameter_names(None, model)) & set(names.values())
    assert decayed == expected
    assert others == set(names.values()) - expected


@pytest.mark.parametrize("optim", ["adamw_torch_fused", "adamw_torch", "adafactor", "sgd"])
def test_the_optimiser_is_the_one_that_transformers_trainer_makes(tmp_path, optim):
    from transformers import Trainer, TrainingArguments

    model = prepared_for(tmp_path, "text-classification", {}).new_model()
    train = TrainSpec(optim=optim, learning_rate=3e-4, weight_decay=0.1)
    ours = make_optimizer(model, train)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), optim=optim, learning_rate=3e-4, weight_decay=0.1, use_cpu=True,
        report_to="none",
    )  # fmt: skip
    theirs = Trainer(model=model, args=arguments).create_optimizer()
    assert type(ours) is type(theirs)
    for own, other in zip(ours.param_groups, theirs.param_groups, strict=True):
        assert [id(p) for p in own["params"]] == [id(p) for p in other["params"]]
        assert {k: v for k, v in own.items() if k != "params"} == {
            k: v for k, v in other.items() if k != "params"
        }
