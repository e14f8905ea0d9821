"""A disk that is full at any one file of a run, or of its export."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import safetensors.torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import InputError
from workbench.runs import RunFolder, open_run, read_state
from workbench.training import checkpoints

CHANGES = {
    "train.max_steps": 2, "train.eval_steps": 1, "output.save_steps": 1, "output.run_name": "p",
    "inspect.probes": ["a good film"],
}  # fmt: skip
EXPORTS = ("folder", "script", "card")


class FullAt:
    """Has no room for the n-th file that is written below a folder; counts them all."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path, nth: int) -> None:
        self.folder, self.nth, self.count, self.at = folder, nth, 0, ""
        opened = io.open
        for place in (io, builtins):
            patch.setattr(place, "open", lambda file, mode="r", *a, **k: (
                self.meet(file, mode), opened(file, mode, *a, **k))[1])  # fmt: skip
        self._wrap(patch, checkpoints, "save_file", 1)
        self._wrap(patch, safetensors.torch, "save_file", 1)
        self._wrap(patch, pyarrow.parquet, "write_table", 1)
        self._wrap(patch, shutil, "copyfile", 1)

    def _wrap(self, patch: pytest.MonkeyPatch, place: Any, name: str, argument: int) -> None:
        write = getattr(place, name)

        def full(*arguments: Any, **settings: Any) -> Any:
            self.meet(arguments[argument], "wb")
            return write(*arguments, **settings)

        patch.setattr(place, name, full)

    def meet(self, file: Any, mode: str) -> None:
        """Count a file that is opened to be written, and have no room for the n-th."""
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return
        if self.folder not in Path(os.fsdecode(file)).parents:
            return
        self.count += 1
        if self.count == self.nth:
            self.at = Path(os.fsdecode(file)).relative_to(self.folder).as_posix()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))


def train(folder: Path, nth: int) -> tuple[FullAt, str]:
    """Train on a disk that is full at the n-th file; return the disk, and what was said."""
    folder.mkdir(exist_ok=True)
    spec = tiny_spec(folder, **CHANGES)
    return _met(folder / "runs", nth, lambda: pipeline.train(spec))


def export(run: RunFolder, kind: str, nth: int) -> tuple[FullAt, str]:
    """Export a run to a disk that is full at the n-th file."""
    from workbench.export import export_run

    return _met(run.path / "export", nth, lambda: export_run(run, kind))


def _met(folder: Path, nth: int, act: Callable[[], Any]) -> tuple[FullAt, str]:
    said = ""
    with pytest.MonkeyPatch.context() as patch:
        disk = FullAt(patch, folder, nth)
        try:
            act()
        except InputError as error:
            said = str(error)
    return disk, said


def require_gone_on(folder: Path) -> None:
    """Go on with a run whose disk was full, and require that nothing is missing."""
    run = open_run(folder / "runs" / "p")
    if read_state(run).status != "finished" or pipeline.lacks_report(run):
        pipeline.resume(run)
    assert read_state(run).status == "finished"
    assert run.report_path.is_file()
    assert run.metrics()["metrics"]
    assert not [p for p in run.path.rglob("*") if p.name.endswith(".part")]


def try_training(folder: Path, nth: int) -> str:
    """Train with a disk full at the n-th file and go on; return the file, or nothing."""
    disk, said = train(folder, nth)
    if not disk.at:
        return ""
    if said:
        assert "is full; free some space" in said, (disk.at, said)
    if (folder / "runs" / "p").exists():
        require_gone_on(folder)
    else:  # before training: nothing is left behind
        assert said
    return disk.at


def try_export(run: RunFolder, kind: str, nth: int) -> str:
    """Export to a disk full at the n-th file, do it again, and return the file."""
    disk, said = export(run, kind, nth)
    assert disk.at
    assert "cannot write" in said, (disk.at, said)
    target = run.path / "export"
    left = [path.name for path in target.rglob("*")] if target.exists() else []
    assert not [name for name in left if name.endswith(".part")], left
    again, said = export(run, kind, 0)
    assert again.count
    assert not said
    shutil.rmtree(target)
    return disk.at


def walk() -> tuple[dict[str, int], list[str]]:
    """Have a disk full at every file in turn; return how many were tried, and what failed."""
    tried: dict[str, int] = {"training to report": 0}
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="wb-disks-") as place:
        folder = Path(place)
        train(folder / "whole", 0)
        for nth in count(1):  # the first run of a process writes more than those after it
            at = _try(lambda n=nth: try_training(folder / f"at-{n}", n), f"training {nth}", faults)
            shutil.rmtree(folder / f"at-{nth}", ignore_errors=True)
            if at == "":
                break
            tried["training to report"] += 1
        run = open_run(folder / "whole" / "runs" / "p")
        for kind in EXPORTS:
            files = export(run, kind, 0)[0].count
            shutil.rmtree(run.path / "export")
            for nth in range(1, files + 1):
                _try(lambda n=nth, k=kind: try_export(run, k, n), f"{kind}, file {nth}", faults)
            tried[f"export to {kind}"] = files
    return tried, faults


def _try(act: Callable[[], str], what: str, faults: list[str]) -> str | None:
    try:
        return act()
    except Exception:
        faults.append(f"full disk: {what}: {traceback.format_exc(limit=-4)}")
        return None
