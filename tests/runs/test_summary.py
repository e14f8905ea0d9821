"""The state of a run at a glance."""

import json
import os
import shutil
import time
from contextlib import closing

import pytest

from tests.unprivileged import as_nobody, public_folder
from workbench.errors import RunError
from workbench.runs import EventWriter, RunFolder, open_run
from workbench.runs import summary as summaries
from workbench.runs.lock import writer_lock
from workbench.runs.summary import heartbeat, summarise, summarise_all


def make_run(path, end=None):
    run = RunFolder(path)
    run.path.mkdir(parents=True)
    run.spec_path.write_text("{}", "utf-8")
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=4)
    for step in (1, 2):
        writer.write("step_logged", step, loss=1.0 / step)
    writer.write("evaluated", 2, metrics={"loss": 0.4}, best=True)
    if end:
        writer.write("run_ended", 2, reason=end, best_step=2, seconds=1)
    writer.close()
    return run


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_a_run_that_nobody_writes_is_interrupted(tmp_path):
    run = make_run(tmp_path / "run")
    summary = summarise(run)
    assert (summary.status, summary.step, summary.total_steps) == ("interrupted", 2, 4)
    assert (summary.loss, summary.validation, summary.best_step) == (0.5, {"loss": 0.4}, 2)
    assert summary.seconds_left is None


def test_a_run_that_is_being_written_is_running(tmp_path):
    run = make_run(tmp_path / "run")
    with writer_lock(run), heartbeat(run):
        assert summarise(run).status == "running"
    assert summarise(run).status == "interrupted"


def test_a_run_that_is_over_is_over_whoever_looks(tmp_path):
    run = make_run(tmp_path / "run", end="finished")
    assert summarise(run).status == "finished"
    assert summarise(run).ended


def test_the_last_words_count_even_if_the_heart_missed_them(tmp_path):
    run = make_run(tmp_path / "run")
    with heartbeat(run):
        pass
    writer = EventWriter(run.events_path)
    writer.write("run_failed", 2, what="no luck", remedy="try again")
    writer.close()
    assert summarise(run).status == "failed"
    assert summarise(run).failure == "no luck; try again"


def test_a_failed_run_that_is_taken_up_is_not_over_until_its_log_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.runs.summary.BEAT_SECONDS", 0.01)
    run = make_run(tmp_path / "run")
    with closing(EventWriter(run.events_path)) as writer:
        writer.write("run_failed", 2, what="no luck", remedy="try again")
    with writer_lock(run), heartbeat(run):
        assert summarise(run).status == "new"
        with closing(EventWriter(run.events_path)) as writer:
            writer.write("run_started", 2, total_steps=4)
            wait_for(lambda: summarise(run).status == "running")
            writer.write("run_failed", 2, what="no luck again", remedy="give up")
            wait_for(lambda: summarise(run).status == "failed")
    assert summarise(run).failure == "no luck again; give up"


def test_a_failed_run_that_fails_at_once_has_failed(tmp_path):
    run = make_run(tmp_path / "run")
    with closing(EventWriter(run.events_path)) as writer:
        writer.write("run_failed", 2, what="no luck", remedy="try again")
    with writer_lock(run), heartbeat(run):
        pass
    assert summarise(run).status == "failed"


def test_a_run_on_another_machine_lives_as_long_as_its_heart_beats(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    with writer_lock(run), heartbeat(run):
        pass
    owner = json.loads((run.path / "owner.json").read_text("utf-8"))
    (run.path / "owner.json").write_text(json.dumps(owner | {"machine": "elsewhere"}), "utf-8")
    assert summarise(run).status == "running"
    later = time.time() + summaries.SILENCE_SECONDS + 1
    monkeypatch.setattr(summaries.time, "time", lambda: later)
    assert summarise(run).status == "interrupted"


def test_a_clock_that_was_set_back_brings_nobody_to_life(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    summaries.announce(run)
    before = time.time() - 3600
    monkeypatch.setattr(summaries.time, "time", lambda: before)
    assert summarise(run).status == "interrupted"


def test_a_run_of_somebody_else_lives_as_long_as_its_heart_beats(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")

    class Forbidden:
        def __init__(self, *_):
            pass

        def acquire(self, timeout):
            raise PermissionError(13, "Permission denied")

    with writer_lock(run), heartbeat(run):
        monkeypatch.setattr("filelock.FileLock", Forbidden)
        assert summarise(run).status == "running"
        later = time.time() + summaries.SILENCE_SECONDS + 1
        monkeypatch.setattr(summaries.time, "time", lambda: later)
        assert summarise(run).status == "interrupted"


def test_a_writer_that_waits_for_room_is_reported_from_outside(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    with writer_lock(run):
        with heartbeat(run):
            pass
        assert summarise(run).status == "running"
        later = time.time() + summaries.FULL_SILENCE_SECONDS + 1
        monkeypatch.setattr(summaries.time, "time", lambda: later)
        assert summarise(run).status == "running"
        monkeypatch.setattr(summaries, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))
        assert (summarise(run).status, summarise(run).failure) == ("paused", "full disk")


@pytest.mark.skipif(os.name == "nt", reason="the permissions are POSIX's")
def test_a_run_that_may_not_be_read_is_listed_as_that_and_named():
    with public_folder() as folder:
        make_run(folder / "open", end="finished")
        closed, half = make_run(folder / "closed"), make_run(folder / "half")
        half.events_path.chmod(0)
        closed.path.chmod(0)
        with as_nobody():
            result = {run.name: summary.status for run, summary in summarise_all(folder)}
            with pytest.raises(RunError, match=r"closed cannot be read \(Permission denied\)"):
                open_run(folder / "closed")
        assert result == {"open": "finished", "closed": "unreadable", "half": "unreadable"}
        folder.chmod(0)
        with as_nobody(), pytest.raises(RunError, match=r"the runs folder .* cannot be read"):
            summarise_all(folder)


@pytest.mark.parametrize("note", ["", "garbage", "[]", "{}", '{"status": "finished"}'])
def test_a_damaged_note_is_read_again_from_the_events(tmp_path, note):
    run = make_run(tmp_path / "run", end="finished")
    (run.path / "state.json").write_text(note, "utf-8")
    assert summarise(run).status == "finished"


def test_all_runs_of_a_folder_are_reported_oldest_first(tmp_path):
    for name in ("one", "two"):
        make_run(tmp_path / name, end="finished")
        time.sleep(0.01)
    assert [run.name for run, _ in summarise_all(tmp_path)] == ["one", "two"]
    assert summarise_all(tmp_path / "none") == []


def test_a_run_just_handed_to_a_process_is_new_until_that_should_have_begun(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    summaries.announce(run)
    assert summarise(run).status == "new"
    assert summarise(run).step == 2
    later = time.time() + summaries.STARTING_SECONDS + 1
    monkeypatch.setattr(summaries.time, "time", lambda: later)
    assert summarise(run).status == "interrupted"


def test_the_time_left_is_known_however_the_steps_fall_between_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(summaries, "BEAT_SECONDS", 0.01)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    writer = EventWriter(run.events_path)
    with writer_lock(run), heartbeat(run):
        writer.write("run_started", 0, total_steps=100)
        for step in range(1, 5):
            writer.write("step_logged", step, loss=1.0)
            time.sleep(0.05)
        left = summarise(run).seconds_left
    writer.close()
    assert left == pytest.approx(96 * 0.05, rel=0.8)
