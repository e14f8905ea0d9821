"""`workbench data`, `models`, `recipes`, `doctor`: what there is."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .. import language
from ..errors import InputError
from ..spec import fields, load, recipe_names, recipe_text, to_cell, to_yaml
from .options import add_json
from .output import add_group, add_leaf, print_table, print_tree
from .terminal import download_progress


def add_commands(commands: Any) -> None:
    """Add the commands."""
    for kind in ("data", "models"):
        group = add_group(commands, kind, f"the {kind} that come with the catalogue")
        listing = add_leaf(group, "list", "the catalogue", list_catalogue, add_json)
        listing.set_defaults(kind=kind.removesuffix("s"))
        leaf = add_leaf(group, "show", "one of them, or any other source", show_source, add_json)
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


def list_catalogue(options: argparse.Namespace) -> None:
    """Print the catalogue's data sets or models."""
    from ..sources import entries

    rows = [
        {
            "name": f"wheel:{entry.name}",
            "task": entry.task,
            **about_rows(entry),
            "size": f"{entry.size_bytes / 1e6:.1f} MB",
            "licence": entry.licence,
            "title": entry.title[language.current()],
        }
        for entry in entries(options.kind)
    ]
    print_table(rows, options.json, "the catalogue is empty")


def about_rows(entry: Any) -> dict[str, Any]:
    """Return how many rows a data set has and in which columns; nothing for a model."""
    if not entry.rows:
        return {}
    columns = ", ".join(f"{role}={_listed(place)}" for role, place in entry.columns.items())
    return {"rows": entry.rows, "columns": columns}


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
        print_tree(answer)


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
            what = f"no recipe {options.name!r}" if options.name else "which recipe?"
            raise InputError(what, "choose " + ", ".join(recipe_names()))
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
        print_tree(answer)


def _listed(place: str | list[str]) -> str:
    """Return the column of a role, or those of one that several columns play."""
    return place if isinstance(place, str) else "+".join(place)
