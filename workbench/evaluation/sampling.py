"""How tokens are chosen when a model is talked to: as the spec says, or as somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..errors import InputError, shorten
from ..language import text
from ..spec import RunSpec
from ..spec import fields as spec_fields

_OF_SPEC = {field.path: field.domain for field in spec_fields()}
# In the order in which they are shown; named as in `transformers.GenerationConfig`.
DOMAINS = {
    "temperature": replace(_OF_SPEC["generate.temperature"], low=0),  # 0: nothing is drawn
    "top_p": _OF_SPEC["generate.top_p"],
    "repetition_penalty": _OF_SPEC["generate.repetition_penalty"],
    "max_new_tokens": _OF_SPEC["generate.max_new_tokens"],
    "seed": _OF_SPEC["generate.sampling_seed"],
}


@dataclass(frozen=True)
class Sampling:
    """At `temperature` 0 a model writes as its spec says, the likeliest token or by beams.

    Above it, tokens are drawn: the higher, the further from the likeliest. Every answer begins
    from `seed`, so that the same question gives the same answer, and two models draw alike.
    """

    max_new_tokens: int
    seed: int
    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def describe(self, spec: RunSpec, language: str | None = None) -> str:
        """Return in words how a model of this spec writes."""
        known: dict[str, Any] = {"tokens": self.max_new_tokens, "beams": spec.generate.num_beams}
        if self.temperature:
            key, drawn = "playground.drawn", {"heat": self.temperature, "share": self.top_p}
            known |= {"seed": self.seed} | {name: f"{one:g}" for name, one in drawn.items()}
        else:
            key = "playground.beams" if spec.generate.num_beams > 1 else "playground.settings"
        said = text(key, language, **known)
        if self.repetition_penalty == 1:
            return said
        return said + text("playground.penalty", language, penalty=f"{self.repetition_penalty:g}")


def defaults(spec: RunSpec) -> Sampling:
    """Return how the models of a run write when nothing else is asked of them: as its spec says."""
    asked = spec.generate
    return Sampling(
        asked.max_new_tokens,
        asked.sampling_seed,
        asked.temperature if asked.do_sample else 0.0,
        asked.top_p,
        asked.repetition_penalty,
    )


def faults(entries: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with numbers as they were typed, by field."""
    read = {name: _read(name, entry) for name, entry in entries.items()}
    return {name: found for name, found in read.items() if isinstance(found, str)}


def chosen(spec: RunSpec, entries: Mapping[str, str]) -> Sampling:
    """Return what was typed; fields that are not there are as the spec has them.

    Raises:
        InputError: naming the first field at fault, its value and the remedy.
    """
    for name, remedy in faults(entries).items():
        what = text("spec.does_not_fit", field=name, value=shorten(repr(entries[name]), 60))
        raise InputError("{what}", "{remedy}", what=what, remedy=remedy)
    values: dict[str, Any] = {name: _read(name, entry) for name, entry in entries.items()}
    return replace(defaults(spec), **values)


def _read(name: str, entry: str) -> float | int | str:
    """Return the number that an entry stands for, or the remedy."""
    whole = next(one.type for one in fields(Sampling) if one.name == name) == "int"
    try:
        value = int(entry) if whole else float(entry)
    except ValueError:
        return text("spec.int" if whole else "spec.float")
    domain = DOMAINS[name]
    if name == "temperature" and value > 0:
        domain = _OF_SPEC["generate.temperature"]
    return domain.fault(value) or value


def within(spec: RunSpec, sampling: Sampling) -> RunSpec:
    """Return the spec with what it says of writing as it is asked for here."""
    changes: dict[str, Any] = {
        "generate.max_new_tokens": sampling.max_new_tokens,
        "generate.repetition_penalty": sampling.repetition_penalty,
        "generate.sampling_seed": sampling.seed,
        "generate.do_sample": sampling.temperature > 0,
    }
    if sampling.temperature:
        changes |= {
            "generate.num_beams": 1,
            "generate.temperature": sampling.temperature,
            "generate.top_p": sampling.top_p,
        }
    return spec.replace(changes)
