"""Recipes: ready specs that ship with the package, one YAML file each.

Those in the folder `gpu` are too long for two processor cores; docs/recipes.md has what the others
reach there, and in what time.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from ..language import LANGUAGES, current


def recipe_names() -> list[str]:
    """Return the names of all recipes, sorted."""
    return sorted(_files())


def needs_gpu(name: str) -> bool:
    """Say whether a recipe is meant for a GPU."""
    return name in _in("gpu")


def first_recipe(language: str | None = None) -> str:
    """Return the recipe that a first run takes: data and model of the reader's own language."""
    return {"en": "quickstart", "zh": "quickstart-zh"}[language or current()]


def offered_recipes(language: str | None = None) -> list[str]:
    """Return the names of all recipes: that of a first run first, those for a GPU last."""
    first = first_recipe(language)
    return sorted(recipe_names(), key=lambda name: (name != first, needs_gpu(name), name))


def recipe_text(name: str) -> str:
    """Return a recipe's YAML as written."""
    return _files()[name].read_text("utf-8")


def recipe_title(name: str, language: str | None = None) -> str:
    """Return what a recipe is, in a line: its first comment is English, its second Chinese."""
    line = LANGUAGES.index(language or current())
    return recipe_text(name).splitlines()[line].removeprefix("# ")


def _files() -> dict[str, Traversable]:
    return _in() | _in("gpu")


@cache
def _in(*folders: str) -> dict[str, Traversable]:
    """Return the recipes of one folder, by name."""
    place = resources.files("workbench").joinpath("recipes", *folders)
    suffix = ".yaml"
    return {
        file.name.removesuffix(suffix): file
        for file in place.iterdir()
        if file.name.endswith(suffix)
    }
