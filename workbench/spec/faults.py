"""All faults of a spec at once, each with the field, the value and the remedy."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from ..errors import InputError, shorten
from ..language import text, told
from .fields import fields
from .run import RunSpec

# Nobody mends more of them at once, and to find what is meant takes time.
MOST_FAULTS = 100


class SpecError(InputError):
    """One or more fields are unknown or hold what they cannot; lists all of them."""

    def __init__(self, faults: list[str], where: str = "") -> None:
        self.faults = faults
        where = where or text("spec.the_spec")
        if len(faults) == 1:
            super().__init__(told("{where}: {fault}", where=where, fault=faults[0]))
        else:
            title = text("spec.faults", where=where, count=len(faults))
            super().__init__(title + "".join(f"\n  {f}" for f in faults))


def build(tree: Any, where: str = "") -> RunSpec:
    """Build a `RunSpec` from nested plain data, or raise `SpecError` naming every fault.

    A section that was left empty takes its defaults.
    """
    if not isinstance(tree, dict):
        raise SpecError(
            [
                told(
                    "expected sections such as data: and train:, got {value!r}", value=shorten(tree)
                )
            ],
            where,
        )
    sections = {field.section for field in fields()}
    filled = {k: {} if v is None and k in sections else v for k, v in tree.items()}
    try:
        return RunSpec.model_validate(filled)
    except ValidationError as error:
        raise SpecError(_describe_all(error), where) from None


def unknown_field(name: str, value: Any = None) -> str:
    """Describe a name that no field has, with the nearest one that exists."""
    known = [key for field in fields() for key in (field.path, field.name)]
    return _unknown(name, known, value)


def _unknown(name: str, known: list[str], value: Any) -> str:
    held = "" if value is None else text("spec.held", value=shorten(repr(value), 40))
    near = _nearest(name, [key for key in known if key != name])
    hint = text("spec.did_you_mean", near=near) if near else text("spec.list_fields")
    what = text("spec.no_such_field", field=shorten(name), held=held)
    return told("{what}; {remedy}", what=what, remedy=hint)


def _nearest(name: str, known: list[str]) -> str:
    """Return the known name likest to `name`, or an empty string.

    The same name in another section comes first, then a misspelling, then a name shortened to
    its initials (`lr`) or to one of its words (`epochs`).
    """
    last = _last(name)
    by_last = {_last(key): key for key in reversed(known)}
    initials = {"".join(word[:1] for word in key.split("_")): key for key in reversed(by_last)}
    if last in by_last:
        return by_last[last]
    if close := get_close_matches(last, by_last, n=1, cutoff=0.7):
        return by_last[close[0]]
    if last in initials:
        return by_last[initials[last]]
    parts = [key for key in by_last if last and f"_{last}_" in f"_{key}_"]
    return by_last[min(parts, key=len)] if parts else ""


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _describe_all(error: ValidationError) -> list[str]:
    """Return one line for every value at fault, with all that would mend it."""
    faults: list[str] = []
    remedies: dict[str, list[str]] = {}
    for entry in error.errors(include_url=False):
        if len(faults) == MOST_FAULTS:
            more = error.error_count() - MOST_FAULTS
            return [*faults, told("and {count:,} more faults", count=more)]
        if entry["type"] in ("extra_forbidden", "invalid_key"):
            faults.append(_describe_unknown(entry))
            continue
        path = ".".join(str(part) for part in entry["loc"][:2])
        value = shorten(repr(entry["input"]), 60)
        what = text("spec.does_not_fit", field=path, value=value)
        if what not in remedies:
            remedies[what] = []
            faults.append(what)
        remedies[what].append(_remedy(entry))
    return [
        told(
            "{what}; {remedy}",
            what=fault,
            remedy=text("spec.or").join(dict.fromkeys(remedies[fault])),
        )
        if fault in remedies
        else fault
        for fault in faults
    ]


def _describe_unknown(entry: Any) -> str:
    location = [str(part) for part in entry["loc"]]
    path = ".".join(location[:2])
    inside = [f.path for f in fields() if len(location) > 1 and f.section == location[0]]
    everywhere = [*RunSpec.model_fields, *(key for f in fields() for key in (f.path, f.name))]
    value = None if isinstance(entry["input"], dict) else entry["input"]
    near = _nearest(path, inside)
    return _unknown(path, [near] if near else everywhere, value)


def _remedy(entry: Any) -> str:
    kind = entry["type"]
    if kind == "domain":
        return entry["ctx"]["remedy"]
    if kind in ("model_type", "model_attributes_type"):
        return text("spec.write_below")
    kind = kind.partition("_")[0]
    if kind not in _KINDS:
        return entry["msg"].lower()
    return text(f"spec.{kind}", **({"example": "{text: review}"} if kind == "dict" else {}))


_KINDS = ("int", "float", "finite", "bool", "string", "list", "dict")
