"""All faults of a spec at once, each with the field, the value and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from ..errors import InputError, shorten
from .fields import fields
from .run import RunSpec


class SpecError(InputError):
    """One or more fields are unknown or hold what they cannot; lists all of them."""

    def __init__(self, faults: list[str], where: str = "the spec") -> None:
        self.faults = faults
        if len(faults) == 1:
            super().__init__(f"{where}: {faults[0]}")
        else:
            super().__init__(
                f"{where} has {len(faults)} faults:" + "".join(f"\n  {f}" for f in faults)
            )


def build(tree: Any, where: str = "the spec") -> RunSpec:
    """Build a `RunSpec` from nested plain data, or raise `SpecError` naming every fault."""
    if not isinstance(tree, dict):
        raise SpecError(
            [f"expected sections such as data: and train:, got {shorten(tree)!r}"], where
        )
    try:
        return RunSpec.model_validate(tree)
    except ValidationError as error:
        faults = [_describe(entry) for entry in error.errors(include_url=False)]
        raise SpecError(list(dict.fromkeys(faults)), where) from None


def unknown_field(name: str, value: Any = None) -> str:
    """Describe a name that no field has, with the nearest one that exists."""
    known = [key for field in fields() for key in (field.path, field.name)]
    return _unknown(name, known, value)


def _unknown(name: str, known: list[str], value: Any) -> str:
    last = name.rpartition(".")[2]
    near = [key for key in known if key != name and key.rpartition(".")[2] == last]
    near = near or get_close_matches(name, known, n=1, cutoff=0.6)
    held = "" if value is None else f" (value {shorten(repr(value), 40)})"
    hint = f"did you mean {near[0]}?" if near else "`workbench recipes fields` lists all fields"
    return f"{name}: no such field{held}; {hint}"


def _describe(entry: Any) -> str:
    location = [str(part) for part in entry["loc"]]
    path = ".".join(location[:2])
    value = entry["input"]
    kind = entry["type"]
    if kind == "extra_forbidden":
        section = location[0] if len(location) > 1 else ""
        inside = [field.path for field in fields() if field.section == section]
        sections = [] if section else [f"{name}" for name in RunSpec.model_fields]
        candidates = inside + sections
        if not section and not get_close_matches(path, candidates, n=1, cutoff=0.6):
            candidates = [key for field in fields() for key in (field.name, field.path)]
        return _unknown(path, candidates, None if isinstance(value, dict) else value)
    if kind == "domain":
        remedy = entry["ctx"]["remedy"]
    elif kind in ("model_type", "model_attributes_type"):
        remedy = "write its fields below it, indented"
    else:
        remedy = _REMEDIES.get(kind.partition("_")[0], lambda e: e["msg"].lower())(entry)
    return f"{path}: {shorten(repr(value), 60)} does not fit; {remedy}"


_REMEDIES: dict[str, Callable[[Any], str]] = {
    "int": lambda _: "give a whole number",
    "float": lambda _: "give a number",
    "finite": lambda _: "give a finite number",
    "bool": lambda _: "give true or false",
    "string": lambda _: "give a text",
    "list": lambda _: "give a list such as [a, b]",
    "dict": lambda _: "give a mapping such as {text: review}",
}
