"""A run from spec to report: prepare, train, evaluate, look, report.

This is the one line that notebook, command line and worker process all go through.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RunError
from .runs import EventWriter, RunFolder, write_text
from .spec import RunSpec

if TYPE_CHECKING:
    from .training.prepare import Prepared, Progress


def train(spec: RunSpec, progress: Progress | None = None) -> RunFolder:
    """Fine-tune as `spec` says, in this process, and return the finished run.

    Raises:
        InputError: the spec names something that cannot be found, read or learned from. Faults
            seen before training leave nothing behind.
    """
    from .training.prepare import prepare
    from .training.run import open_run_folder, quiet_libraries

    with quiet_libraries():
        prepared = prepare(spec, progress)
        run = open_run_folder(prepared)
    train_prepared(run, prepared)
    return run


def train_prepared(run: RunFolder, prepared: Prepared) -> None:
    """Train, evaluate and report into a folder that `open_run_folder` has made."""
    from .evaluation.run import evaluate_prepared
    from .report import write_report
    from .training.run import quiet_libraries, recording_failure, train_into

    began = time.monotonic()
    writer = EventWriter(run.events_path)
    try:
        with recording_failure(run, writer), quiet_libraries():
            before = prepared.new_model()
            look(run, prepared, before, "before", 0)
            del before
            reason, model = train_into(run, prepared, writer)
            evaluate_prepared(run, prepared, model)
            best_step, last_step = _steps(run)
            look(run, prepared, model, "after", best_step)
            writer.write(
                "run_ended",
                last_step,
                reason=reason,
                best_step=best_step,
                seconds=round(time.monotonic() - began, 2),
            )
            write_report(run)
    finally:
        writer.close()


def look(run: RunFolder, prepared: Prepared, model: Any, when: str, step: int) -> None:
    """Keep the attention of `model` on each probe sentence: `attention/probe-00-before.json`."""
    from .attention.capture import capture

    inspect = prepared.spec.inspect
    for number, text in enumerate(inspect.probes):
        record = capture(
            model, prepared.tokenizer, text, max_tokens=inspect.probe_max_tokens,
            label=when, step=step,
        )  # fmt: skip
        write_text(run.attention_path / f"probe-{number:02d}-{when}.json", record.to_json())


def start(spec: RunSpec, prepared: Prepared | None = None) -> RunFolder:
    """Start a run in a process of its own and return its folder at once.

    The process belongs to no kernel: it outlives a restarted kernel and a closed tab. What it
    prints goes to `worker.log` in the run folder.

    Raises:
        InputError: as `train`; the input is checked here, before the process starts.
    """
    from .training.prepare import prepare
    from .training.run import open_run_folder, quiet_libraries

    with quiet_libraries():
        run = open_run_folder(prepared or prepare(spec))
    command = [sys.executable, "-m", "workbench", "train", str(run.path), "--into"]
    # A process of its own: neither the kernel's end nor its Ctrl-C reaches it.
    apart: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    with (run.path / "worker.log").open("ab") as log:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **apart)
    return run


def continue_into(path: Path) -> RunFolder:
    """Do the work of a folder that `start` has made; the worker process calls this."""
    from .training.prepare import prepare
    from .training.run import quiet_libraries, recording_failure

    run = RunFolder(path)
    if run.events_path.exists():
        raise RunError(f"the run {run.name} has already begun", "start a new one from its spec")
    writer = EventWriter(run.events_path)
    with recording_failure(run, writer), quiet_libraries():
        prepared = prepare(run.spec())
    writer.close()
    train_prepared(run, prepared)
    return run


def _steps(run: RunFolder) -> tuple[int, int]:
    events = [event for event in run.events() if event["event"] == "evaluated"]
    best = [event["step"] for event in events if event["best"]]
    return (best[-1] if best else 0), (events[-1]["step"] if events else 0)
