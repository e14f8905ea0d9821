"""A spec as one flat mapping of short names: what papermill and the form speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .faults import SpecError, build, unknown_field
from .fields import fields, find
from .run import RunSpec


def to_flat(spec: RunSpec) -> dict[str, Any]:
    """Return every field of `spec` under its short name, in order, as plain data."""
    tree = spec.model_dump(mode="python")
    return {
        field.name: tree[field.section][field.path.rpartition(".")[2]]
        if field.section
        else tree[field.path]
        for field in fields()
    }


def from_flat(
    values: Mapping[str, Any], base: Mapping[str, Any] | None = None, where: str = ""
) -> RunSpec:
    """Build a spec from short names or paths, over `base` (a flat mapping) or the defaults.

    Raises:
        SpecError: naming every unknown name and every value that does not fit.
    """
    faults = [unknown_field(name, value) for name, value in values.items() if find(name) is None]
    tree: dict[str, Any] = {}
    for name, value in {**(base or {}), **values}.items():
        if (field := find(name)) is None:
            continue
        place = tree.setdefault(field.section, {}) if field.section else tree
        place[field.path.rpartition(".")[2]] = value
    try:
        spec = build(tree)
    except SpecError as error:
        raise SpecError([*faults, *error.faults], where) from None
    if faults:
        raise SpecError(faults, where)
    return spec


def changes(spec: RunSpec, base: RunSpec | None = None) -> dict[str, Any]:
    """Return the fields in which `spec` differs from `base` (the defaults), by short name."""
    before = to_flat(base or RunSpec())
    return {name: value for name, value in to_flat(spec).items() if value != before[name]}
