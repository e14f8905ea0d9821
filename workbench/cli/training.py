"""`workbench train`, and the process that waits for a run to train."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..language import text
from ..runs import RunFolder, open_run
from .options import add_json, add_spec_changes, parse_changes, spec_from
from .terminal import download_progress, duration, watching


def add_commands(commands: Any) -> None:
    """Add `train`."""
    parser = commands.add_parser(
        "train",
        help="fine-tune as a spec says",
        description="Fine-tune a model as a spec file, a recipe or an earlier run's spec says.",
    )
    parser.add_argument(
        "spec", nargs="?", help="a YAML file, a recipe's name, or a run folder (quickstart)"
    )
    parser.add_argument(
        "--replay", metavar="RUN", help="do again what was done by hand to that run, step by step"
    )
    parser.add_argument("--into", action="store_true", help=argparse.SUPPRESS)
    add_spec_changes(parser)
    add_json(parser)
    parser.set_defaults(command=train)
    commands.add_parser("worker").set_defaults(command=wait_for_work)


def train(options: argparse.Namespace) -> None:
    """Train, and print the metrics and where everything is."""
    from .. import pipeline

    if options.into:  # the process that `worker.start` makes
        pipeline.resume(RunFolder(Path(options.spec)))
        return
    replay = open_run(options.replay) if options.replay else None
    source = options.spec or (str(replay.spec_path) if replay else None)
    played = {"train.replay": str(replay.path)} if replay else {}
    spec = spec_from(source, played | parse_changes(options.changes))
    with download_progress() as progress:
        run, prepared = pipeline.prepare_run(spec, progress)
    with watching(run):
        pipeline.train_prepared(run, prepared)
    print_result(run, options.json)


def wait_for_work(_: argparse.Namespace) -> None:
    """Be a worker that waits for its run; kernels start it."""
    from .. import worker

    worker.wait_for_work()


def print_result(run: RunFolder, as_json: bool) -> None:
    """Print a finished run's metrics and its files."""
    metrics = run.metrics()
    places = {
        "run": run.path, "model": run.model_path, "report": run.report_path,
        "metrics": run.evaluation_path / "metrics.json",
    }  # fmt: skip
    if as_json:
        answer = {"run": run.name, "metrics": metrics.get("metrics", {})}
        answer["baselines"] = metrics.get("baselines", {})
        answer["paths"] = {name: str(path) for name, path in places.items()}
        print(json.dumps(answer, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    columns = {"fine-tuned": metrics.get("metrics", {})}
    baselines = metrics.get("baselines", {})
    for name in sorted(baselines, key=lambda name: name != "before"):
        columns[text(f"figures.series.{name}", "en").lower()] = baselines[name]
    for heading in ("", *columns):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in columns["fine-tuned"]:
        cells = [scores.get(name) for scores in columns.values()]
        if any(cell is not None for cell in cells):
            table.add_row(name, *("–" if c is None else f"{c:.4f}" for c in cells))
    screen = Console(highlight=False)
    screen.print(table)
    ended = [event for event in run.events() if event["event"] == "run_ended"]
    if ended and ended[-1]["seconds"]:
        screen.print(
            f"\n{metrics.get('rows', 0)} validation rows; {duration(ended[-1]['seconds'])}"
        )
    record = run.record()
    if "precision" in record:
        reason = record.get("precision_reason", "")
        screen.print(f"precision {record['precision']}: {reason}", soft_wrap=True)
    if share := _trainable(run):
        screen.print(share, soft_wrap=True)
    for name, path in places.items():
        if path.exists():
            screen.print(f"{name:9}{path}", soft_wrap=True)


def _trainable(run: RunFolder) -> str:
    """Return in a line how many of the model's weights learned, where it was not all of them."""
    try:
        card = json.loads((run.path / "model.json").read_text("utf-8"))
        trainable, parameters = card["trainable_parameters"], card["parameters"]
    except (OSError, ValueError, KeyError):
        return ""
    if not trainable:
        return ""
    share = f"{trainable / parameters:.2%}"
    return f"trainable {trainable:,} of {parameters:,} weights ({share})"
