"""Recipes: ready specs that ship with the package, one YAML file each."""

from __future__ import annotations

from importlib import resources

from ..language import LANGUAGES, current


def recipe_names() -> list[str]:
    """Return the names of all recipes, sorted."""
    folder = resources.files("workbench").joinpath("recipes")
    return sorted(
        file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")
    )


def first_recipe(language: str | None = None) -> str:
    """Return the recipe that a first run takes: data and model of the reader's own language."""
    return {"en": "quickstart", "zh": "quickstart-zh"}[language or current()]


def offered_recipes(language: str | None = None) -> list[str]:
    """Return the names of all recipes, that of a first run before the others."""
    first = first_recipe(language)
    return [first, *(name for name in recipe_names() if name != first)]


def recipe_text(name: str) -> str:
    """Return a recipe's YAML as written."""
    return resources.files("workbench").joinpath("recipes", f"{name}.yaml").read_text("utf-8")


def recipe_title(name: str, language: str | None = None) -> str:
    """Return what a recipe is, in a line: its first comment is English, its second Chinese."""
    line = LANGUAGES.index(language or current())
    return recipe_text(name).splitlines()[line].removeprefix("# ")
