"""Rows that repeat one another: within a split, between splits, and with other labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ...tasks import Task
from ..duplicates import Copy, exact_duplicates, near_duplicates
from ..splits import ROLES, find_split
from .found import finding
from .record import Finding
from .source import Split

# Beyond so many rows near-duplicates take minutes; they are looked for when asked.
NEAR_ROWS = 50_000
_MEASURES = ("label", "labels", "numbers")


def repeats(splits: Sequence[Split], task: Task, near: bool) -> list[Finding]:
    """Return leaks between splits, then same texts with different answers, then duplicates.

    Labels and numbers contradict one another; of translations and the like, several may be right.
    """
    found = [one for checked, other in _pairs(splits) for one in _leaks(checked, other, near)]
    measured = any(role.answer and role.kind in _MEASURES for role in task.roles)
    found += _conflicts(splits, "conflicts" if measured else "several_answers")
    return found + _duplicates(splits, near)


def _pairs(splits: Sequence[Split]) -> list[tuple[Split, Split]]:
    """Return each split to be checked on, with each that comes before it."""
    order = {name: place for place, role in enumerate(ROLES)
             if (name := find_split([split.name for split in splits], role))}  # fmt: skip
    known = sorted((split for split in splits if split.name in order), key=lambda s: order[s.name])
    others = [split for split in splits if split.name not in order]
    ordered = [*known, *others]
    return [(ordered[j], ordered[i]) for j in range(len(ordered)) for i in range(j)]


def _leaks(checked: Split, other: Split, near: bool) -> list[Finding]:
    ours = [checked.keys[i] for i in checked.filled]
    theirs = [other.keys[i] for i in other.filled]
    first: dict[str, int] = {}
    for i, key in enumerate(theirs):
        first.setdefault(key, i)
    exact = {i: Copy(first[key]) for i, key in enumerate(ours) if key in first}
    copies = {"leak_exact": exact}
    if near:
        copies["leak_near"] = {
            i: copy for i, copy in near_duplicates(ours, against=theirs).items() if i not in exact
        }
    return [
        one
        for kind, found in copies.items()
        for one in _copied(
            kind,
            {checked.name: (checked, {checked.filled[i]: copy for i, copy in found.items()})},
            other,
            of=len(checked),
        )
    ]


def _duplicates(splits: Sequence[Split], near: bool) -> list[Finding]:
    exact: dict[str, tuple[Split, dict[int, Copy]]] = {}
    alike: dict[str, tuple[Split, dict[int, Copy]]] = {}
    for split in splits:
        keys = [split.keys[i] for i in split.filled]
        same = exact_duplicates(keys)
        exact[split.name] = split, {split.filled[i]: copy for i, copy in same.items()}
        if near:
            found = near_duplicates(keys)
            alike[split.name] = (
                split,
                {split.filled[i]: copy for i, copy in found.items() if i not in same},
            )
    total = sum(map(len, splits))
    return [
        *_copied("duplicates", exact, None, total),
        *_copied("near_duplicates", alike, None, total),
    ]


def _copied(
    kind: str, found: dict[str, tuple[Split, dict[int, Copy]]], other: Split | None, of: int
) -> list[Finding]:
    """Return a finding whose rows say which row they repeat, and of which split."""

    def why(split: Split, position: int) -> str:
        copy = found[split.name][1][position]
        there = other or split
        number = there.numbers[there.filled[copy.position]]
        place = f"{there.name} {number}" if other else str(number)
        return place if copy.similarity == 1 else f"{place} ({copy.similarity:.0%})"

    about = {"split": next(iter(found)), "other": other.name} if other else {}
    hits = {name: sorted(copies) for name, (_, copies) in found.items()}
    return finding(kind, [split for split, _ in found.values()], hits, why, of=of, **about)


def _conflicts(splits: Sequence[Split], kind: str) -> list[Finding]:
    """Return the rows whose text stands elsewhere, too, with another answer."""
    first: dict[str, str] = {}
    torn: dict[str, Counter[str]] = {}
    for split in splits:
        for i in _answered(split):
            key, answer = split.keys[i], split.answers[i]
            if first.setdefault(key, answer) != answer:
                torn.setdefault(key, Counter())
    hits = {split.name: [i for i in _answered(split) if split.keys[i] in torn] for split in splits}
    for split in splits:
        for i in hits[split.name]:
            torn[split.keys[i]][split.answers[i]] += 1
        # Rows of one text together, so that what they disagree about is seen.
        hits[split.name] = [i for _, i in sorted((split.keys[i], i) for i in hits[split.name])]

    def why(split: Split, position: int) -> str:
        held = torn[split.keys[position]]
        return ", ".join(f"{answer.replace(chr(0), ' ')} × {n}" for answer, n in held.items())

    return finding(kind, splits, hits, why, texts=f"{len(torn):,}")


def _answered(split: Split) -> Iterator[int]:
    return (i for i in split.filled if split.answers[i].strip("\0"))
