"""`workbench data`, `models`, `recipes`, `doctor`: what there is."""

from __future__ import annotations

import argparse
from typing import Any

from .. import language
from ..errors import InputError
from ..language import translate
from ..sources import kind_of
from ..spec import (
    Field,
    RunSpec,
    fields,
    load,
    needs_gpu,
    offered_recipes,
    recipe_names,
    recipe_text,
    recipe_title,
    to_cell,
    to_yaml,
)
from . import cleaning, label_issues, labelling, profiling
from .options import add_json
from .output import add_group, add_leaf, print_table, print_tree
from .screen import print_json
from .terminal import download_progress


def add_commands(commands: Any) -> None:
    """Add the commands."""
    for kind in ("data", "models"):
        group = add_group(
            commands,
            kind,
            translate("data sets: look, clean, label, split")
            if kind == "data"
            else translate("models of the catalogue and of the hub"),
        )
        if kind == "data":
            add_leaf(group, "list", translate("the catalogue"), list_data, add_json)
            profiling.add_actions(group)
            cleaning.add_actions(group)
            labelling.add_actions(group)
            label_issues.add_actions(group)
        else:
            _add_models(group)
        leaf = add_leaf(
            group, "show", translate("one of them, or any other source"), show_source, add_json
        )
        leaf.add_argument(
            "source", metavar="SOURCE", help=translate("a path, wheel:NAME or hub id")
        )
        leaf.set_defaults(kind=kind.removesuffix("s"))
    recipes = commands.add_parser(
        "recipes", help=translate("ready specs, and all fields of a spec")
    )
    recipes.add_argument("what", nargs="?", default="list", choices=("list", "show", "fields"))
    recipes.add_argument("name", nargs="?", help=translate("the recipe to show"))
    recipes.add_argument(
        "--as", dest="face", choices=("yaml", "cell", "full"), default="yaml",
        help=translate("as written, as a papermill cell, or with every field"),
    )  # fmt: skip
    recipes.set_defaults(command=show_recipes)
    doctor = commands.add_parser("doctor", help=translate("check this machine"))
    add_json(doctor)
    doctor.set_defaults(command=run_doctor)


def _add_models(group: Any) -> None:
    """Add `list` and `search`, which look for a model that fits."""
    from ..spec.run import TASKS

    listing = add_leaf(
        group, "list", translate("models worth starting from, with notes"), list_models, add_json
    )
    listing.add_argument("--task", choices=TASKS, help=translate("only those that can learn it"))
    listing.add_argument(
        "--size",
        metavar="N",
        type=_parameters,
        help=translate("at most so many parameters: 150M, 1.5B"),
    )
    listing.add_argument(
        "--on",
        choices=("laptop", "gpu", "large"),
        help=translate("good on a laptop, on one GPU, beyond"),
    )
    search = add_leaf(
        group, "search", translate("models of the hub, by words"), search_models, add_json
    )
    search.add_argument("words", metavar="WORDS", help=translate("what to look for in the names"))
    search.add_argument("--limit", type=int, default=20, help=translate("show so many (20)"))
    for leaf in (listing, search):
        leaf.add_argument("--language", default="", metavar="CODE", help=translate("en, zh, ja, …"))
        leaf.add_argument(
            "--licence", default="", metavar="NAME", help=translate("such as apache-2.0")
        )


def _parameters(text: str) -> int:
    """Read a number of parameters such as `150M` or `1.5B`."""
    unit = {"k": 1e3, "m": 1e6, "b": 1e9}.get(text[-1:].lower())
    try:
        return int(float(text[:-1]) * unit) if unit else int(text)
    except ValueError:
        said = translate("{text!r} is no size; write 150M or 1.5B", text=text)
        raise argparse.ArgumentTypeError(said) from None


def list_models(options: argparse.Namespace) -> None:
    """Print the models of the catalogue that fit."""
    from ..models.catalogue import choose_models
    from ..tasks import load_task

    task = load_task(options.task) if options.task else None
    found = choose_models(
        (lambda kind: task.for_model(RunSpec(), kind).auto_class) if task else "",
        options.size, options.language, options.licence, options.on or "",
    )  # fmt: skip
    rows: list[dict[str, Any]] = [
        {
            "name": model.source,
            "kind": model.kind,
            "parameters": _short(model.parameters),
            "languages": " ".join(model.languages),
            "licence": model.licence,
            "context": model.context_tokens or "",
            "trained on": model.trained_on,
            "good on": model.good_on,
            "note": model.note,
        }
        for model in found
    ]
    if options.json:
        rows = [
            row | {"parameters": model.parameters, "languages": list(model.languages)}
            for row, model in zip(rows, found, strict=True)
        ]
    print_table(
        rows, options.json,
        translate(
            "no model of the catalogue fits; wish for less, or see `workbench models search WORDS`"
        ),
    )  # fmt: skip


def _short(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M"


def search_models(options: argparse.Namespace) -> None:
    """Print models of the hub that match and have weights that are safe to read."""
    from ..sources.hub import search_models

    found = search_models(options.words, options.language, options.licence, options.limit)
    print_table(found, options.json, translate("the hub has no such model with safetensors"))


def list_data(options: argparse.Namespace) -> None:
    """Print the catalogue's data sets."""
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
        for entry in entries("data")
    ]
    print_table(rows, options.json, translate("the catalogue is empty"))


def about_rows(entry: Any) -> dict[str, Any]:
    """Return how many rows a data set has and in which columns."""
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
        print_json(answer)
    else:
        print_tree(answer)


def show_recipes(options: argparse.Namespace) -> None:
    """Print the recipes, one recipe, or all fields of a spec."""
    if options.what == "fields":
        for field in fields():
            print(f"{field.path:42}{field.default!r:24}{_help(field)}")
    elif options.what == "show":
        if options.name not in recipe_names():
            raise InputError(
                "no recipe {name!r}" if options.name else "which recipe?",
                "choose {choices}",
                name=options.name,
                choices=", ".join(recipe_names()),
            )
        faces = {"cell": to_cell, "full": to_yaml}
        face = faces.get(options.face)
        print(face(load(options.name)) if face else recipe_text(options.name), end="")
    else:
        width = max(map(len, recipe_names())) + 2
        for name in offered_recipes():
            print(f"{name:{width}}{recipe_title(name)}{_needs(name)}")


def _help(field: Field) -> str:
    """Return what a field means and may hold; in English as the spec itself says it."""
    domain = field.domain
    if language.current() == "en":
        said, scope = domain.help, domain.describe()
    else:
        said = language.text(f"form.help.{field.path}")
        scope = " | ".join(map(str, domain.choices))
        if not scope and domain.low is not None and domain.high is not None:
            unit = language.text(f"form.unit.{domain.unit}") if domain.unit else ""
            scope = f"{domain.low:g}～{domain.high:g} {unit}".strip()
    return said + f" [{scope}]" * bool(scope)


def _needs(name: str) -> str:
    """Return in brackets what a recipe needs beside what is built in."""
    recipe = load(name)
    kinds = kind_of(recipe.data.source, "data"), kind_of(recipe.model.source, "model")
    wanted = "_".join(kind for kind in ("local", "hub") if kind in kinds)
    needs = [language.text(f"form.ui.needs.{wanted}")] if wanted else []
    needs += [language.text("form.ui.needs.gpu")] if needs_gpu(name) else []
    return f" [{', '.join(needs)}]" if needs else ""


def run_doctor(options: argparse.Namespace) -> None:
    """Print what this machine offers."""
    from ..doctor import examine

    answer = examine()
    if options.json:
        print_json(answer)
    else:
        print_tree(answer)


def _listed(place: str | list[str]) -> str:
    """Return the column of a role, or those of one that several columns play."""
    return place if isinstance(place, str) else "+".join(place)
