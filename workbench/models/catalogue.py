"""Models worth starting from, with honest notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..language import current

CATALOGUE = Path(__file__).with_name("catalogue.yaml")
PLACES = ("laptop", "gpu", "large")
# What each kind of model can have on top of it.
_HEADS = {
    "encoder": ("SequenceClassification", "TokenClassification", "QuestionAnswering", "MaskedLM"),
    "decoder": ("CausalLM", "SequenceClassification"),
    "encoder-decoder": ("Seq2SeqLM",),
}


@dataclass(frozen=True)
class Known:
    """A model of the catalogue; `source` is what to write in a spec.

    `good_on` is `laptop`, `gpu` or `large`, where fine-tuning all of it takes minutes, not days.
    Of what is not known, `licence` and `trained_on` are empty, and `context_tokens` is 0.
    """

    source: str
    kind: str
    parameters: int
    languages: tuple[str, ...]
    licence: str
    good_on: str
    notes: dict[str, str]
    context_tokens: int = 0
    trained_on: str = ""

    @property
    def note(self) -> str:
        """What to know before choosing it, in the interface's language."""
        return self.notes[current()]

    def fits(self, auto_class: str) -> bool:
        """Say whether it can be loaded with this Auto class."""
        return auto_class.removeprefix("AutoModelFor") in _HEADS[self.kind]


@cache
def known_models() -> tuple[Known, ...]:
    """Return the catalogue, in its order."""
    tree = yaml.safe_load(CATALOGUE.read_text("utf-8"))
    return tuple(
        Known(
            source=source,
            kind=plain["kind"],
            parameters=plain["parameters"],
            languages=tuple(plain["languages"]),
            licence=plain["licence"],
            good_on=plain["good_on"],
            notes=plain["note"],
            context_tokens=plain.get("context_tokens", 0),
            trained_on=plain.get("trained_on", ""),
        )
        for source, plain in tree.items()
    )


def choose_models(
    auto_class: str | Callable[[Any], str] = "",
    most_parameters: int | None = None,
    language: str = "",
    licence: str = "",
    place: str = "",
) -> list[Known]:
    """Return those that fit: an empty or missing wish leaves all.

    `auto_class` may hang on the kind of the model. A licence fits by its beginning, whatever its
    case: `cc-by` also finds `CC-BY-NC-4.0`.
    """

    def head(kind: str) -> str:
        return auto_class if isinstance(auto_class, str) else auto_class(kind)

    return [
        model
        for model in known_models()
        if (not auto_class or model.fits(head(model.kind)))
        and (most_parameters is None or model.parameters <= most_parameters)
        and (not language or language in model.languages)
        and (not licence or model.licence.lower().startswith(licence.lower()))
        and (not place or PLACES.index(model.good_on) <= PLACES.index(place))
    ]
