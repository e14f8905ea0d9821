"""From the positions of rows to a finding that shows a few of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import shorten
from .record import Finding
from .source import Split

EXAMPLES = 10
EXAMPLE_CHARACTERS = 160

Why = Callable[[Split, int], Any]


def finding(
    kind: str,
    splits: Sequence[Split],
    hits: Mapping[str, Sequence[int]],
    why: Why | None = None,
    of: int | None = None,
    **about: Any,
) -> list[Finding]:
    """Return what was found at these positions of each split, as a list of one; none for none.

    `why` says of a row what is to be seen in it.
    """
    count = sum(map(len, hits.values()))
    if not count:
        return []
    by_name = {split.name: split for split in splits}
    total = of if of is not None else sum(len(split) for split in splits)
    rows = {name: [by_name[name].numbers[i] for i in at] for name, at in hits.items() if len(at)}
    shown = [(by_name[name], i) for name, at in hits.items() for i in at[:EXAMPLES]][:EXAMPLES]
    examples = [
        {
            "split": split.name,
            "row": split.numbers[i],
            "text": shorten(split.texts[i], EXAMPLE_CHARACTERS),
            "label": shorten(", ".join(split.labels[i]), 60),
            "why": shorten(why(split, i), EXAMPLE_CHARACTERS) if why else "",
        }
        for split, i in shown
    ]
    return [Finding(kind, count, total, about, rows, examples)]
