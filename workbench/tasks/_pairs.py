"""What is to be read and written of each row: one text, several that are right, or one an aspect.

`data.several_targets` says which. An aspect is asked for by its name before the source, so that
one model learns all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError, shorten
from ._records import Batch, Setup

# The places of a prompt template.
PLACES = ("source", "context", "question")
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")


@dataclass(frozen=True)
class Pair:
    """A text to be read, and the texts that would be right to write, the one to learn first.

    `beside` are further texts, by their place in a prompt template; `place` is that of the source.
    """

    row: int
    source: str
    references: list[str]
    aspect: str = ""
    place: str = "source"
    beside: dict[str, str] = field(default_factory=dict)

    def asked(self, setup: Setup, template: str = "") -> str:
        """Return what the model reads: the source in the prompt template, if there is one.

        Before the source stand `data.prefix` and the aspect.
        """
        before = f"{self.aspect}: " if self.aspect else ""
        source = setup.spec.data.prefix + before + self.source
        template = template or setup.spec.data.prompt_template or f"{{{self.place}}}"
        texts = {self.place: source, **self.beside}
        return _PLACE.sub(lambda match: texts.get(match[1], match[0]), template)


def places_in(template: str) -> set[str]:
    """Return the places of texts in a prompt template."""
    return set(_PLACE.findall(template))


def aspects(setup: Setup) -> list[str]:
    """Return the names of what is asked of each source: those of the columns, without a path."""
    data = setup.spec.data
    place = data.columns.get("target")
    if data.several_targets != "aspects" or not isinstance(place, list):
        return []
    return [str(name).rpartition(".")[2] for name in place]


def pairs_of(batch: Batch, setup: Setup) -> list[Pair]:
    """Return one pair an example, or, where aspects are asked for, one for each that it has.

    Of a text that is only to be read, one for each aspect, or the one whose name it begins with.
    """
    found, names = [], aspects(setup)
    targets = batch.get("target") or [None] * len(batch["source"])
    for row, source, held in zip(batch["row"], batch["source"], targets, strict=True):
        texts = [] if held is None else [held] if isinstance(held, str) else list(held)
        if not names:
            found.append(Pair(row, source, texts))
        elif held is None:
            own = next((name for name in names if source.startswith(f"{name}: ")), "")
            asked = source.removeprefix(f"{own}: ") if own else source
            found += [Pair(row, asked, [], name) for name in ([own] if own else names)]
        else:
            each = zip(names, texts, strict=True)
            found += [Pair(row, source, [text], name) for name, text in each if text]
    return found


def check(setup: Setup) -> None:
    """Refuse aspects that have no names, or that a journal of labels would have to name.

    Raises:
        DataError: saying what to set.
    """
    require_indices(setup, "source")
    data = setup.spec.data
    if data.several_targets != "aspects":
        return
    if not aspects(setup):
        raise DataError(
            "data.several_targets: aspects are named by their columns, and the target has one",
            "name several for the target in data.columns, or choose references",
        ).at("data.several_targets", data.several_targets, "one_target")
    if data.corrections:
        raise DataError(
            "data.corrections: a journal holds one text a row, and aspects are several",
            "correct the file itself",
        ).at("data.corrections", data.corrections, "nothing_to_correct")


def require_indices(setup: Setup, *places: str) -> None:
    """Refuse a prompt template without the places of the texts.

    Raises:
        DataError: naming what is missing.
    """
    template = setup.spec.data.prompt_template
    missing = [f"{{{name}}}" for name in places if name not in places_in(template)]
    if template and missing:
        raise DataError(
            "data.prompt_template: {template!r} has no place for the text: {missing} is missing",
            "write {missing} where the text goes",
            template=shorten(template, 60),
            missing=", ".join(missing),
        ).at("data.prompt_template", template, "no_place")


def learned(table: Any) -> list[str]:
    """Return all texts that stand as targets in a table."""
    held = [[one] if isinstance(one, str) else one for one in table["target"][:]]
    return [text for texts in held for text in texts if text]
