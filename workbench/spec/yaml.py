"""A spec as YAML: the file face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, shorten
from .faults import SpecError, build
from .run import RunSpec


class _Loader(yaml.SafeLoader):
    """Plain data only; a key given twice is a fault rather than a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise SpecError([f"{key}: given twice, on line {key_node.start_mark.line + 1}"])
            seen.add(key if isinstance(key, str) else str(key))
        return super().construct_mapping(node, deep)


def to_yaml(spec: RunSpec) -> str:
    """Return the whole spec as YAML; `from_yaml` turns it back into an equal spec."""
    return yaml.safe_dump(
        spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
    )


def from_yaml(text: str, where: str = "the spec") -> RunSpec:
    """Build a spec from YAML; fields left out take their defaults.

    Raises:
        SpecError: the text is no YAML, or fields are at fault; all faults at once.
    """
    return build(parse_tree(text, where), where)


def parse_tree(text: str, where: str = "the spec") -> dict[str, Any]:
    """Parse YAML into plain nested data without building a spec."""
    try:
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SpecError([f"not YAML on line {line}: {error.problem}"], where) from None
    except yaml.YAMLError as error:
        raise SpecError([f"not YAML: {shorten(error)}"], where) from None
    return {} if tree is None else tree


def parse_value(text: str) -> Any:
    """Parse one value given on a command line: `5e-5`, `true`, `[a, b]`, `{text: 1}`, plain text."""
    try:
        return yaml.safe_load(text) if text.strip() else text
    except yaml.YAMLError:
        return text


def load(path_or_recipe: str | Path) -> RunSpec:
    """Load a spec from a YAML file, or from a recipe of that name.

    A run's own `spec.yaml` is accepted too: its `record` of versions and fingerprints is
    knowledge about the run, not part of the spec, and is left aside.
    """
    from .recipes import recipe_names, recipe_text

    name = str(path_or_recipe)
    path = Path(name)
    if name in recipe_names() and not path.is_file():
        return from_yaml(recipe_text(name), f"recipe {name}")
    if path.is_dir() and (path / "spec.yaml").is_file():
        path = path / "spec.yaml"
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"no spec file and no recipe named {name!r}",
            "`workbench recipes` lists the recipes: " + ", ".join(recipe_names()),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {name!r} ({error})", "give a UTF-8 YAML file") from None
    tree = parse_tree(text, name)
    if isinstance(tree, dict):
        tree.pop("record", None)
    return build(tree, name)
