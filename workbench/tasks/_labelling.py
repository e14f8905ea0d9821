"""What a person decides about a row, and how that becomes the row's answer.

A decision is plain data, as a journal holds it: see `workbench.labelling.journal`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Labelling:
    """How people answer the rows of a task.

    `kind` is what they give: a `class` (or several), a `number`, a `text`, or `spans` of the text
    of the role `inside`; it becomes the answer of `role`.
    """

    kind: Literal["class", "number", "text", "spans"]
    role: str
    inside: str = ""

    def shown(self, values: Values) -> str:
        """Return the text in which spans are marked."""
        return ""

    def cell(self, values: Values, decided: Any) -> Any:
        """Return what a cell of the role could hold for a decision."""
        return decided

    def suggested(self, prediction: Values) -> Any:
        """Return the decision that a model would take, from a record of its predictions."""
        return prediction["predicted"]

    def decision(self, values: Values) -> Any:
        """Return the decision that gives the answer of a row; None where it has none."""
        return None if values.get(self.role) is None else self.decided(values)

    def decided(self, values: Values) -> Any:
        """Return the decision that gives the answer that a row has."""
        answer = values[self.role]
        if self.kind == "text" and isinstance(answer, list):
            return answer[0]  # of several that are right, the one that is learned
        return answer[0] if self.kind == "number" and len(answer) == 1 else answer


def word_indices(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Return where each word stands in the text that they were joined to."""
    places, end = [], 0
    for word in words:
        start = text.index(word, end)
        end = start + len(word)
        places.append((start, end))
    return places
