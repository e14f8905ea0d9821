"""What a run records of its rows while it learns from them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.dynamics import read_dynamics
from workbench.dynamics.record import has_dynamics
from workbench.tasks import load_task

PASSES = 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one batch a step, so that the losses of the log are those of its rows."""
    return pipeline.train(
        tiny_spec(
            tmp_path_factory.mktemp("home"),
            **{"train.num_train_epochs": PASSES, "train.eval_steps": 0, "inspect.probes": []},
        )
    )


def test_every_row_is_recorded_once_a_pass(run):
    found = read_dynamics(run)
    assert found.passes == PASSES
    assert len(found) == run.record()["train_rows"]
    for table in (found.loss, found.confidence, found.margin, found.correct, found.probabilities):
        assert np.isfinite(table).all()


def test_the_losses_of_the_rows_are_the_loss_of_the_curve(run):
    logged = [event for event in run.events() if event["event"] == "step_logged"]
    batch, rows = run.spec().train.per_device_train_batch_size, run.record()["train_rows"]
    sizes = [min(batch, rows - start) for start in range(0, rows, batch)] * PASSES
    whole = sum(event["loss"] * size for event, size in zip(logged, sizes, strict=True))
    assert read_dynamics(run).loss.sum() == pytest.approx(whole, rel=1e-4)


def test_confidence_margin_and_correctness_tell_of_the_same_probabilities(run):
    found = read_dynamics(run)
    own = np.take_along_axis(found.probabilities, found.given[None, :, None], axis=2)[..., 0]
    assert own == pytest.approx(found.confidence, abs=1e-3)
    assert found.loss == pytest.approx(-np.log(found.confidence), abs=1e-4)
    assert ((found.margin > 0) == found.correct.astype(bool)).all()
    assert np.log(found.confidence / (1 - found.confidence)) == pytest.approx(
        found.margin, abs=1e-3
    )  # of two classes


def test_the_labels_are_those_that_the_rows_were_learned_with(run):
    from workbench.data import load_data

    spec = run.spec()
    train = load_data(spec.data, load_task(spec.task), spec.train.seed).train
    known = dict(zip(train["row"], train["label"], strict=True))
    found = read_dynamics(run)
    assert found.given.tolist() == [known[row] for row in found.rows.tolist()]


def test_recording_changes_nothing_of_the_training(run, monkeypatch):
    nothing = dict.fromkeys(("take", "flush", "close"), lambda *given, **how: None)
    unseen = SimpleNamespace(**nothing)
    monkeypatch.setattr("workbench.training.run.open_observer", lambda run, prepared: unseen)
    without = pipeline.train(run.spec())
    assert not has_dynamics(without)

    def losses(folder):
        return [e["loss"] for e in folder.events() if e["event"] == "step_logged"]

    assert losses(without) == losses(run)


def test_rows_with_several_labels_are_judged_label_by_label():
    setup = SimpleNamespace(spec=SimpleNamespace(data=SimpleNamespace(multi_label=True)))
    logits = torch.tensor([[2.0, -1.0, 3.0], [1.0, 1.0, -1.0]])
    labels = torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    outputs = SimpleNamespace(logits=logits)
    found = load_task("text-classification").observe(outputs, labels, setup)
    assert found["correct"].tolist() == [True, False]
    assert found["margin"].tolist() == [1.0, -1.0]
    given = torch.sigmoid(torch.tensor([1.0, -1.0, 1.0]))
    assert found["confidence"][1].item() == pytest.approx(given.mean().item())
    assert "label" not in found  # a row has no single one
