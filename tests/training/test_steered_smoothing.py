"""Label smoothing moved in mid-run: the next loss is as by hand, or the request is refused."""

import numpy as np
import pytest
import torch

from tests.tiny_runs import played, tiny_spec
from tests.tiny_tasks import KINDS, tiny_task_spec
from workbench import pipeline
from workbench.cli import main
from workbench.training import checkpoints
from workbench.training.batches import epoch_batches
from workbench.training.hyperparameters import unused_hyperparameters
from workbench.training.prepare import prepare

SMOOTHING = 0.3
LOSSES = {
    "plain": {},
    "class weights": {"train.class_weights": "balanced"},
    "label weights": {"train.label_weights": {"positive": 3.0}},
    "focal": {"train.loss": "focal", "train.focal_gamma": 1.5},
    "focal, label weights": {"train.loss": "focal", "train.label_weights": {"positive": 3.0}},
}


def logged(run, kind="step_logged"):
    return [event for event in run.events() if event["event"] == kind]


def by_hand(logits, labels, weights, gamma, smoothing):
    """Return the mean of w (1-p)^γ (-log p), of each class with its share of the target."""
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    total = 0.0
    for row, label in zip(shares, labels, strict=True):
        for place, share in enumerate(row):
            target = smoothing / len(row) + (1 - smoothing) * (place == label)
            total += target * weights[place] * (1 - share) ** gamma * -np.log(share)
    return total / len(labels)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_next_loss_is_as_by_hand(kind, tmp_path):
    acts = played(tmp_path, [(0, "dropout", 0.0), (4, "label_smoothing_factor", SMOOTHING)])
    spec = tiny_spec(tmp_path).replace(
        {
            "train.max_steps": 5, "train.replay": acts, "train.train_sampling_strategy": "random",
            "train.learning_rate": 0.02, "train.lr_scheduler_type": "constant",
            "train.eval_steps": 1, "output.save_total_limit": 10, "data.max_train_rows": 37,
            **LOSSES[kind],
        }
    )  # fmt: skip
    run = pipeline.train(spec)
    prepared = prepare(spec)
    model = prepared.new_model()
    checkpoints.load_weights(model, run.checkpoint_path(4))
    rows = epoch_batches(prepared.train["length"], 8, "random", spec.train.seed, 0)[4]
    batch = prepared.collate([prepared.train[row] for row in rows])
    labels = batch.pop("labels").tolist()
    with torch.no_grad():
        logits = model.eval()(**batch).logits.double().numpy()
    counts = [prepared.data.label_counts[name] for name in prepared.labels]
    weights = [
        spec.train.label_weights.get(name, 1.0)
        * (sum(counts) / len(counts) / count if spec.train.class_weights == "balanced" else 1.0)
        for name, count in zip(prepared.labels, counts, strict=True)
    ]
    gamma = spec.train.focal_gamma if spec.train.loss == "focal" else 0.0
    expected = by_hand(logits, labels, weights, gamma, SMOOTHING)
    assert logged(run)[4]["loss"] == pytest.approx(expected, rel=1e-4)
    assert by_hand(logits, labels, weights, gamma, 0.0) != pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("task", KINDS)
def test_a_task_that_heeds_no_smoothing_refuses_the_knob(task, tmp_path):
    spec = tiny_task_spec(tmp_path, task)
    done = prepare(spec).task
    heeded = task not in ("question-answering", "text-regression")
    assert ("label_smoothing_factor" in unused_hyperparameters(spec, done)) != heeded
    own = spec.replace({"train.custom_loss": "anything"})
    assert "label_smoothing_factor" in unused_hyperparameters(own, done)


def test_acts_of_another_run_that_would_change_nothing_are_passed_over(tmp_path, capsys):
    acts = played(tmp_path, [(1, "label_smoothing_factor", 0.2), (1, "weight_decay", 0.5)])
    spec = tiny_task_spec(
        tmp_path, "text-regression", **{"train.max_steps": 2, "train.replay": acts}
    )
    run = pipeline.train(spec)
    assert [act["knob"] for act in logged(run, "steered")] == ["weight_decay"]
    assert "passing over label_smoothing_factor at step 1 of played" in capsys.readouterr().err


def test_the_command_line_refuses_it_with_a_sentence(tmp_path, capsys):
    spec = tiny_task_spec(tmp_path, "question-answering")
    run, _ = pipeline.prepare_run(spec)
    arguments = ["runs", "steer", str(run.path), "label_smoothing_factor=0.1", "evaluate=true"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert f"label_smoothing_factor has no effect in {run.name}: question-answering" in said
    assert not run.control_path.exists()
    assert "label_smoothing_factor" in run.record()["unused_hyperparameters"]


def test_dropout_is_no_knob_of_a_model_without_it(tmp_path):
    prepared = prepare(tiny_task_spec(tmp_path, "text-classification"))
    model, spec, task = prepared.new_model(), tiny_spec(tmp_path), prepared.task
    assert unused_hyperparameters(spec, task, model) == {}
    plain = torch.nn.Sequential(torch.nn.Linear(2, 2))
    plain.config = model.config
    assert list(unused_hyperparameters(spec, task, plain)) == ["dropout"]
