"""All faults of a spec at once, each with the field, the value and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from ..errors import Fault, InputError, shorten
from ..language import text, translate
from .fields import fields
from .run import RunSpec

# Nobody mends more of them at once, and to find what an unknown name means takes time. Counted
# for each field by itself, so that a long list of wrong labels hides no other field.
MOST_OF_ONE_FIELD = 20
MOST_UNKNOWN = 100


class SpecError(InputError):
    """One or more fields are unknown or hold what they cannot; lists all of them."""

    def __init__(self, faults: Sequence[Fault], where: str = "") -> None:
        self._faults = tuple(faults)
        where = where or text("spec.the_spec")
        if len(self.lines) == 1:
            super().__init__(translate("{where}: {fault}", where=where, fault=self.lines[0]))
        else:
            title = text("spec.faults", where=where, count=len(faults))
            super().__init__(title + "".join(f"\n  {line}" for line in self.lines))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, in the order of the fields."""
        return self._faults

    @property
    def lines(self) -> list[str]:
        """The faults as people read them, each with its field in front."""
        return [
            translate("{where}: {fault}", where=shorten(fault.path), fault=fault)
            if fault.path is not None
            else str(fault)
            for fault in self._faults
        ]


def build(tree: Any, where: str = "") -> RunSpec:
    """Build a `RunSpec` from nested plain data, or raise `SpecError` naming every fault.

    A section that was left empty takes its defaults.
    """
    if not isinstance(tree, dict):
        what = translate(
            "expected sections such as data: and train:, got {value!r}", value=shorten(tree)
        )
        raise SpecError([Fault("no_mapping", what, value=tree)], where)
    sections = {field.section for field in fields()}
    filled = {k: {} if v is None and k in sections else v for k, v in tree.items()}
    try:
        return RunSpec.model_validate(filled)
    except ValidationError as error:
        raise SpecError(_describe_all(error), where) from None


def unknown_field(name: str, value: Any = None) -> Fault:
    """Describe a name that no field has, with the nearest one that exists."""
    known = [key for field in fields() for key in (field.path, field.name)]
    return _unknown(name, known, value)


def _unknown(name: str, known: list[str], value: Any) -> Fault:
    held = "" if value is None else text("spec.held", value=shorten(repr(value), 40))
    near = _nearest(name, [key for key in known if key != name])
    hint = text("spec.did_you_mean", near=near) if near else text("spec.list_fields")
    return Fault("unknown_field", text("spec.no_such_field", held=held), hint, name, value)


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


def _describe_all(error: ValidationError) -> list[Fault]:
    """Return a fault for every value that does not fit, with all that would mend it."""
    found: dict[tuple[str, str], Fault] = {}
    remedies: dict[tuple[str, str], list[str]] = {}
    counts: Counter[str] = Counter()
    left_out = 0
    for entry in error.errors(include_url=False):
        path = ".".join(str(part) for part in entry["loc"][:2])
        is_unknown = entry["type"] in ("extra_forbidden", "invalid_key")
        shown = "" if is_unknown else shorten(repr(entry["input"]), 60)
        if (path, shown) not in found:
            counted, most = ("", MOST_UNKNOWN) if is_unknown else (path, MOST_OF_ONE_FIELD)
            counts[counted] += 1
            if counts[counted] > most:
                left_out += 1
                continue
            if is_unknown:
                found[path, shown] = _describe_unknown(entry)
                continue
            what = text("spec.unfit", value=shown)
            found[path, shown] = Fault(_code(entry), what, "", path, entry["input"])
        if not is_unknown:
            remedies.setdefault((path, shown), []).append(_remedy(entry))
    faults = [
        replace(fault, remedy=text("spec.or").join(dict.fromkeys(remedies[key])))
        if key in remedies
        else fault
        for key, fault in found.items()
    ]
    if left_out:
        faults.append(
            Fault("more", translate("and {count:,} more {count:error|errors}", count=left_out))
        )
    return faults


def _describe_unknown(entry: Any) -> Fault:
    location = [str(part) for part in entry["loc"]]
    path = ".".join(location[:2])
    inside = [f.path for f in fields() if len(location) > 1 and f.section == location[0]]
    everywhere = [*RunSpec.model_fields, *(key for f in fields() for key in (f.path, f.name))]
    value = None if isinstance(entry["input"], dict) else entry["input"]
    near = _nearest(path, inside)
    return _unknown(path, [near] if near else everywhere, value)


def _code(entry: Any) -> str:
    """Return the short name of a fault: pydantic's own names say how, and not what, it reads."""
    kind = entry["type"].partition("_")[0]
    if entry["type"] == "domain":
        return entry["ctx"]["code"]
    if entry["type"] in _NO_SECTION:
        return "no_section"
    return f"not_{kind}" if kind in _KINDS else entry["type"]


def _remedy(entry: Any) -> str:
    kind = entry["type"]
    if kind == "domain":
        return entry["ctx"]["remedy"]
    if kind in _NO_SECTION:
        return text("spec.write_below")
    kind = kind.partition("_")[0]
    if kind not in _KINDS:
        return entry["msg"].lower()
    return text(f"spec.{kind}", **({"example": "{text: review}"} if kind == "dict" else {}))


_NO_SECTION = ("model_type", "model_attributes_type")
_KINDS = ("int", "float", "finite", "bool", "string", "list", "dict")
