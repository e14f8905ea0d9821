"""What is put before people: a row, the question that is asked of it, and what fits as answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, shorten
from ..language import text as say
from .journal import Place


@dataclass(frozen=True)
class Item:
    """A row to be labelled: where it stands, what is shown of it, and what the source says.

    `texts` are shown, by role; `values` are what a model is asked with. `was` is the source's own
    answer as a decision, None where it has none.
    """

    row: int
    split: str
    key: str
    texts: dict[str, str]
    values: dict[str, Any]
    was: Any = None

    @property
    def place(self) -> Place:
        """The split and the row."""
        return self.split, self.row


@dataclass(frozen=True)
class Suggestion:
    """What a model would answer to a row, and how sure it is, where it says so."""

    value: Any
    confidence: float | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of every row: what `kind` of answer (see `tasks.Labelling`), and which fit.

    `labels` are the classes, or the names of spans, none where spans have no name. `several` says
    that a row may have any number of classes. `scale` has the least and the greatest number.
    `inside` is the role whose text spans are marked in. `guidelines` stand beside the rows.
    """

    kind: str
    labels: Sequence[str] = ()
    several: bool = False
    scale: tuple[float, float] | None = None
    inside: str = ""
    guidelines: str = field(default="", compare=False)

    def check(self, value: Any, item: Item) -> Any:
        """Return an answer as the journal holds it.

        Raises:
            InputError: it does not fit; the sentence is in the interface's language.
        """
        match self.kind:
            case "class" if self.several and isinstance(value, list):
                return [self._label(one) for one in self.labels if one in set(value)] + [
                    self._label(one) for one in value if one not in self.labels
                ]
            case "class":
                return self._label(value)
            case "number":
                return self._number(value)
            case "spans":
                return self._spans(value, item.texts[self.inside])
        if not isinstance(value, str) or not value.strip():
            raise InputError(say("labelling.fault.no_text"))
        return value

    def _label(self, value: Any) -> str:
        if value not in self.labels:
            known = shorten(", ".join(self.labels), 120)
            raise InputError(say("labelling.fault.label", value=shorten(value, 40), known=known))
        return value

    def _number(self, value: Any) -> float:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        low, high = self.scale or (float("-inf"), float("inf"))
        if number is None or not low <= number <= high:
            scope = f"{low:g} – {high:g}"
            raise InputError(say("labelling.fault.number", value=shorten(value, 40), scope=scope))
        return number

    def _spans(self, value: Any, text: str) -> list[dict[str, Any]]:
        found = []
        for span in value if isinstance(value, list) else [value]:
            start, end = (span.get(name) if isinstance(span, dict) else None
                          for name in ("start", "end"))  # fmt: skip
            fits = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
            if not fits or not text[start:end].strip():
                raise InputError(say("labelling.fault.span", value=shorten(span, 60)))
            own = {"start": start, "end": end, "text": text[start:end]}
            found.append(own | ({"label": self._label(span.get("label"))} if self.labels else {}))
        return sorted(found, key=lambda span: (span["start"], span["end"]))
