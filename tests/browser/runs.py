"""Runs in processes of their own, for tests that watch and steer them in a browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.tiny_runs import tiny_spec
from workbench.runs import RunFolder, ask, read_state
from workbench.runs.folder import list_runs
from workbench.runs.lock import is_locked
from workbench.spec import to_yaml


def write_long_spec(root: Path, name: str, runs_dir: str) -> None:
    """Write `NAME.yaml` into Lab's folder: a run of minutes on the tiny model."""
    spec = tiny_spec(
        root,
        **{
            "train.num_train_epochs": 100,
            "train.per_device_train_batch_size": 1,
            "train.lr_scheduler_type": "constant",
            "output.runs_dir": runs_dir,
            "output.save_steps": 100,
        },
    )
    (root / f"{name}.yaml").write_text(to_yaml(spec), encoding="utf-8")


def wait_until(met: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not so in time.
    """
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def end_runs(runs: Path) -> None:
    """End every run in a folder that is still being trained, and remove the folder."""
    for run in list_runs(runs):
        if is_locked(run):
            ask(run, "stop", "discard")
            wait_until(lambda run=run: not is_locked(run), 30)
    shutil.rmtree(runs, ignore_errors=True)


def write_spec(root: Path, name: str, **changes: object) -> None:
    """Write `NAME.yaml` into Lab's folder: a run on the tiny model, its runs in `NAME-runs`."""
    spec = tiny_spec(root, **{"output.runs_dir": str(root / f"{name}-runs"), **changes})
    (root / f"{name}.yaml").write_text(to_yaml(spec), encoding="utf-8")


def wait_for_steps(run: RunFolder, more: int, seconds: float = 60) -> None:
    """Wait until a run has gone so many steps further."""
    goal = read_state(run).step + more
    wait_until(lambda: read_state(run).step >= goal, seconds)


def losses(run: RunFolder, first: int, last: int) -> list[float]:
    """Return the training losses that a run has logged from one step to another."""
    return [e["loss"] for e in read_state(run).steps if first <= e["step"] <= last]
