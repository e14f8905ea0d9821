"""A new run that leaves another at one of its checkpoints."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ..dynamics.record import copy_until
from ..errors import RunError
from ..models.trimmed import FILE as TRIMMED
from ..runs import RunFolder, create_run
from ..runs.commands import line
from ..runs.control import LIVE_HYPERPARAMETERS
from ..runs.names import cut_name
from . import checkpoints


def fork_run(run: RunFolder, step: int | None, changes: dict[str, Any]) -> RunFolder:
    """Make the folder of a run that goes on from the checkpoint of `run` next to `step`.

    The checkpoint at or before `step` is taken, or else the first one; without a step, the
    latest. `changes` go over the parent's spec and what was moved by hand until there.

    Raises:
        RunError: there is no checkpoint as it was written.
    """
    while True:
        checkpoint = _checkpoint_at(run, step)
        try:
            return _fork_from(run, checkpoint, changes)
        except FileNotFoundError:  # a run that trains has just dropped it
            if checkpoint.exists():
                raise


def _fork_from(run: RunFolder, checkpoint: Path, changes: dict[str, Any]) -> RunFolder:
    progress = checkpoints.load_progress(checkpoint)
    at = progress["step"]
    moved = {
        f"train.{k}": v for k, v in progress["hyperparameters"].items() if k in LIVE_HYPERPARAMETERS
    }
    spec = run.spec().replace({**moved, "output.run_name": "", "train.replay": "", **changes})
    child = create_run(spec, f"{cut_name(run.name, 100)}-fork-{at}")
    try:
        parent = {"run": run.name, "path": os.path.relpath(run.path, child.path.parent), "step": at}
        record = run.record() | {"parent": parent, "command": _command(run, at, changes)}
        child.write_spec(spec.replace({"output.run_name": ""}), record)
        for name in ("data.json", "model.json", "dropped.jsonl", TRIMMED):
            if (run.path / name).exists():
                shutil.copy2(run.path / name, child.path / name)
        checkpoints.copy_checkpoint(
            checkpoint,
            child.checkpoint_path(at),
            {
                "hyperparameters": {
                    k: v
                    for k, v in progress["hyperparameters"].items()
                    if k not in LIVE_HYPERPARAMETERS
                },
                "max_steps": None,  # as the new spec has it
                "requests_taken": 0,
                "best_metric": None,
                "best_step": 0,
                "evaluated_at": -1,
                "meter": progress["meter"] | {"worse": 0},
            },
        )
        copy_until(run, child, at)
    except BaseException:
        shutil.rmtree(child.path, ignore_errors=True)
        raise
    return child


def _checkpoint_at(run: RunFolder, step: int | None) -> Path:
    found = checkpoints.list_checkpoints(run)
    if step is None:
        step = max((checkpoints.step_of(folder) for folder in found), default=0)
    before = [folder for folder in found if checkpoints.step_of(folder) <= step]
    after = [folder for folder in found if checkpoints.step_of(folder) > step]
    faults: list[str] = []
    for folder in [*reversed(before), *after]:
        fault = checkpoints.find_fault(folder)
        if not fault:
            return folder
        faults.append(f"{folder.name}: {fault}")
    raise RunError(
        "{run} has no good checkpoint to fork from ({faults})"
        if faults
        else "{run} has no good checkpoint to fork from (it has none)",
        "keep more of them in the next run: output.save_total_limit, output.keep_every_steps",
        run=run.name,
        faults="; ".join(faults),
    )


def _command(run: RunFolder, step: int, changes: dict[str, Any]) -> str:
    pairs = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
    return line("runs", "fork", run.path, "--step", step, *pairs)
