"""`workbench train` and `adapt`, and the process that waits for a run to train."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import RunError, shorten
from ..language import text, translate, using
from ..runs import RunFolder, open_run, read_json, require_writable
from ..spec import RunSpec
from .options import (
    add_json,
    add_runs_dir,
    add_spec_changes,
    add_trust,
    chosen_or_first,
    open_trusted,
    parse_changes,
    spec_from,
    trusting,
)
from .output import padded, print_table, roles_line, word
from .screen import answers_console, plain, print_json
from .terminal import console, download_progress, duration, watching

# What is told before training besides what spoils a result.
TOLD = ("truncated", "cut_answers", "label_spelling")
SHOWN_ROWS = 3


def add_commands(commands: Any) -> None:
    """Add `train`, and `adapt`, which trains in two steps."""
    parser = commands.add_parser(
        "train",
        help=translate("fine-tune as a spec says"),
        description=translate(
            "Fine-tune a model as a spec file, a recipe or an earlier run's spec says."
        ),
    )
    parser.add_argument(
        "spec",
        nargs="?",
        help=translate("a YAML file, a recipe's name, or a run folder (quickstart)"),
    )
    parser.add_argument(
        "--replay",
        metavar="RUN",
        help=translate("do again what was done by hand to that run, step by step"),
    )
    parser.add_argument("--into", action="store_true", help=argparse.SUPPRESS)
    add_spec_changes(parser)
    add_trust(parser)
    add_json(parser)
    parser.set_defaults(command=train, for_several=True)
    two = commands.add_parser(
        "adapt",
        help=translate(
            "adapt a model to a domain, fine-tune it, and compare with fine-tuning alone"
        ),
        description=translate(
            "Two steps: a model first reads texts of a domain, then learns the task. "
            "Beside them the second step alone, from the same model, seed and rows."
        ),
    )
    two.add_argument(
        "first", metavar="FIRST", help=translate("a spec file, a recipe, or a run that has read")
    )
    two.add_argument(
        "second", metavar="SECOND", help=translate("a spec file or a recipe: the task")
    )
    add_spec_changes(two)
    add_trust(two)
    two.add_argument(
        "--set-first", action="append", default=[], metavar="FIELD=VALUE",
        help=translate("the same for the first step; --set changes the second"),
    )  # fmt: skip
    two.add_argument(
        "--html", metavar="FILE", help=translate("also write the comparison as one HTML file")
    )
    add_json(two)
    add_runs_dir(two)
    two.set_defaults(command=adapt)
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
    changes = played | trusting(options) | parse_changes(options.changes)
    spec = spec_from(chosen_or_first(source, changes), changes)
    with download_progress() as progress:
        run, prepared = pipeline.prepare_run(spec, progress)
    tell_data(run)
    with watching(run):
        pipeline.train_prepared(run, prepared)
    print_result(run, options.json)


def adapt(options: argparse.Namespace) -> None:
    """Carry out both steps and the second alone, and print what the first was worth."""
    from ..adaptation import adapt as carry_out
    from ..reporting.compare import write_comparison

    second = spec_from(options.second, trusting(options) | parse_changes(options.changes))
    try:
        first: Any = open_trusted(options, options.first)
    except RunError:
        first = spec_from(options.first, trusting(options) | parse_changes(options.set_first))
    if options.html:
        require_writable(Path(options.html))
    done = carry_out(first, second, _train_watched)
    if options.html:
        write_comparison([done.without, done.adapted], Path(options.html))
    _print_adaptation(done, options.json)


def _train_watched(spec: RunSpec) -> RunFolder:
    from .. import pipeline

    with download_progress() as progress:
        run, prepared = pipeline.prepare_run(spec, progress)
    console().print(plain(translate("training {run}", run=run.name)), soft_wrap=True)
    tell_data(run)
    with watching(run):
        pipeline.train_prepared(run, prepared)
    return run


def _print_adaptation(done: Any, as_json: bool) -> None:
    from ..evaluation.paired import pair_scores

    rows, scores = pair_scores(done.without, done.adapted)
    runs = {"reading": done.reading, "without": done.without, "adapted": done.adapted}
    if as_json:
        answer = {
            "rows": rows,
            "scores": {name: asdict(one) for name, one in scores.items()},
            "paths": {name: str(run.path) for name, run in runs.items()},
        }
        print_json(answer)
        return
    table = [
        {
            translate("on the same {count} {count:row|rows}", count=rows): word(name),
            "without": f"{one.first:.4f} ± {one.first_error:.4f}",
            "adapted": f"{one.second:.4f} ± {one.second_error:.4f}",
            "difference": f"{one.difference:+.4f} ± {one.difference_error:.4f}",
        }
        for name, one in scores.items()
    ]
    print_table(table, False, translate("the two keep no predictions that compare row by row"))
    for name, run in runs.items():
        print(f"{padded(name, 9)}{run.path}")
    print(f"{padded('report', 9)}{done.adapted.report_path}")


def tell_data(run: RunFolder) -> None:
    """Say on stderr which rows were left out, mended or will be cut, with the first of them."""
    found = read_json(run.path / "data.json")
    lines = list(found["notes"])
    with using(run.spec().output.language):
        if roles := roles_line(run.spec().data.columns):
            lines.insert(0, roles)
        for one in found["findings"]:
            if one["harmful"] or one["kind"].startswith(TOLD):
                named = [
                    text("data.row_shown", row=f"{row['row']:,}", shown=shorten(row["text"], 40))
                    for row in one["examples"][:SHOWN_ROWS]
                ]
                more = ["…"] if one["count"] > SHOWN_ROWS else []
                lines.append(f"{one['sentence']} {text('data.comma').join([*named, *more])}")
    for line in lines:
        console().print(plain(line), soft_wrap=True)


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
        for name in ("baseline_rows", "intervals"):
            answer |= {name: metrics[name]} if name in metrics else {}
        answer["paths"] = {name: str(path) for name, path in places.items()}
        print_json(answer)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    tuned = metrics.get("metrics", {})
    columns = {word("fine-tuned"): tuned}
    baselines = metrics.get("baselines", {})
    counts, rows = metrics.get("baseline_rows", {}), metrics.get("rows", 0)
    for name in sorted(baselines, key=lambda name: name != "before"):
        title = text(f"figures.series.{name}").lower()
        if (count := counts.get(name, rows)) != rows:
            title = text("report.of_rows", name=title, rows=f"{count:,}")
        columns[title] = baselines[name]
    for heading in ("", *columns):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in tuned:
        cells = [scores.get(name) for scores in columns.values()]
        if any(cell is not None for cell in cells):
            none = text("report.not_applicable")
            table.add_row(plain(word(name)), *(none if c is None else f"{c:.4f}" for c in cells))
    screen = answers_console()
    screen.print(table)
    ended = [event for event in run.events() if event["event"] == "run_ended"]
    if ended and ended[-1]["seconds"]:
        took = duration(ended[-1]["seconds"])
        line = translate(
            "{count} validation {count:row|rows}; {time}", count=metrics.get("rows", 0), time=took
        )
        screen.print(f"\n{line}")
    record = run.record()
    if "precision" in record:
        reason = record.get("precision_reason", "")
        line = translate("precision {kind}: {reason}", kind=record["precision"], reason=reason)
        screen.print(plain(line), soft_wrap=True)
    if share := _trainable(run):
        screen.print(share, soft_wrap=True)
    for name, path in places.items():
        if path.exists():
            screen.print(plain(f"{padded(name, 9)}{path}"), soft_wrap=True)


def _trainable(run: RunFolder) -> str:
    """Return in a line how many of the model's weights learned, where it was not all of them."""
    try:
        card = read_json(run.path / "model.json")
        trainable, share = card["trainable_parameters"], card["trainable_share"]
    except (OSError, ValueError, KeyError):
        return ""
    if not trainable:
        return ""
    return translate(
        "trainable {count:,} {count:weight|weights}, {share:.2%} of all",
        count=trainable,
        share=share,
    )
