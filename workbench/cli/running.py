"""`workbench runs`: list, show, steer, stop, resume, fork, retrain and compare runs."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..language import text, translate
from ..runs import ask, open_run, read_state
from ..runs.commands import quoted
from ..runs.control import parse, require_effect
from ..runs.lock import is_locked, is_worker, read_owner
from ..runs.summary import summarise, summarise_all
from .comparing import add_compare
from .options import (
    add_json,
    add_runs_dir,
    add_spec_changes,
    add_trust,
    open_trusted,
    parse_changes,
)
from .output import add_group, add_leaf, print_table, print_tree
from .screen import print_json
from .terminal import download_progress, duration, watching
from .training import print_result


def add_commands(commands: Any) -> None:
    """Add the commands."""
    runs = add_group(
        commands, "runs", translate("list, steer, resume, fork, retrain and compare runs")
    )
    add_leaf(runs, "list", translate("all runs, the latest last"), list_all, add_json, add_runs_dir)
    _leaf(runs, "show", translate("one run: state, acts, scores, files"), show)
    steer_one = _leaf(runs, "steer", translate("change something while a run trains"), steer)
    steer_one.add_argument(
        "acts",
        nargs="+",
        metavar="KNOB=VALUE",
        help=translate("such as learning_rate=1e-5, paused=true"),
    )
    stop_one = _leaf(runs, "stop", translate("end a run and keep its best model"), stop)
    how = stop_one.add_mutually_exclusive_group()
    how.add_argument(
        "--discard", action="store_true", help=translate("drop what was learned, keep the log")
    )
    how.add_argument(
        "--kill", action="store_true", help=translate("end its process, answering or not")
    )
    resume_one = _leaf(runs, "resume", translate("go on with an interrupted or failed run"), resume)
    resume_one.set_defaults(for_several=True)
    add_trust(resume_one)
    resume_one.add_argument(
        "--detach", action="store_true", help=translate("in a process of its own")
    )
    fork_one = _leaf(runs, "fork", translate("a new run that leaves another at a checkpoint"), fork)
    fork_one.add_argument(
        "--step", type=int, help=translate("at the checkpoint next to this step (latest)")
    )
    fork_one.add_argument(
        "--detach", action="store_true", help=translate("in a process of its own")
    )
    add_spec_changes(fork_one)
    add_trust(fork_one)
    retrain_one = _leaf(
        runs, "retrain", translate("a new run from another's model, on corrected labels"), retrain
    )
    retrain_one.add_argument(
        "--corrections",
        type=Path,
        metavar="JOURNAL",
        help=translate("the labels (the run's own corrections)"),
    )
    retrain_one.add_argument(
        "--detach", action="store_true", help=translate("in a process of its own")
    )
    add_spec_changes(retrain_one)
    add_trust(retrain_one)
    add_compare(runs)


def list_all(options: argparse.Namespace) -> None:
    """Print one line a run."""
    rows = []
    for run, summary in summarise_all(options.runs_dir):
        left, owner = summary.seconds_left, read_owner(run)
        active = summary.status in ("running", "paused")
        rows.append(
            {
                "run": run.name,
                "status": summary.status
                if options.json
                else text(f"compare.status.{summary.status}"),
                "step": f"{summary.step}/{summary.total_steps}",
                "left": duration(left) if left is not None and not options.json else left,
                "loss": summary.loss,
                "validation loss": summary.validation.get("loss"),
                "accuracy": summary.validation.get("accuracy"),
                "process": owner.pid if owner is not None and active else None,
            }
        )
    print_table(rows, options.json, translate("no runs in {folder}", folder=options.runs_dir))


def show(options: argparse.Namespace) -> None:
    """Print one run."""
    run = open_run(options.run, options.runs_dir)
    summary = summarise(run)
    state = read_state(run)
    answer = {
        "run": run.name,
        "path": str(run.path),
        "status": summary.status,
        "failure": summary.failure,
        "step": summary.step,
        "total_steps": summary.total_steps,
        "seconds_left": summary.seconds_left,
        "best_step": summary.best_step,
        "steered": [
            {name: act[name] for name in ("step", "knob", "old", "new", "who")}
            for act in state.commands
        ],
        "metrics": run.metrics().get("metrics", {}),
        "record": run.record(),
    }
    if options.json:
        print_json(answer)
        return
    print_tree({name: value for name, value in answer.items() if value not in ("", [], {}, None)})


def steer(options: argparse.Namespace) -> None:
    """Ask the process that trains a run for something; it does so before its next step."""
    run = open_run(options.run, options.runs_dir)
    acts = [parse(act) for act in options.acts]  # all are checked before any is asked
    for name, _ in acts:
        require_effect(run, name)
    status = summarise(run).status
    if status not in ("new", "running", "paused"):
        raise RunError(
            "{run} is not training ({status})",
            "resume it first: workbench runs resume {path}"
            if status in ("interrupted", "failed")
            else "start a new one from it: workbench runs fork {path}",
            run=run.name,
            status=status,
            path=quoted(run.path),
        )
    for name, value in acts:
        ask(run, name, value)
        if not options.json:
            print(translate("asked {run} for {knob}={value}", run=run.name, knob=name, value=value))
    if options.json:
        print_json({"run": run.name, "asked": dict(acts)})


def stop(options: argparse.Namespace) -> None:
    """End a run: ask its process, or kill it."""
    run = open_run(options.run, options.runs_dir)
    owner = read_owner(run)
    if not options.kill:
        options.acts = ["stop=discard" if options.discard else "stop=keep"]
        steer(options)
        return
    if owner is None or not owner.here or not is_locked(run):
        raise RunError(
            "no process of this machine is writing {run}", "there is none to kill", run=run.name
        )
    if not is_worker(owner):
        raise RunError(
            "{owner} is not known to be a workbench process that trains {run}, and is left alone",
            "see what holds {lock}, and end it yourself",
            run=run.name,
            owner=owner,
            lock=run.path / ".writer.lock",
        )
    os.kill(owner.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    if options.json:
        print_json({"run": run.name, "killed": owner.pid})
    else:
        print(
            translate(
                "killed {owner}; go on with: workbench runs resume {path}",
                owner=owner,
                path=quoted(run.path),
            )
        )


def resume(options: argparse.Namespace) -> None:
    """Go on with a run."""
    from .. import pipeline, worker

    run = open_trusted(options)
    if options.detach:
        worker.resume(run)
        _say_started(run, options.json)
        return
    with download_progress() as progress, watching(run):
        pipeline.resume(run, progress)
    print_result(run, options.json)


def fork(options: argparse.Namespace) -> None:
    """Make a new run from a checkpoint of another and train it."""
    from .. import pipeline, worker

    parent = open_trusted(options)
    changes = parse_changes(options.changes)
    if options.detach:
        _say_started(worker.fork(parent, options.step, changes), options.json)
        return
    child = pipeline.fork(parent, options.step, changes)
    with download_progress() as progress, watching(child):
        pipeline.resume(child, progress)
    print_result(child, options.json)


def retrain(options: argparse.Namespace) -> None:
    """Train a new run from another's model, on its data with corrected labels."""
    from .. import pipeline, worker

    parent = open_trusted(options)
    changes = parse_changes(options.changes)
    with download_progress() as progress:
        child, prepared = pipeline.retrain(parent, changes, options.corrections, progress)
    if options.detach:
        worker.start_run(child)
        _say_started(child, options.json)
        return
    with watching(child):
        pipeline.train_prepared(child, prepared)
    print_result(child, options.json)


def _say_started(run: Any, as_json: bool) -> None:
    if as_json:
        print_json({"run": run.name, "path": str(run.path)})
    else:
        see = f"workbench runs show {quoted(run.path)}"
        print(translate("{run} goes on in a process of its own; see: {see}", run=run.name, see=see))


def _leaf(runs: Any, name: str, help_text: str, command: Any) -> Any:
    leaf = add_leaf(runs, name, help_text, command, add_json, add_runs_dir)
    leaf.add_argument("run", metavar="RUN")
    return leaf
