"""The fields of a spec as a flat list, with their short names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from .domain import Domain
from .run import RunSpec


@dataclass(frozen=True)
class Field:
    """One knob: where it sits (`train.learning_rate`), its short name, type, default, domain."""

    path: str
    name: str
    type: type
    optional: bool
    default: Any
    domain: Domain

    @property
    def section(self) -> str:
        """The section the field belongs to; empty for `task`."""
        return self.path.rpartition(".")[0]


@cache
def fields() -> tuple[Field, ...]:
    """Return every field of `RunSpec` in order.

    The short name is the bare field name where no other section has the same, else it is
    prefixed with its section: `learning_rate`, but `data_source` and `model_source`.
    """
    found = [
        (section, name, info, section_default)
        for section, model, section_default in _sections()
        for name, info in model.model_fields.items()
        if not hasattr(info.annotation, "model_fields")
    ]
    uses = Counter(name for _, name, _, _ in found)
    return tuple(
        Field(
            path=f"{section}.{name}" if section else name,
            name=f"{section}_{name}" if uses[name] > 1 and section else name,
            type=_plain_type(info.annotation),
            optional=type(None) in get_args(info.annotation),
            default=getattr(default, name),
            domain=next(extra for extra in info.metadata if isinstance(extra, Domain)),
        )
        for section, name, info, default in found
    )


def find(name: str) -> Field | None:
    """Return the field with this path or short name."""
    return _by_name().get(name)


def field_of(name: str) -> Field:
    """Return the field with this path or short name, which the code itself knows to exist."""
    return _by_name()[name]


@cache
def _by_name() -> dict[str, Field]:
    return {key: field for field in fields() for key in (field.name, field.path)}


def _sections() -> list[tuple[str, Any, Any]]:
    default = RunSpec()
    nested = [
        (name, info.annotation, getattr(default, name))
        for name, info in RunSpec.model_fields.items()
        if hasattr(info.annotation, "model_fields")
    ]
    return [("", RunSpec, default), *nested]


def _plain_type(annotation: Any) -> type:
    """Return the runtime type: `int` for `int | None`, `dict` for `dict[str, str]`."""
    if get_origin(annotation) in (UnionType, Union):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    return get_origin(annotation) or annotation
