"""A run folder from somebody else: everything of it lies in it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time

import psutil
import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.errors import RunError
from workbench.runs import RunFolder, inside, open_run
from workbench.runs.events import parse_event
from workbench.runs.inside import require_inside
from workbench.runs.lock import Owner, is_worker, read_owner
from workbench.runs.summary import summarise


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inside")
    return pipeline.train(tiny_spec(folder, **{"train.max_steps": 2, "inspect.probes": []}))


@pytest.fixture
def run(finished, tmp_path):
    return RunFolder(shutil.copytree(finished.path, tmp_path / "theirs"))


@pytest.fixture
def secret(tmp_path):
    folder = tmp_path / "private"
    (folder / "step-000001").mkdir(parents=True)
    (folder / "step-000001" / "thesis.txt").write_text("PRIVATE KEY")
    (folder / "key").write_text("PRIVATE KEY")
    return folder


PLACES = [
    "model/notes.txt", "model/tokenizer.json", "checkpoints", "report.html", "attention",
    "evaluation/metrics.json", "events.jsonl", "export", ".writer.lock", "data.json",
]  # fmt: skip
COMMANDS = [
    ("predict", "{run}", "good"),
    ("evaluate", "{run}"),
    ("attend", "{run}", "good", "--out", "{folder}/look.html"),
    ("export", "{run}", "--out", "{folder}/out"),
    ("report", "{run}"),
    ("runs", "show", "{run}"),
    ("runs", "resume", "{run}"),
    ("runs", "fork", "{run}"),
    ("runs", "stop", "{run}", "--kill"),
    ("runs", "compare", "{run}", "{run}"),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_link_out_of_a_run_is_refused_by_every_verb_and_what_it_names_stays(
    place, run, secret, tmp_path, capsys
):
    path = run.path / place
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(secret if place in ("checkpoints", "attention", "export") else secret / "key")
    before = {file: file.read_bytes() for file in secret.rglob("*") if file.is_file()}
    for command in COMMANDS:
        held = {"run": run.path, "folder": tmp_path}
        assert main([part.format(**held) for part in command]) == 2, command
        assert f"holds a link, {place}" in capsys.readouterr().err
    assert main(["runs", "list", "--runs-dir", str(tmp_path)]) == 0
    # The list reads only files of the first level.
    assert ("unreadable" in capsys.readouterr().out) == ("/" not in place)
    assert {file: file.read_bytes() for file in secret.rglob("*") if file.is_file()} == before
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes with names are POSIX's")
def test_a_pipe_in_a_run_keeps_nobody_waiting(run):
    run.events_path.unlink()
    os.mkfifo(run.events_path)
    with pytest.raises(RunError, match=r"holds a pipe or device, events\.jsonl"):
        open_run(run.path)
    assert summarise(run).status == "unreadable"


def test_a_link_to_a_run_is_followed(run, tmp_path):
    (tmp_path / "latest").symlink_to(run.path)
    assert open_run(tmp_path / "latest").spec() == run.spec()


def test_more_files_than_a_run_has_are_refused(run, monkeypatch):
    monkeypatch.setattr(inside, "MAX_ENTRIES", 5)
    with pytest.raises(RunError, match="more than 5 files"):
        require_inside(run.path)


def test_a_note_that_is_far_too_large_is_damaged(run, monkeypatch):
    monkeypatch.setattr(inside, "MAX_BYTES", 10)
    with pytest.raises(RunError, match="damaged"):
        run.spec()


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "3", "{", '"text"'])
def test_scores_that_are_none_are_damaged(run, text):
    (run.evaluation_path / "metrics.json").write_text(text)
    with pytest.raises(RunError, match="is damaged"):
        run.metrics()


def write_owner(run, **changes):
    own = {"pid": 4242, "machine": platform.node(), "user": "x", "began": 0.0, "started": 0.0}
    (run.path / "owner.json").write_text(json.dumps(own | changes))


@pytest.mark.parametrize(
    "pid", [-1, 0, 1, -4242, 2**31, 10**30, 3.5, True, "4242", None, [4242], float("nan")]
)
def test_a_number_that_is_no_process_has_no_owner(run, pid):
    write_owner(run, pid=pid)
    assert read_owner(run) is None
    assert main(["runs", "list", "--runs-dir", str(run.path.parent)]) == 0


@pytest.mark.skipif(os.name == "nt", reason="flock is POSIX's")
@pytest.mark.parametrize("says_when", [True, False])
def test_a_process_that_is_none_of_ours_is_not_killed(run, says_when, capsys):
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    held = subprocess.Popen(["flock", "-x", run.path / ".writer.lock", "sleep", "60"])
    try:
        deadline = time.monotonic() + 20
        while summarise_locked(run) is False and time.monotonic() < deadline:
            time.sleep(0.05)
        began = psutil.Process(victim.pid).create_time()
        write_owner(run, pid=victim.pid, started=began if says_when else 0.0)
        assert main(["runs", "stop", str(run.path), "--kill"]) == 2
        assert "is left alone" in capsys.readouterr().err
        assert victim.poll() is None
    finally:
        for process in (victim, held):
            process.kill()
            process.wait()


def summarise_locked(run):
    from workbench.runs.lock import is_locked

    return is_locked(run)


def test_a_worker_is_known_by_its_command_and_the_moment_it_began():
    worker = subprocess.Popen(
        [sys.executable, "-m", "workbench", "worker"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        process = psutil.Process(worker.pid)
        while not process.cmdline():  # Linux sets it a moment after the process has begun
            time.sleep(0.01)
        began = process.create_time()
        here = {"machine": platform.node(), "user": "x", "began": 0.0}
        assert is_worker(Owner(worker.pid, started=began, **here))
        assert not is_worker(Owner(worker.pid, started=began - 5, **here))
        assert not is_worker(Owner(worker.pid, **here))
        assert not is_worker(Owner(worker.pid, started=began, **here | {"machine": "elsewhere"}))
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize(
    "change",
    [
        {"step": -1}, {"step": 1.5}, {"step": 10**400}, {"step": True}, {"seq": "0"},
        {"wall_seconds": 10**400}, {"loss": "low"}, {"loss": [1]}, {"loss": 10**400},
        {"total_steps": "9"}, {"metrics": [1]}, {"metrics": {"loss": {}}}, {"best_step": -2},
        {"path": 3}, {"resumed_from": {}}, {"reason": []},
    ],
)  # fmt: skip
def test_a_line_with_values_that_no_event_has_is_passed_over(change):
    event = {"event": "step_logged", "seq": 0, "step": 1, "wall_seconds": 0.5, "loss": 0.25}
    assert parse_event(json.dumps(event).encode()) == event
    assert parse_event(json.dumps(event | change).encode()) is None
