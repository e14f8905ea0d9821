"""The step that writes each label in one way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from ...spec import cleaning as spec
from ..cells import as_text
from .base import Change, Rows

# What people write for the same class. Numbers are not among them: which class a 1 is, only
# whoever gave it knows.
SYNONYMS = (
    ("positive", "pos", "+", "正面", "积极", "好评"),
    ("negative", "neg", "-", "负面", "消极", "差评"),
    ("neutral", "neu", "中性", "中立"),
    ("yes", "y", "true", "是"),
    ("no", "n", "false", "否"),
)


def labels(rows: Rows, step: spec.Labels) -> Change:
    """Replace labels as told; of those that differ in case or blanks, the commonest stays."""
    mapping = {_bare(old): new for old, new in step.map.items()}
    cells = {}
    for column in rows.labels:
        # Few are different: each is looked at once.
        held = Counter(cell for cell in rows.cells[column] if isinstance(cell, str | int | float))
        parts = {cell: _parts(cell, rows.names.get(column), rows.separator) for cell in held}
        counts: Counter[str] = Counter()
        for cell, own in parts.items():
            for part in own:
                counts[mapping.get(_bare(part), part)] += held[cell]
        chosen = _chosen(counts, SYNONYMS if step.synonyms else (), set(step.map.values()))
        settled = {}
        for cell, own in parts.items():
            after = [chosen[mapping.get(_bare(part), part)] for part in own]
            settled[cell] = cell if after == own else rows.separator.join(after)
        cells[column] = [
            settled[cell] if isinstance(cell, str | int | float) else cell
            for cell in rows.cells[column]
        ]
    return Change(cells=cells)


def _bare(label: str) -> str:
    return " ".join(label.split()).casefold()


def _parts(cell: str | float, names: list[str] | None, separator: str) -> list[str]:
    """Return the labels in a cell, by name."""
    text = as_text(cell)
    parts = text.split(separator) if separator else [text]
    return [_named(part, names) for part in parts if part.strip()]


def _named(part: str, names: list[str] | None) -> str:
    number = part.strip()
    known = names or []
    return known[int(number)] if number.isdecimal() and int(number) < len(known) else part


def _chosen(
    counts: Counter[str], synonyms: Iterable[Iterable[str]], wished: set[str]
) -> dict[str, str]:
    """Return the form that stays for each label that occurs: one that is wished, if there is."""
    family = {word: words for words in map(tuple, synonyms) for word in words}
    forms: dict[Any, list[str]] = defaultdict(list)
    for label in counts:
        forms[family.get(_bare(label), _bare(label))].append(label)
    best: dict[str, str] = {}
    for alike in forms.values():
        # Of forms that are as common, the longer one says more.
        kept = max(alike, key=lambda one: (one in wished, counts[one], len(one), one))
        best |= dict.fromkeys(alike, " ".join(kept.split()))
    return best
