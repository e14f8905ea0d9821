"""A process that is asked to end does, wherever it is; what it had not written is written later."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.errors import EXIT_INTERRUPTED, Interrupted, RunError
from workbench.runs import RunFolder, read_state
from workbench.runs.lock import is_locked
from workbench.runs.summary import summarise
from workbench.training import ending

HANGS = {
    "building the model": "workbench.training.prepare.Prepared.new_model = hang",
    "inside a library": (
        "workbench.training.prepare.Prepared.new_model = lambda self: (print('hangs', flush=True), "
        "hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1))"
    ),
    "the report": "workbench.reporting.write_report = hang",
}
CODE = """
import hashlib, sys, time
from pathlib import Path
import workbench.reporting, workbench.training.prepare, workbench.training.run
from workbench.cli import main
def hang(*_, **__):
    print("hangs", flush=True)
    while True:
        time.sleep(0.1)
{change}
sys.exit(main(["train", sys.argv[1], "--into"]))
"""


@pytest.fixture
def spec(tmp_path):
    return tiny_spec(tmp_path, **{"train.max_steps": 3, "inspect.probes": []})


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX's")
@pytest.mark.parametrize("where", HANGS)
def test_sigterm_ends_a_worker_wherever_it_is_and_the_run_goes_on_later(where, spec):
    run, _ = pipeline.prepare_run(spec)
    code = CODE.format(change=HANGS[where])
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout.readline() == "hangs\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(ending.GRACE_SECONDS + 20) == EXIT_INTERRUPTED
    finally:
        worker.kill()
        worker.wait()
    assert not is_locked(run)
    pipeline.resume(run)
    assert read_state(run).status == "finished"
    assert run.report_path.is_file()


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX's")
def test_what_is_asked_while_a_block_does_not_look_is_done_at_its_end():
    with pytest.raises(Interrupted), ending.graceful_shutdown() as asked:
        asked.from_now_on()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert asked()
    with pytest.raises(Interrupted), ending.graceful_shutdown():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signals_are_heard_as_before_afterwards():
    with ending.ending_cleanly():
        pass
    assert signal.set_wakeup_fd(-1) == -1


def no_room(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_after_the_last_event_is_reported_and_resume_writes_the_report(
    spec, monkeypatch, capsys
):
    run, prepared = pipeline.prepare_run(spec)
    with monkeypatch.context() as patch:
        patch.setattr(import_module("workbench.reporting"), "write_report", no_room)
        with pytest.raises(RunError, match=r"disk of .* is full; .*workbench runs resume"):
            pipeline.train_prepared(run, prepared)
        assert summarise(run).status == "finished"
        assert main(["runs", "resume", str(run.path)]) == 2
        assert "is full" in capsys.readouterr().err
    learned = {p.name: p.read_bytes() for p in run.model_path.iterdir()}
    assert main(["runs", "resume", str(run.path)]) == 0
    assert run.report_path.is_file()
    assert {p.name: p.read_bytes() for p in run.model_path.iterdir()} == learned
    assert main(["runs", "resume", str(run.path)]) == 2  # now it is over


def test_a_run_that_was_discarded_has_no_report_to_write(tmp_path):
    run = RunFolder(tmp_path)
    assert not pipeline.lacks_report(run)


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_run_folder_that_is_gone_is_reported_in_a_sentence_and_goes_on_where_it_is(how, tmp_path):
    changes = {"train.max_steps": 6, "train.eval_steps": 3, "inspect.probes": []}
    spec = tiny_spec(tmp_path, **changes | {"output.save_steps": 1, "output.run_name": "p"})
    elsewhere = tmp_path / "elsewhere"

    def take_away(*_):
        if (tmp_path / "runs" / "p").exists():
            (tmp_path / "runs" / "p").rename(elsewhere)
        return 0.0

    with pytest.raises(RunError, match=r"was removed or moved while it was written"):
        pipeline.train(spec, scores={"taken": take_away})
    assert not (tmp_path / "runs" / "p").exists()
    if how == "removed":
        shutil.rmtree(elsewhere)
        return
    moved = RunFolder(elsewhere)
    pipeline.resume(moved)
    assert read_state(moved).status == "finished"
