"""Rows of which the same is to be said."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import shorten
from ..language import text as say

SHOWN_ROWS = 3
SHOWN_CHARACTERS = 40


@dataclass
class Counted:
    """Rows of which the same is to be said: how many, and the first of them."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: int, shown: object) -> None:
        """Count a row, and what is to be shown of it."""
        self.count += 1
        if len(self.first) < SHOWN_ROWS:
            self.first.append((row, shorten(shown, SHOWN_CHARACTERS)))

    def rows(self, language: str | None) -> str:
        """Return the first rows in words: `row 3 (“n/a”), row 9 (“-”), …`."""
        named = [
            say("data.row_shown", language, row=f"{row:,}", shown=shown)
            if shown
            else say("data.row", language, row=f"{row:,}")
            for row, shown in self.first
        ]
        more = ["…"] if self.count > len(self.first) else []
        return say("data.comma", language).join([*named, *more])
