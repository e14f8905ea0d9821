"""A run from spec to report: prepare, train, evaluate, look, report; also resumed, and forked.

This is the one line that notebook, command line and worker process all go through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import language
from .errors import RunError
from .runs import EventWriter, RunFolder, RunState, SilentWriter, Sink, read_state
from .runs.commands import quoted, rerun_line
from .runs.lock import writer_lock
from .runs.summary import heartbeat
from .spec import RunSpec

if TYPE_CHECKING:
    from .training.prepare import Prepared, Progress, Scores

_KEPT_BY_FORKS = ("task", "data", "model", "adapter")


def train(
    spec: RunSpec,
    progress: Progress | None = None,
    scores: Scores | None = None,
    sinks: Sequence[Sink] = (),
) -> RunFolder:
    """Fine-tune as `spec` says, in this process, and return the finished run.

    `scores` are further metrics to follow (see `training.prepare.prepare`); `sinks` receive the
    events of the run (see `runs.sinks`).

    Raises:
        InputError: the spec names something that cannot be found, read or learned from. Faults
            seen before training leave nothing behind.
    """
    run, prepared = prepare_run(spec, progress, scores)
    train_prepared(run, prepared, sinks)
    return run


def prepare_run(
    spec: RunSpec, progress: Progress | None = None, scores: Scores | None = None
) -> tuple[RunFolder, Prepared]:
    """Check and prepare everything that `spec` names, and make the run's folder.

    Raises:
        InputError: as `train`; then there is no folder.
    """
    from .runs import open_run
    from .training.prepare import prepare
    from .training.processes import main_first, processes
    from .training.run import open_run_folder, quiet_libraries

    with quiet_libraries(), language.using(spec.output.language):
        prepared = main_first(lambda: prepare(spec, progress, scores))
        together = processes()
        prepared = prepared.in_precision(together.share(prepared.precision))
        made = open_run_folder(prepared) if together.main else None
        path: str = together.share(str(made.path.absolute()) if made else "")
        return made or open_run(path), prepared


def train_prepared(run: RunFolder, prepared: Prepared, sinks: Sequence[Sink] = ()) -> None:
    """Train, evaluate and report into a run's folder, from where the run now stands.

    Raises:
        RunError: another process is writing the run.
    """
    _carry_out(run, lambda: prepared, sinks)


def resume(
    run: RunFolder,
    progress: Progress | None = None,
    beforehand: Prepared | None = None,
    sinks: Sequence[Sink] = (),
) -> None:
    """Go on with a run that was interrupted or has failed, from its newest good checkpoint.

    `beforehand` is what was prepared before the run was known; it is used if it is the run's.
    `sinks` receive the events that are new.

    Raises:
        RunError: it is over, is being written, or its data is no longer what it was.
    """
    from .models.own_tokenizer import require_same_entries
    from .models.trimmed import read_trimmed
    from .training.base_kept import require_same_base
    from .training.checkpoints import latest_valid
    from .training.prepare import prepare

    def prepare_again() -> Prepared:
        before, trimmed = run.record().get("data_fingerprint"), read_trimmed(run.path)
        prepared = beforehand.fitted(run.spec()) if beforehand is not None else None
        if (
            prepared is None
            or prepared.data.fingerprint != before
            or read_trimmed(prepared.found.path) != trimmed
        ):
            prepared = prepare(run.spec(), progress, trimmed=trimmed)
        if before and before != prepared.data.fingerprint:
            raise RunError(
                "the data of {run} has changed since it began: {source}",
                "restore it, or start a new run: workbench train {spec}",
                run=run.name,
                source=prepared.spec.data.source,
                spec=quoted(run.spec_path),
            )
        require_same_base(run, prepared)
        if prepared.spec.model.tokenizer != "pretrained" or trimmed is not None:
            checkpoint, _ = latest_valid(run)
            if checkpoint is not None:
                require_same_entries(prepared.tokenizer, checkpoint)
        return prepared

    require_resumable(run)
    if lacks_report(run):
        finish(run)
    else:
        _carry_out(run, prepare_again, sinks)


def finish(run: RunFolder) -> None:
    """Write the report of a run that ended before it was written."""
    from .reporting import write_report
    from .training.run import reporting_full_disk

    with reporting_full_disk(run), language.using(run.spec().output.language), writer_lock(run):
        write_report(run)


def lacks_report(run: RunFolder) -> bool:
    """Say whether a run has learned and ended, and its report was never written."""
    state = read_state(run)
    ended = state.ended and state.status not in ("failed", "discarded")
    return ended and run.model_path.is_dir() and not run.report_path.is_file()


def _carry_out(run: RunFolder, prepare: Callable[[], Prepared], sinks: Sequence[Sink] = ()) -> None:
    from .evaluation.run import evaluate_prepared
    from .reporting import write_report
    from .training.base_kept import base_is_there, tell_base_gone
    from .training.ending import ending_cleanly
    from .training.processes import main_first, processes
    from .training.run import (
        quiet_libraries,
        recording_failure,
        reporting_full_disk,
        train_into,
    )

    if not processes().main:  # it learns; all else is the main process's
        with language.using(run.spec().output.language), quiet_libraries():
            train_into(run, main_first(prepare), SilentWriter())
        return
    with (
        reporting_full_disk(run),
        ending_cleanly(),
        language.using(run.spec().output.language),
        writer_lock(run),
        heartbeat(run),
        closing(EventWriter(run.events_path, sinks)) as writer,
        recording_failure(run, writer),
        quiet_libraries(),
    ):
        prepared = main_first(prepare)
        reason, model = train_into(run, prepared, writer, _capture_now, _capture_again)
        if model is not None:
            with_base = base_is_there(run, prepared)
            if not with_base:
                tell_base_gone(run, prepared)
            evaluate_prepared(run, prepared, model, with_base)
            # Only now, because whoever pressed Start waits for the first loss.
            if with_base:
                look(run, prepared, None, "before", 0)
            look(run, prepared, model, "after", read_state(run).best_step)
        state = read_state(run)
        _tell_how_to_repeat(run, state)
        seconds = round(state.active_seconds, 2)
        writer.write(
            "run_ended", state.step, reason=reason, best_step=state.best_step, seconds=seconds
        )
        if model is not None:
            write_report(run)


def require_resumable(run: RunFolder) -> None:
    """Refuse a run that is over for good."""
    state = read_state(run)
    if state.ended and state.status != "failed" and not lacks_report(run):
        raise RunError(
            "the run {run} is over ({status})",
            "start a new one from it: workbench runs fork {path}",
            run=run.name,
            status=state.status,
            path=quoted(run.path),
        )
    if run.packed_otherwise():
        raise RunError(
            "the run {run} packed texts that could attend to earlier ones, which this version "
            "does not support",
            "start a new one: workbench train {spec}",
            run=run.name,
            spec=quoted(run.spec_path),
        )


def fork(run: RunFolder, step: int | None, spec_changes: dict[str, Any]) -> RunFolder:
    """Make a new run that leaves `run` at the checkpoint next to `step`, with a changed spec.

    What was moved by hand until then is part of the new spec. `train_prepared` or a worker then
    trains it. Returns the new run; its record names the parent.

    Raises:
        RunError: there is no good checkpoint, or the changes would not fit it.
    """
    from .training.fork import fork_run

    fixed = [name for name in spec_changes if _section(name) in _KEPT_BY_FORKS]
    if fixed:
        raise RunError(
            "a fork keeps its parent's task, data, model and adapter; {fixed} cannot change",
            "start a new run instead: workbench train SPEC --set FIELD=VALUE",
            fixed=", ".join(fixed),
        )
    return fork_run(run, step, spec_changes)


def retrain(
    run: RunFolder,
    changes: dict[str, Any] | None = None,
    corrections: Path | None = None,
    progress: Progress | None = None,
) -> tuple[RunFolder, Prepared]:
    """Make a run that starts from the model of another, on its data with corrected labels.

    `corrections` is a journal of labels, that of the run if none is named. `train_prepared` or a
    worker then trains it; its record names the parent.

    Raises:
        InputError: nothing was corrected, the run has no model, or a change does not fit.
    """
    from .dynamics.corrections import open_corrections, retraining_spec
    from .labelling.journal import Journal

    journal = open_corrections(run) if corrections is None else Journal(corrections)
    child, prepared = prepare_run(retraining_spec(run, journal, changes or {}), progress)
    path = os.path.relpath(run.path, child.path.parent)
    # No step: it begins anew with the parent's best model, and is drawn from its first step on.
    parent = {"run": run.name, "path": path, "step": None}
    child.write_spec(child.spec(), child.record() | {"parent": parent})
    return child, prepared


def look(run: RunFolder, prepared: Prepared, model: Any, when: str, step: int) -> None:
    """Keep the attention of `model` on each probe sentence: `attention/probe-00-before.json`.

    Without a model, that of the model before fine-tuning, for the sentences not yet looked at.
    """
    from .attention.attend import asking_encoder
    from .attention.snapshots import keep_record

    encoder = asking_encoder(prepared.spec, prepared.tokenizer)
    for number, text in enumerate(probes(run, prepared)):
        if model is None and (run.attention_path / f"probe-{number:02d}-{when}.json").exists():
            continue
        keep_record(
            run, number, model or prepared.new_model(), prepared.tokenizer, text,
            prepared.spec.inspect.probe_max_tokens, when, step, encoder,
        )  # fmt: skip


def probes(run: RunFolder, prepared: Prepared) -> list[str]:
    """Return the run's probe sentences: those of the spec, and those added on the way.

    Before each stands what stands before the texts that the model learns from.
    """
    from .attention.texts import with_prefix

    added = [e["new"] for e in run.events() if e["event"] == "steered" and e["knob"] == "probe"]
    known = dict.fromkeys([*prepared.spec.inspect.probes, *added])
    return [with_prefix(text, prepared.spec.data.prefix) for text in known]


def _tell_how_to_repeat(run: RunFolder, state: RunState) -> None:
    """Let the line that repeats the run do again what was done to it by hand, if anything was."""
    record, again = run.record(), quoted(f"train.replay={run.path.as_posix()}")
    repeat = rerun_line(run.spec_path, record)
    if any(act["knob"] != "paused" for act in state.commands) and again not in repeat:
        run.write_spec(run.spec(), record | {"command": f"{repeat} --set {again}"})


def _section(name: str) -> str:
    from .spec import find

    field = find(name)
    return "" if field is None else field.section or field.path


def _capture_now(loop: Any, text: str) -> None:
    """Keep the attention on a sentence that was added while the run trains, now and before."""
    from .attention.attend import asking_encoder
    from .attention.snapshots import keep_record
    from .attention.texts import with_prefix
    from .training.base_kept import base_is_there

    run, prepared = loop.run, loop.prepared
    step = loop.step
    known, text = probes(run, prepared), with_prefix(text, prepared.spec.data.prefix)
    number = known.index(text) if text in known else len(known)
    limit = prepared.spec.inspect.probe_max_tokens
    encoder = asking_encoder(prepared.spec, prepared.tokenizer)
    models = [(loop.model, f"step-{step:06d}")]
    if base_is_there(run, prepared):
        models.insert(0, (prepared.new_model(), "before"))
    for model, when in models:
        at = 0 if when == "before" else step
        path = keep_record(run, number, model, prepared.tokenizer, text, limit, when, at, encoder)
    if path is not None:
        place = path.relative_to(run.path).as_posix()
        loop.writer.write("probe_snapshot", step, probe=number, path=place)


def _capture_again(loop: Any) -> None:
    """Keep the attention on each probe sentence at an evaluation, for the picture over time."""
    from .attention.attend import asking_encoder
    from .attention.snapshots import keep_snapshots

    run, prepared, step = loop.run, loop.prepared, loop.step
    kept = keep_snapshots(
        run, loop.model, prepared.tokenizer, probes(run, prepared), step,
        prepared.spec.inspect.probe_max_tokens,
        asking_encoder(prepared.spec, prepared.tokenizer),
    )  # fmt: skip
    for number, path in kept:
        place = path.relative_to(run.path).as_posix()
        loop.writer.write("probe_snapshot", step, probe=number, path=place)
