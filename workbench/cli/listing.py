"""`workbench runs`, `data`, `models`, `recipes`, `doctor`: what there is."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ..errors import InputError
from ..runs import RunState, list_runs, open_run
from ..spec import fields, load, recipe_names, recipe_text, to_cell, to_yaml
from .options import add_json, add_runs_dir
from .terminal import download_progress


def add_commands(commands: Any) -> None:
    """Add the commands."""
    runs = _group(commands, "runs", "list and show runs")
    _leaf(runs, "list", "all runs, the latest last", list_all_runs, add_json, add_runs_dir)
    show = _leaf(runs, "show", "one run: state, scores, files", show_run, add_json, add_runs_dir)
    show.add_argument("run", metavar="RUN")
    for kind in ("data", "models"):
        group = _group(commands, kind, f"the {kind} that come with the catalogue")
        listing = _leaf(group, "list", "the catalogue", list_catalogue, add_json)
        listing.set_defaults(kind=kind.removesuffix("s"))
        leaf = _leaf(group, "show", "one of them, or any other source", show_source, add_json)
        leaf.add_argument("source", metavar="SOURCE", help="a path, wheel:NAME or hub id")
        leaf.set_defaults(kind=kind.removesuffix("s"))
    recipes = commands.add_parser("recipes", help="ready specs, and all fields of a spec")
    recipes.add_argument("what", nargs="?", default="list", choices=("list", "show", "fields"))
    recipes.add_argument("name", nargs="?", help="the recipe to show")
    recipes.add_argument(
        "--as", dest="face", choices=("yaml", "cell", "full"), default="yaml",
        help="as written, as a papermill cell, or with every field",
    )  # fmt: skip
    recipes.set_defaults(command=show_recipes)
    doctor = commands.add_parser("doctor", help="check this machine")
    add_json(doctor)
    doctor.set_defaults(command=run_doctor)


def list_all_runs(options: argparse.Namespace) -> None:
    """Print one line a run."""
    rows = []
    for run in list_runs(options.runs_dir):
        state = RunState().fold(run.events())
        scores = run.metrics().get("metrics", {})
        rows.append(
            {
                "run": run.name,
                "status": state.status,
                "step": f"{state.step}/{state.total_steps}",
                "accuracy": scores.get("accuracy"),
                "loss": scores.get("loss"),
            }
        )
    _table(rows, options.json, f"no runs in {options.runs_dir}")


def show_run(options: argparse.Namespace) -> None:
    """Print one run."""
    run = open_run(options.run, options.runs_dir)
    state = RunState().fold(run.events())
    answer = {
        "run": run.name,
        "path": str(run.path),
        "status": state.status,
        "failure": state.failure,
        "step": state.step,
        "total_steps": state.total_steps,
        "best_step": state.best_step,
        "metrics": run.metrics().get("metrics", {}),
        "record": run.record(),
    }
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    _print_tree({name: value for name, value in answer.items() if value not in ("", {}, None)})


def list_catalogue(options: argparse.Namespace) -> None:
    """Print the catalogue's data sets or models."""
    from ..sources import entries

    rows = [
        {
            "name": f"wheel:{entry.name}",
            "task": entry.task,
            "rows": entry.rows,
            "size": f"{entry.size_bytes / 1e6:.1f} MB",
            "licence": entry.licence,
            "title": entry.title["en"],
        }
        for entry in entries(options.kind)
    ]
    _table(rows, options.json, "the catalogue is empty")


def show_source(options: argparse.Namespace) -> None:
    """Print a model's card, or what is known of a data set."""
    with download_progress() as progress:
        if options.kind == "model":
            from ..models import model_card

            answer = model_card(options.source, progress=progress).to_dict()
        else:
            from ..data import describe_source

            answer = describe_source(options.source, progress)
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _print_tree(answer)


def show_recipes(options: argparse.Namespace) -> None:
    """Print the recipes, one recipe, or all fields of a spec."""
    if options.what == "fields":
        for field in fields():
            scope = field.domain.describe()
            print(
                f"{field.path:42}{field.default!r:24}{field.domain.help}"
                + f" [{scope}]" * bool(scope)
            )
    elif options.what == "show":
        if options.name not in recipe_names():
            raise InputError(f"no recipe {options.name!r}", "choose " + ", ".join(recipe_names()))
        faces = {"cell": to_cell, "full": to_yaml}
        face = faces.get(options.face)
        print(face(load(options.name)) if face else recipe_text(options.name), end="")
    else:
        for name in recipe_names():
            title = recipe_text(name).splitlines()[0].removeprefix("# ")
            print(f"{name:16}{title}")


def run_doctor(options: argparse.Namespace) -> None:
    """Print what this machine offers."""
    from ..doctor import examine

    answer = examine()
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _print_tree(answer)


def _group(commands: Any, name: str, help_text: str) -> Any:
    parser = commands.add_parser(name, help=help_text)
    return parser.add_subparsers(metavar="ACTION", required=True)


def _leaf(group: Any, name: str, help_text: str, command: Any, *adders: Any) -> Any:
    parser = group.add_parser(name, help=help_text)
    for add in adders:
        add(parser)
    parser.set_defaults(command=command)
    return parser


def _table(rows: list[dict[str, Any]], as_json: bool, nothing: str) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    if not rows:
        print(nothing)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in rows[0]:
        table.add_column(name, overflow="fold", no_wrap=name in ("run", "name"))
    for row in rows:
        cells = (
            f"{v:.4f}" if isinstance(v, float) else "" if v is None else str(v)
            for v in row.values()
        )
        table.add_row(*cells)
    # Where there is no terminal to fit, a program or a person with a wide window reads.
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, markup=False, width=width).print(table)


def _print_tree(value: Any) -> None:
    import yaml

    plain = json.loads(json.dumps(value, ensure_ascii=False, default=str))
    print(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100), end="")
