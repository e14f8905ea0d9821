"""The step that writes each label in one way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...spec import cleaning as spec
from ..cells import as_text
from .contract import Change, Rows

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
    """Replace labels as told; of those that differ in case or blanks, the commonest form stays."""
    told = {_bare(old): new for old, new in step.map.items()}
    cells = {}
    for column in rows.labels:
        names = rows.names.get(column)
        held = [_parts(cell, names, rows.separator) for cell in rows.cells[column]]
        counts = Counter(told.get(_bare(part), part) for parts in held for part in parts or ())
        chosen = _chosen(counts, SYNONYMS if step.synonyms else ())

        def settle(part: str, chosen: Mapping[str, str] = chosen) -> str:
            return chosen[told.get(_bare(part), part)]

        cells[column] = [
            _settled(cell, parts, settle, rows.separator)
            for cell, parts in zip(rows.cells[column], held, strict=True)
        ]
    return Change(cells=cells)


def _bare(label: str) -> str:
    return " ".join(label.split()).casefold()


def _parts(cell: Any, names: list[str] | None, separator: str) -> list[str] | None:
    """Return the labels in a cell by name, or None where it holds no text or number."""
    if not isinstance(cell, str | int | float):
        return None
    text = as_text(cell)
    parts = text.split(separator) if separator else [text]
    return [_named(part, names) for part in parts if part.strip()]


def _named(part: str, names: list[str] | None) -> str:
    number = part.strip()
    known = names is not None and number.isdecimal() and int(number) < len(names)
    return names[int(number)] if known else part


def _chosen(counts: Counter[str], synonyms: Iterable[Iterable[str]]) -> dict[str, str]:
    """Return the form that stays for each label that occurs."""
    family = {word: words for words in map(tuple, synonyms) for word in words}
    forms: dict[Any, list[str]] = defaultdict(list)
    for label in counts:
        forms[family.get(_bare(label), _bare(label))].append(label)
    best = {}
    for alike in forms.values():
        # Of forms that are as common, the longer one says more.
        kept = max(alike, key=lambda label: (counts[label], len(label), label))
        best |= dict.fromkeys(alike, " ".join(kept.split()))
    return best


def _settled(
    cell: Any, parts: list[str] | None, settle: Callable[[str], str], separator: str
) -> Any:
    """Return a cell anew where a label in it changes, else as it was."""
    if not parts:
        return cell
    after = list(map(settle, parts))
    return cell if after == parts else separator.join(after)
