"""Whoever waits for a lock is told for whom, and does not wait for ever."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading

import pytest

from workbench.errors import InputError
from workbench.labelling import Journal
from workbench.runs import RunFolder, ask, waiting
from workbench.runs.waiting import holding

HOLD = (
    "import sys, time; from filelock import FileLock\n"
    "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(120)"
)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(waiting, "LIMIT_SECONDS", 0.8)


@pytest.fixture
def stuck():
    """Let another process hold a lock; return its number."""
    held = []

    def hold(path):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
        )
        held.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in held:
        process.kill()
        process.wait()


def test_a_stuck_holder_is_named_and_not_waited_for(tmp_path, stuck, capsys):
    process = stuck(tmp_path / "a.lock")
    with (
        pytest.raises(InputError, match=r"does not release the lock .*a\.lock") as caught,
        holding(tmp_path / "a.lock"),
    ):
        pass
    assert "waiting for " in capsys.readouterr().err
    if sys.platform == "linux":
        assert f"process {process.pid} (python" in str(caught.value)
        assert ", since 20" in str(caught.value)


def test_whoever_makes_progress_is_waited_for(tmp_path, stuck):
    process, steps = stuck(tmp_path / "a.lock"), itertools.count()
    threading.Timer(2.5, process.kill).start()
    with holding(tmp_path / "a.lock", lambda: next(steps)):
        assert next(steps) > 2


def test_a_free_lock_is_taken_in_silence_and_let_go(tmp_path, capsys):
    for _ in range(2):
        with holding(tmp_path / "a.lock"):
            pass
    assert capsys.readouterr().err == ""


def test_steering_and_labelling_say_who_keeps_them_waiting(tmp_path, stuck):
    stuck(tmp_path / ".control.lock")
    with pytest.raises(InputError, match=r"does not release the lock .*\.control\.lock"):
        ask(RunFolder(tmp_path), "paused", True)
    stuck(tmp_path / ".j.jsonl.lock")
    with pytest.raises(InputError, match=r"does not release the lock .*\.j\.jsonl\.lock"):
        Journal(tmp_path / "j.jsonl").decide(1, "all", "key", "positive")
