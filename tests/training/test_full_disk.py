"""A disk that is full at any one file of a run: told in a sentence, and the run goes on later."""

from __future__ import annotations

import builtins
import errno
import io
import os
from pathlib import Path

import pyarrow.parquet
import pytest
import safetensors.torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import RunError
from workbench.runs import open_run, read_state
from workbench.training import checkpoints

CHANGES = {
    "train.max_steps": 2, "train.eval_steps": 1, "output.save_steps": 1, "output.run_name": "p",
    "inspect.probes": ["a good film"],
}  # fmt: skip


class FullAt:
    """Has no room for the n-th file that is written below a folder; counts them all."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path, nth: int) -> None:
        self.folder, self.nth, self.count, self.at = folder, nth, 0, ""
        opened = io.open
        for place in (io, builtins):
            patch.setattr(place, "open", lambda file, mode="r", *a, **k: (
                self.meet(file, mode), opened(file, mode, *a, **k))[1])  # fmt: skip
        self.wrap(patch, checkpoints, "save_file", 1)
        self.wrap(patch, safetensors.torch, "save_file", 1)
        self.wrap(patch, pyarrow.parquet, "write_table", 1)

    def wrap(self, patch, place, name, argument):
        write = getattr(place, name)

        def full(*arguments, **settings):
            self.meet(arguments[argument], "wb")
            return write(*arguments, **settings)

        patch.setattr(place, name, full)

    def meet(self, file, mode):
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return
        if self.folder not in Path(os.fsdecode(file)).parents:
            return
        self.count += 1
        if self.count == self.nth:
            self.at = Path(os.fsdecode(file)).relative_to(self.folder).as_posix()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))


def train(folder, patch, nth):
    """Train on a disk that is full at the n-th file; return the disk, and what was said."""
    folder.mkdir(exist_ok=True)
    spec, said = tiny_spec(folder, **CHANGES), ""
    with patch.context() as context:
        disk = FullAt(context, folder / "runs", nth)
        try:
            pipeline.train(spec)
        except RunError as error:
            said = str(error)
    return disk, said


def require_gone_on(folder):
    run = open_run(folder / "runs" / "p")
    if read_state(run).status != "finished" or pipeline.lacks_report(run):
        pipeline.resume(run)
    assert read_state(run).status == "finished"
    assert run.report_path.is_file()
    assert run.metrics()["metrics"]
    assert not [p for p in run.path.rglob("*") if p.name.endswith(".part")]


@pytest.mark.parametrize("share", [0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0])
def test_a_disk_that_is_full_at_one_file_loses_nothing(share, tmp_path, monkeypatch, capfd):
    whole, _ = train(tmp_path / "whole", monkeypatch, 0)
    assert whole.count > 20
    nth = 1 + round(share * (whole.count - 1))
    disk, said = train(tmp_path / "full", monkeypatch, nth)
    assert disk.at
    if said:
        assert "is full; free some space" in said, (disk.at, said)
    if (tmp_path / "full" / "runs" / "p").exists():
        require_gone_on(tmp_path / "full")
    else:  # before training: nothing is left behind
        assert said
