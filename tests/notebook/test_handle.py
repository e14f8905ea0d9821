"""A run in the hand."""

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline, worker
from workbench.errors import InputError
from workbench.notebook import attach, compare
from workbench.notebook.handle import Run, hold
from workbench.runs import EventWriter, open_run
from workbench.runs.control import Requests
from workbench.runs.lock import writer_lock
from workbench.runs.summary import heartbeat


@pytest.fixture
def run(tmp_path):
    """Return a run that has begun."""
    folder, _ = pipeline.prepare_run(tiny_spec(tmp_path, **{"train.num_train_epochs": 100}))
    writer = EventWriter(folder.events_path)
    writer.write("run_started", 0, total_steps=700)
    writer.close()
    return hold(folder)


def test_every_verb_asks_for_its_act(run):
    with writer_lock(run), heartbeat(run):
        run.steer(learning_rate=1e-5, dropout=0.1)
        run.pause()
        run.resume()
        run.evaluate_now()
        run.checkpoint_now()
        run.roll_back()
        run.add_probe("so late")
        run.stop()
    assert [(act, value) for _, act, value, _ in Requests(run).new()] == [
        ("learning_rate", 1e-5), ("dropout", 0.1), ("paused", True), ("paused", False),
        ("evaluate", True), ("checkpoint", True), ("rollback", True), ("probe", "so late"),
        ("stop", "keep"),
    ]  # fmt: skip


def test_one_value_that_does_not_fit_and_nothing_is_asked_for(run):
    with writer_lock(run), heartbeat(run), pytest.raises(InputError, match="dropout: 5"):
        run.steer(learning_rate=1e-5, dropout=5)
    assert list(Requests(run).new()) == []


def test_what_nobody_trains_cannot_be_steered(run):
    with pytest.raises(InputError, match=r"is not training \(interrupted\); resume it"):
        run.steer(learning_rate=1e-5)


def test_a_run_is_started_steered_paused_stopped_forked_and_waited_for(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 100, "train.eval_steps": 500})
    run = hold(worker.start(spec))
    run.pause()
    run.steer(learning_rate=1e-4)
    with pytest.raises(TimeoutError, match=r"goes on after 0\.5 seconds"):
        run.wait(0.5)
    run.stop()
    state = run.wait(60)
    assert state.status == "stopped"
    assert [act["knob"] for act in state.commands] == ["paused", "learning_rate", "stop"]
    child = run.fork(**{"train.num_train_epochs": 1.0})
    assert isinstance(child, Run)
    assert child.wait(60).status == "finished"
    assert child.record()["parent"]["run"] == run.name


def test_attaching_without_a_run_needs_one_that_trains(run, monkeypatch, capsys):
    monkeypatch.chdir(run.path.parent.parent)
    with pytest.raises(InputError, match="none trains in runs; name one"):
        attach()
    with writer_lock(run), heartbeat(run):
        assert attach().path.name == run.name
    assert open_run(run.path).name == run.name


def test_runs_are_compared_in_the_notebook(tmp_path, monkeypatch):
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 2})
    runs = [pipeline.train(spec), pipeline.train(spec.replace({"train.seed": 7}))]
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **_: shown.append(bundle))
    compare(*(run.path for run in runs))
    text = "".join(bundle.get("text/html", "") for bundle in shown)
    assert all(run.name in text for run in runs)
    assert "train.seed" in text
