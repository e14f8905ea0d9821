"""One writer a run, and who it is."""

import os
import subprocess
import sys

import pytest

from tests.unprivileged import as_nobody, public_folder
from workbench.errors import RunError
from workbench.runs import RunFolder
from workbench.runs.lock import is_locked, read_owner, writer_lock


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_a_run_is_locked_while_it_is_written(run):
    assert not is_locked(run)
    with writer_lock(run):
        assert is_locked(run)
        assert read_owner(run).pid == os.getpid()
        assert read_owner(run).here
    assert not is_locked(run)


def test_a_second_writer_is_reported_who_the_first_is(run):
    with writer_lock(run), pytest.raises(RunError) as caught, writer_lock(run):
        pass
    assert f"is being written by process {os.getpid()} of " in caught.value.what
    assert caught.value.remedy == f"watch it, or end it: workbench runs stop {run.path}"


def test_the_lock_of_a_dead_process_is_free_and_its_owner_still_known(run):
    code = (
        "import os, sys; from workbench.runs import RunFolder; from pathlib import Path\n"
        "from workbench.runs.lock import writer_lock\n"
        "writer_lock(RunFolder(Path(sys.argv[1]))).__enter__()\n"
        "print(os.getpid(), flush=True); os._exit(9)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(run.path)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 9, answer.stderr
    assert not is_locked(run)
    assert read_owner(run).pid == int(answer.stdout)
    with writer_lock(run):
        assert read_owner(run).pid == os.getpid()


@pytest.mark.parametrize("note", ["", "garbage", "[]", '{"pid": 1}', '{"pid": 1, "more": 2}'])
def test_a_damaged_note_of_the_owner_is_no_owner(run, note):
    (run.path / "owner.json").write_text(note, "utf-8")
    assert read_owner(run) is None


@pytest.mark.skipif(os.name == "nt", reason="the permissions are POSIX's")
def test_a_folder_that_may_only_be_read_is_refused():
    with public_folder() as folder:
        folder.chmod(0o555)
        refused = pytest.raises(RunError, match="cannot write to the run folder")
        with as_nobody(), refused, writer_lock(RunFolder(folder)):
            pass


def test_where_the_lock_cannot_be_made_the_remedy_is_named(tmp_path):
    gone = RunFolder(tmp_path / "file" / "run")
    (tmp_path / "file").write_text("", "utf-8")
    with (
        pytest.raises(RunError, match=r"cannot write to the run folder .*; make it writable"),
        writer_lock(gone),
    ):
        pass
