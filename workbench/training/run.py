"""One training run, from prepared data to the best model on disk."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..data.export import as_lines
from ..errors import InputError, RunError, disk_is_full, shorten
from ..models import unused_pooler
from ..models.reading import quiet_libraries
from ..models.trimmed import copy_trimmed
from ..runs import Event, EventWriter, RunFolder, create_run, open_run, write_json, write_text
from ..runs.commands import line, quoted
from ..runs.control import EARLIER_UNUSED, Requests
from ..runs.events import EventValues
from ..runs.names import cut_name
from ..runs.telling import tell
from ..sources import kind_of
from ..spec import RunSpec
from . import checkpoints
from .base_kept import base_is_there, noted
from .batches import steps_left
from .ending import graceful_shutdown
from .hyperparameters import unused_hyperparameters
from .loop import TrainingLoop
from .observing import open_observer
from .prepare import Prepared
from .processes import processes, require_same_weights
from .steering import Steering


def open_run_folder(prepared: Prepared) -> RunFolder:
    """Make the run's folder and write into it the resolved spec, data profile and model card.

    Raises:
        RunError: the name is taken, the folder cannot be made, or its disk is too full.
    """
    spec = prepared.spec
    card, profile, record = prepared.card(), prepared.profile(), prepared.record()
    copies = spec.output.save_total_limit + 3  # kept, best, the one being written, model/
    needed = copies * 12 * (card.trainable_parameters or card.parameters) + 50_000_000
    if card.trainable_parameters and spec.adapter.peft_method == "none":
        needed += copies * 4 * (card.parameters - card.trainable_parameters)  # saved all the same
    run = create_run(spec, suggested_name(spec), needed)
    try:
        # Whoever repeats the run wants a new folder for it.
        unnamed = spec.replace({"output.run_name": ""})
        base = noted(prepared.found)
        run.write_spec(unnamed, record | base | _began(spec) | {"command": rerun_command(run)})
        write_json(run.path / "data.json", profile.to_dict())
        if prepared.data.dropped:
            write_text(run.dropped_path, as_lines(prepared.data.dropped))
        write_json(run.path / "model.json", card.to_dict())
        copy_trimmed(prepared.found.path, run.path)
    except OSError as error:
        shutil.rmtree(run.path, ignore_errors=True)
        raise disk_error(error, run) from error
    return run


def train_into(
    run: RunFolder,
    prepared: Prepared,
    writer: EventWriter,
    on_probe: Callable[[TrainingLoop, str], None] = lambda loop, text: None,
    on_evaluated: Callable[[TrainingLoop], None] = lambda loop: None,
) -> tuple[str, Any]:
    """Train, keep the best model in `model/`, and return how it ended and the model.

    Goes on from the newest good checkpoint, if the run has one. How it ended is `finished`,
    `early_stopped`, `stopped` or `discarded` (then there is no model). Events go to `writer`. Of
    several processes the main one alone writes, and has a model to return.

    Raises:
        RunError: the followed metric was never a number.
        KeyboardInterrupt: the process was asked to end; a checkpoint was written.
    """
    from transformers import set_seed

    spec, together = prepared.spec, processes()
    replay = open_run(spec.train.replay) if spec.train.replay else None
    checkpoint, skipped = checkpoints.latest_valid(run)
    for fault in skipped if together.main else ():
        tell(f"passing by the checkpoint {fault}")
    set_seed(spec.train.seed)
    observer = open_observer(run, prepared)
    observed = closing(observer)
    with quiet_libraries(), graceful_shutdown() as interrupted, observed:
        writer.interrupted = interrupted
        model = prepared.new_model()
        useless = unused_hyperparameters(spec, prepared.task, model)
        own = [event for event in run.events() if event["event"] == "steered"]
        steering = Steering(
            writer,
            Requests(run, taken=max((act.get("request") or 0 for act in own), default=0)),
            own=own,
            logged=_last_step(run, "step_logged"),
            replayed=[] if replay is None else _requests_of(replay, own, useless),
            replayed_from="" if replay is None else replay.name,
            on_probe=on_probe if together.main else lambda loop, text: None,
            interrupted=interrupted,
        )
        require_same_weights(model, together)
        if together.main:
            _note_model(run, model, useless)
        loop = TrainingLoop(prepared, run, writer, model, steering, observer)
        loop.evaluated = on_evaluated
        together.wait()  # all have read what the log had before the main process adds to it

        def started() -> None:
            _note_start(run, prepared, writer, loop, checkpoint)
            interrupted.from_now_on()

        loop.started = started
        loop.run_to_end(checkpoint)
        if steering.stopped == "discard":
            if together.main:
                shutil.rmtree(run.checkpoints_path, ignore_errors=True)
            return "discarded", None
        loop.load_best()
        if together.main:
            there = base_is_there(run, prepared)
            unused = unused_pooler(prepared.found, loop.model) if there else {}
            with prepared.task.as_saved(loop.model, prepared.setup):
                loop.write_once_there_is_room(
                    lambda: checkpoints.save_model(
                        loop.model,
                        prepared.tokenizer,
                        run.model_path,
                        unused,
                        prepared.found.path,
                    )
                )
    kept = loop.model if together.main else None
    if steering.stopped:
        return "stopped", kept
    return ("early_stopped" if loop.stopped_early else "finished"), kept


def _note_model(run: RunFolder, model: Any, useless: dict[str, str]) -> None:
    """Note which weights training begins without, and which knobs would change nothing.

    Such weights are those of a new head, or all of a model from scratch.
    """
    names, record = model.new_weights, run.record()
    listed = f"{len(names)}: {shorten(', '.join(names), 200)}" if names else ""
    record.pop(EARLIER_UNUSED, None)
    found = {"new_weights": listed, "unused_hyperparameters": useless}
    if {"new_weights": "", "unused_hyperparameters": {}} | record != record | found:
        run.write_spec(run.spec(), record | found)


def _note_start(
    run: RunFolder, prepared: Prepared, writer: EventWriter, loop: TrainingLoop,
    checkpoint: Path | None,
) -> None:  # fmt: skip
    begun = any(event["event"] == "run_started" for event in run.events())
    values: EventValues = {
        "total_steps": loop.total_steps,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": prepared.precision.device,
        "precision": prepared.precision.name,
        "precision_reason": prepared.precision.reason,
    }
    if begun:
        values["resumed_from"] = loop.step
    writer.write("run_started", max(_last_step(run), loop.step), **values)


def _requests_of(replay: RunFolder, after: list[Event], useless: dict[str, str]) -> list[Event]:
    """Return the acts of another run, without those that this run, going on, has done already.

    Those that would change nothing here are passed over, with a word on stderr.
    """
    acts = []
    for act in replay.events():
        if act["event"] != "steered" or act["knob"] == "paused":
            continue
        if act["knob"] in useless:
            tell(
                f"passing over {act['knob']} at step {act['step']} of {replay.name}: "
                f"{useless[act['knob']]} does not use it"
            )
        else:
            acts.append(act)
    done = sum(str(act["who"]).startswith(f"{replay.name}: ") for act in after)
    return acts[done:]


@contextmanager
def recording_failure(run: RunFolder, writer: EventWriter) -> Iterator[None]:
    """Note in the run how it failed, then let the error go on its way.

    An interrupted run is no failure: it can be resumed, and nothing is noted.
    """
    try:
        yield
    except Exception as error:
        if not run.events_path.exists():
            raise RunError(
                "the run folder {path} was removed or moved while it was written",
                "if it was moved, resume it there: workbench runs resume FOLDER",
                path=run.path,
            ) from error
        problem = disk_error(error, run)
        what, remedy = f"{type(error).__name__}: {error}", ""
        if isinstance(problem, InputError):
            what, remedy = problem.what, problem.remedy
        if problem is error:  # on a full disk the note would wait for room
            writer.write("run_failed", _last_step(run), what=what, remedy=remedy)
            raise
        raise problem from error


@contextmanager
def reporting_full_disk(run: RunFolder) -> Iterator[None]:
    """Turn a full disk into its readable form."""
    try:
        yield
    except Exception as error:
        if (problem := disk_error(error, run)) is error:
            raise
        raise problem from error


def disk_error(error: BaseException, run: RunFolder) -> BaseException:
    """Turn a full disk, wherever it was met, into its readable form; leave other errors be."""
    if disk_is_full(error):
        return RunError(
            "the disk of {run} is full",
            "free some space, then: workbench runs resume {path}",
            run=run.path,
            path=quoted(run.path),
        )
    return error


def total_steps(spec: RunSpec, rows: int) -> int:
    """Return the number of optimiser steps that the spec asks for on so many rows."""
    train = spec.train
    if train.max_steps > 0:
        return train.max_steps
    batches = math.ceil(rows / train.per_device_train_batch_size)
    return steps_left(train.num_train_epochs, 0, 0, batches, train.gradient_accumulation_steps)


def suggested_name(spec: RunSpec) -> str:
    """Return a name for the run: model, data and the time of day, fit for a folder."""

    def tail(source: str) -> str:
        last = source.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
        return "".join(c if c.isalnum() else "-" for c in last.removeprefix("wheel:")).strip("-")

    stamp = time.strftime("%Y%m%d-%H%M%S")
    parts = (cut_name(tail(source)) for source in (spec.model.source, spec.data.source))
    return f"{'-'.join(parts)}-{stamp}".lstrip("-")


def _began(spec: RunSpec) -> dict[str, Any]:
    """Return where relative paths of the spec lead from, and which of its sources are paths."""
    places = {
        "data.source": ("data", spec.data.source),
        "model.source": ("model", spec.model.source),
    }
    paths = [name for name, (of, text) in places.items() if kind_of(text, of) == "local"]
    return {"folder": str(Path.cwd()), "paths": paths}


def rerun_command(run: RunFolder) -> str:
    """Return the line that repeats the run."""
    return line("train", run.spec_path)


def _last_step(run: RunFolder, kind: str = "") -> int:
    """Return the last step that the log has; of one kind of event, if it is named."""
    return max((e["step"] for e in run.events() if kind in ("", e["event"])), default=0)
