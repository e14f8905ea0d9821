"""A spec as YAML: the file face."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ..errors import Fault, InputError, shorten
from ..language import translate
from .anchor import anchored
from .earlier import as_it_was
from .faults import SpecError, build
from .fields import find
from .run import RunSpec

# A record with the names of thousands of labels has fewer.
MOST_LINES = 50_000
_UNREADABLE = (ValueError, LookupError, ArithmeticError, AttributeError, TypeError)


class _Loader(yaml.SafeLoader):
    """Plain data only, read as YAML 1.2 reads it.

    YAML 1.1, PyYAML's own, takes `no` for false, `5e-5` for a text, `1:30` for 90 and
    `2026-11-23` for a date: label names and learning rates would not survive it. A key given
    twice is a fault rather than a silent loss.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        if self.check_event(yaml.AliasEvent):
            # A few lines of aliases to aliases can stand for billions of values.
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(
                problem="aliases such as *name are not read; write the value out",
                problem_mark=mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            keys = [self.construct_object(key) for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(
                problem=f"{shorten(twice)} is given twice", problem_mark=node.start_mark
            )
        return mapping


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or 1.2 would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        # PyYAML loses these line breaks in every style but the double-quoted one.
        style = '"' if any(mark in text for mark in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)

for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), _first
        )


def to_yaml(spec: RunSpec) -> str:
    """Return the whole spec as YAML; `from_yaml` turns it back into an equal spec."""
    return dump_tree(spec.model_dump())


def dump_tree(tree: dict[str, Any], width: int = 100) -> str:
    """Return nested plain data as YAML; `parse_tree` turns it back."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)


def from_yaml(text: str, where: str = "") -> RunSpec:
    """Build a spec from YAML; fields left out take their defaults.

    Raises:
        SpecError: the text is no YAML, or fields are at fault; all faults at once.
    """
    return build(parse_tree(text, where), where)


def parse_tree(text: str, where: str = "") -> dict[str, Any]:
    """Parse YAML into plain nested data without building a spec."""
    if text.count("\n") > MOST_LINES:
        what = translate("not a spec: more than {count:,} lines", count=MOST_LINES)
        raise SpecError([Fault("too_long", what)], where)
    try:
        tree = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        what = translate("not YAML on line {line}: {reason}", line=line, reason=error.problem)
        raise SpecError([Fault("not_yaml", what)], where) from None
    except yaml.YAMLError as error:
        what = translate("not YAML: {reason}", reason=shorten(error))
        raise SpecError([Fault("not_yaml", what)], where) from None
    except RecursionError:
        what = translate("not a spec: nested far too deeply")
        raise SpecError([Fault("too_deep", what)], where) from None
    except _UNREADABLE as error:  # what stands behind a tag such as !!int, or has too many digits
        what = translate("not YAML: {reason}", reason=shorten(error))
        raise SpecError([Fault("not_yaml", what)], where) from None
    return {} if tree is None else tree


def parse_value(text: str, name: str = "") -> Any:
    """Parse a value of the command line: `5e-5`, `true`, `[a, b]`, `{text: 1}`, plain text.

    With the `name` of a field that holds text, the value is that text as typed, so that `|`,
    `#` and `1.10` need no quotes.
    """
    field = find(name)
    if field is not None and field.type is str:
        return None if field.optional and text == "null" else text
    try:
        return yaml.load(text, Loader=_Loader) if text.strip() else text
    except (yaml.YAMLError, RecursionError, *_UNREADABLE):
        return text


def find_spec(name: str) -> RunSpec | None:
    """Load the spec that a recipe, YAML file or run folder holds; None for any other name."""
    from .recipes import recipe_names

    path = Path(name)
    is_file = path.suffix.lower() in (".yaml", ".yml") or (path / "spec.yaml").is_file()
    return load(name) if is_file or name in recipe_names() else None


def load(path_or_recipe: str | Path) -> RunSpec:
    """Load a spec from a YAML file, or from a recipe of that name.

    A run's own `spec.yaml` is accepted too: its `record` of versions and fingerprints is
    knowledge about the run, not part of the spec, and is left aside. So is what a file says of
    `trust_remote_code`: whether foreign code may run is the present user's to say.
    """
    from .recipes import recipe_names, recipe_text

    name = str(path_or_recipe)
    path = Path(name)
    if name in recipe_names() and not path.is_file():
        return from_yaml(recipe_text(name), translate("recipe {name}", name=name))
    if path.is_dir() and (path / "spec.yaml").is_file():
        path = path / "spec.yaml"
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            "no spec file and no recipe named {name!r}",
            "`workbench recipes` lists the recipes: {choices}",
            name=name,
            choices=", ".join(recipe_names()),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "cannot read {name!r} ({reason})", "give a UTF-8 YAML file", name=name, reason=error
        ) from None
    tree = parse_tree(text, name)
    if isinstance(tree, dict):
        tree = anchored(as_it_was(tree))
        tree.pop("record", None)
    return build(tree, name).replace({"model.trust_remote_code": False})
