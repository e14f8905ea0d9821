"""`workbench runs`: what it says, what it asks for, and what it refuses."""

import json

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.runs import EventWriter, RunFolder, RunState, open_run
from workbench.runs.control import Requests
from workbench.runs.lock import writer_lock
from workbench.runs.summary import heartbeat


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return pipeline.train(
        tiny_spec(tmp_path_factory.mktemp("home"), **{"output.save_total_limit": 5})
    )


@pytest.fixture
def broken_off(tmp_path):
    """Return a run that has begun and that nobody trains."""
    run, _ = pipeline.prepare_run(tiny_spec(tmp_path))
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=70)
    writer.close()
    return run


def answer(capsys, *arguments):
    code = main(["runs", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_list_shows_state_progress_and_scores(finished, capsys):
    _, said, _ = answer(capsys, "list", "--runs-dir", finished.path.parent, "--json")
    (row,) = json.loads(said)
    assert (row["run"], row["status"], row["step"]) == (finished.name, "finished", "70/70")
    assert row["left"] is None
    assert row["process"] is None
    assert (
        row["accuracy"] == RunState().fold(finished.events()).evaluations[-1]["metrics"]["accuracy"]
    )


def test_a_run_that_is_written_is_listed_with_its_process(broken_off, capsys):
    import os

    with writer_lock(broken_off), heartbeat(broken_off):
        _, said, _ = answer(capsys, "list", "--runs-dir", broken_off.path.parent, "--json")
    (row,) = json.loads(said)
    assert (row["status"], row["process"]) == ("running", os.getpid())
    _, said, _ = answer(capsys, "list", "--runs-dir", broken_off.path.parent, "--json")
    assert json.loads(said)[0]["status"] == "interrupted"


def test_steering_asks_for_all_that_is_named(broken_off, capsys):
    with writer_lock(broken_off), heartbeat(broken_off):
        code, said, _ = answer(
            capsys, "steer", broken_off.path, "learning_rate=1e-5", "dropout=0.2"
        )
    assert code == 0
    assert said.splitlines() == [
        f"asked {broken_off.name} for learning_rate=1e-05",
        f"asked {broken_off.name} for dropout=0.2",
    ]
    asked = [(act, value) for _, act, value, _ in Requests(broken_off).new()]
    assert asked == [("learning_rate", 1e-5), ("dropout", 0.2)]


def test_one_fault_among_the_acts_and_none_is_asked_for(broken_off, capsys):
    with writer_lock(broken_off), heartbeat(broken_off):
        code, _, said = answer(capsys, "steer", broken_off.path, "dropout=0.2", "eval_steps=x")
    assert code == 2
    assert "eval_steps: 'x' does not fit; give a value of type int" in said
    assert list(Requests(broken_off).new()) == []


@pytest.mark.parametrize("how", [["--discard"], []])
def test_stopping_asks_the_process_to_end(broken_off, capsys, how):
    with writer_lock(broken_off), heartbeat(broken_off):
        assert answer(capsys, "stop", broken_off.path, *how)[0] == 0
    ((_, act, value, _),) = Requests(broken_off).new()
    assert (act, value) == ("stop", "discard" if how else "keep")


def test_what_nobody_trains_cannot_be_steered_and_the_remedy_fits(broken_off, finished, capsys):
    code, _, said = answer(capsys, "steer", broken_off.path, "dropout=0.2")
    assert code == 2
    assert f"(interrupted); resume it first: workbench runs resume {broken_off.path}" in said
    code, _, said = answer(capsys, "stop", finished.path)
    assert code == 2
    assert f"(finished); start a new one from it: workbench runs fork {finished.path}" in said
    code, _, said = answer(capsys, "stop", finished.path, "--kill")
    assert code == 2
    assert "no process of this machine is writing" in said


def test_resuming_trains_to_the_end(broken_off, capsys):
    code, said, _ = answer(capsys, "resume", broken_off.path, "--json")
    assert code == 0
    assert json.loads(said)["metrics"]["accuracy"] > 0.5
    assert RunState().fold(broken_off.events()).status == "finished"


def test_resuming_what_is_over_is_refused(finished, capsys):
    code, _, said = answer(capsys, "resume", finished.path)
    assert code == 2
    assert "is over (finished); start a new one from it: workbench runs fork" in said


def test_forking_trains_the_rest_with_the_changes(finished, capsys):
    code, said, _ = answer(
        capsys, "fork", finished.path, "--step", 45, "--set", "train.weight_decay=0.3", "--json"
    )
    assert code == 0
    child = open_run(json.loads(said)["run"], finished.path.parent)
    assert child.record()["parent"]["step"] == 40
    assert child.record()["command"] == (
        f"workbench runs fork {finished.path.as_posix()} --step 40 --set train.weight_decay=0.3"
    )
    assert child.spec().train.weight_decay == 0.3
    assert [event["step"] for event in RunState().fold(child.events()).steps] == list(range(41, 71))


def test_showing_a_run_tells_what_was_done_to_it(finished, tmp_path, capsys):
    run = RunFolder(tmp_path / "copy")
    run.path.mkdir()
    run.spec_path.write_bytes(finished.spec_path.read_bytes())
    writer = EventWriter(run.events_path)
    writer.write("steered", 7, knob="dropout", old=0.1, new=0.2, who="ada", total_steps=70)
    writer.close()
    _, said, _ = answer(capsys, "show", run.path, "--json")
    shown = json.loads(said)
    assert shown["steered"] == [
        {"step": 7, "knob": "dropout", "old": 0.1, "new": 0.2, "who": "ada"}
    ]
    assert shown["status"] == "interrupted"
