"""One training run, from prepared data to the best model on disk."""

from __future__ import annotations

import errno
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from ..errors import InputError, RunError
from ..runs import EventWriter, RunFolder, create_run, write_json
from ..spec import RunSpec
from .callback import EventCallback
from .prepare import Prepared
from .trainer import WorkbenchTrainer, save_model


def open_run_folder(prepared: Prepared) -> RunFolder:
    """Make the run's folder and write into it the resolved spec, data profile and model card.

    Raises:
        RunError: the name is taken, the folder cannot be made, or its disk is too full.
    """
    spec = prepared.spec
    card, profile, record = prepared.card(), prepared.profile(), prepared.record()
    copies = spec.output.save_total_limit + 3  # kept, best, the one being written, model/
    needed = copies * 4 * card.parameters + 50_000_000
    run = create_run(spec, suggested_name(spec), needed)
    try:
        # Whoever repeats the run wants a new folder for it.
        unnamed = spec.replace({"output.run_name": ""})
        run.write_spec(unnamed, record | {"command": rerun_command(run)})
        write_json(run.path / "data.json", profile.to_dict())
        write_json(run.path / "model.json", card.to_dict())
    except OSError as error:
        shutil.rmtree(run.path, ignore_errors=True)
        raise disk_error(error, run) from error
    return run


def train_into(run: RunFolder, prepared: Prepared, writer: EventWriter) -> tuple[str, Any]:
    """Train, keep the best model in `model/`, and return how it ended and the model.

    The first is `finished` or `early_stopped`. Events go to `writer`; nothing is printed.

    Raises:
        RunError: the disk filled up, or the loss was never a number.
    """
    from transformers import set_seed

    spec = prepared.spec
    set_seed(spec.train.seed)
    model = prepared.new_model()
    batch = spec.train.per_device_train_batch_size * spec.train.gradient_accumulation_steps
    watcher = EventCallback(writer, spec.train.early_stopping_patience, batch)
    with quiet_libraries():
        trainer = WorkbenchTrainer(prepared, run, writer, model=model, callbacks=[watcher])
        from transformers import PrinterCallback, ProgressCallback

        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        writer.write(
            "run_started",
            0,
            total_steps=total_steps(spec, len(prepared.train)),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            device=prepared.precision.device,
            precision=prepared.precision.name,
            precision_reason=prepared.precision.reason,
        )
        trainer.train()
    if trainer.state.best_model_checkpoint is None:
        raise RunError(
            "the validation loss was never a number, so there is no best model",
            "lower train.learning_rate, or train in precision fp32",
        )
    save_model(trainer.model, prepared.tokenizer, run.model_path)
    return ("early_stopped" if watcher.stopped_early else "finished"), trainer.model


@contextmanager
def recording_failure(run: RunFolder, writer: EventWriter) -> Iterator[None]:
    """Note in the run how it failed or was stopped, then let the error go on its way."""
    try:
        yield
    except KeyboardInterrupt:
        writer.write("run_ended", _last_step(run), reason="stopped", best_step=None, seconds=None)
        raise
    except Exception as error:
        problem = disk_error(error, run)
        what, remedy = f"{type(error).__name__}: {error}", ""
        if isinstance(problem, InputError):
            what, remedy = problem.what, problem.remedy
        with suppress(OSError):  # on a full disk there may be no room even for this record
            writer.write("run_failed", _last_step(run), what=what, remedy=remedy)
        if problem is error:
            raise
        raise problem from error


def disk_error(error: BaseException, run: RunFolder) -> BaseException:
    """Turn a full disk, wherever it was met, into its readable form; leave other errors be."""
    # safetensors reports a full disk as an error of its own, known only by its text.
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if full or "No space left on device" in str(error):
        return RunError(
            f"the disk of {run.path} is full",
            "free some space, or set output.runs_dir to another disk; what was saved is kept",
        )
    return error


def total_steps(spec: RunSpec, rows: int) -> int:
    """Return the number of optimiser steps that the spec asks for on so many rows."""
    train = spec.train
    if train.max_steps > 0:
        return train.max_steps
    batches = math.ceil(rows / train.per_device_train_batch_size)
    steps_per_epoch = max(1, math.ceil(batches / train.gradient_accumulation_steps))
    return math.ceil(train.num_train_epochs * steps_per_epoch)


def suggested_name(spec: RunSpec) -> str:
    """Return a name for the run: model, data and the time of day, fit for a folder."""

    def tail(source: str) -> str:
        last = source.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
        return "".join(c if c.isalnum() else "-" for c in last.removeprefix("wheel:")).strip("-")

    stamp = time.strftime("%Y%m%d-%H%M%S")
    return f"{tail(spec.model.source)}-{tail(spec.data.source)}-{stamp}".lstrip("-")


def rerun_command(run: RunFolder) -> str:
    """Return the line that repeats the run."""
    return f"workbench train {run.spec_path.as_posix()}"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' own chatter out of notebook and terminal; our events say it all."""
    import datasets
    import transformers

    before = transformers.logging.get_verbosity()
    bars = datasets.utils.logging.is_progress_bar_enabled()
    model_bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(before)
        if model_bars:
            transformers.logging.enable_progress_bar()
        if bars:
            datasets.enable_progress_bars()


def _last_step(run: RunFolder) -> int:
    return max((event["step"] for event in run.events()), default=0)
