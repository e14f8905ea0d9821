"""How far people agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha.

Shapes:
    N items, R people, C categories.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np

from .journal import Decision, Place

Level = Literal["nominal", "ordinal", "interval"]
By = Mapping[str, Mapping[Place, Decision]]


def cohen_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], weights: str | None = None
) -> float | None:
    """Return the agreement of two people on the same items; None where chance cannot fail.

    `weights` of disagreement between ordered categories: `linear` or `quadratic`.

    Source: Cohen 1960; weighted, Cohen 1968.
    """
    from sklearn.metrics import confusion_matrix

    if not first or len({*first, *second}) < 2:
        return None
    table = confusion_matrix(first, second).astype(float)
    steps = np.abs(np.subtract.outer(np.arange(len(table)), np.arange(len(table))))
    power = {None: 0, "linear": 1, "quadratic": 2}[weights]
    costs = np.where(steps > 0, steps.astype(float) ** power, 0)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (costs * table).sum() / (costs * expected).sum())


def fleiss_kappa(counts: np.ndarray) -> float | None:
    """Return the agreement of as many people on every item; None where chance cannot fail.

    `counts` says how many gave each category to each item: (N, C).

    Source: Fleiss 1971.

    Raises:
        ValueError: items were judged by different numbers of people, or by one alone.
    """
    counts = np.asarray(counts, float)
    people = counts.sum(axis=1)
    if len(set(people)) != 1 or people[0] < 2:
        raise ValueError("every item must be judged by the same number of people, at least 2")
    raters = people[0]
    observed = ((counts**2).sum(axis=1) - raters).mean() / (raters * (raters - 1))
    expected = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    return None if expected == 1 else float((observed - expected) / (1 - expected))


def krippendorff_alpha(items: Sequence[Sequence[Any]], level: Level = "nominal") -> float | None:
    """Return the agreement of any number of people on each item; None where chance cannot fail.

    `items` holds the values that each was given, by whoever gave one; those with fewer than two
    do not count. Values of the levels `ordinal` and `interval` are numbers.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    pairable = [list(values) for values in items if len(values) > 1]
    totals = Counter(value for values in pairable for value in values)
    if len(totals) < 2:
        return None
    names = sorted(totals) if level != "nominal" else list(totals)
    number = {name: place for place, name in enumerate(names)}
    coincidences = np.zeros((len(names), len(names)))
    for values in pairable:
        own = np.bincount([number[value] for value in values], minlength=len(names)).astype(float)
        coincidences += (np.outer(own, own) - np.diag(own)) / (len(values) - 1)
    margins = coincidences.sum(axis=1)
    costs = _costs(names, margins, level)
    expected = (np.outer(margins, margins) - np.diag(margins)) / (margins.sum() - 1)
    return float(1 - (coincidences * costs).sum() / (expected * costs).sum())


def _costs(names: list[Any], margins: np.ndarray, level: Level) -> np.ndarray:
    """Return the squared difference between each two values: (C, C)."""
    if level == "nominal":
        return 1 - np.eye(len(names))
    if level == "interval":
        return np.subtract.outer(names, names).astype(float) ** 2
    # From the middle of the ranks of one value to the middle of those of the other.
    middles = np.cumsum(margins) - margins / 2
    return np.subtract.outer(middles, middles) ** 2


def agreement(by_person: By, kind: str) -> dict[str, Any]:
    """Return how far people agree on the items that several of them labelled.

    `kind` is what they gave (see `tasks.Labelling`). Of numbers, alpha is that of intervals; sets
    of labels and of spans agree where they are equal. `cohen` has each pair of people, `fleiss`
    is over the items that all have labelled. `disagreements` are the items on which they differ,
    with the value of each.
    """
    values = {
        who: {place: _comparable(one.value) for place, one in own.items()}
        for who, own in by_person.items()
        if own
    }
    places = sorted({place for own in values.values() for place in own})
    shared = {place: [own[place] for own in values.values() if place in own] for place in places}
    several = {place: given for place, given in shared.items() if len(given) > 1}
    agreed = [place for place, given in several.items() if len(set(given)) == 1]
    return {
        "people": {who: len(own) for who, own in values.items()},
        "items": len(places),
        "shared": len(several),
        "agreed": len(agreed),
        "cohen": _pairs(values),
        "fleiss": _fleiss([given for given in several.values() if len(given) == len(values)]),
        "krippendorff": krippendorff_alpha(
            list(several.values()), "interval" if kind == "number" else "nominal"
        ),
        "disagreements": [
            {
                "split": split,
                "row": row,
                "values": {
                    who: own[split, row].value
                    for who, own in by_person.items()
                    if (split, row) in own
                },
            }
            for split, row in several
            if len(set(several[split, row])) > 1
        ],
    }


def _pairs(values: Mapping[str, Mapping[Place, Hashable]]) -> list[dict[str, Any]]:
    found = []
    for one, other in combinations(values, 2):
        both = sorted(values[one].keys() & values[other].keys())
        if both:
            ours, theirs = [values[one][p] for p in both], [values[other][p] for p in both]
            same = sum(a == b for a, b in zip(ours, theirs, strict=True))
            found.append(
                {
                    "first": one,
                    "second": other,
                    "items": len(both),
                    "agreed": same,
                    "kappa": cohen_kappa(_as_text(ours), _as_text(theirs)),
                }
            )
    return found


def _fleiss(items: list[list[Hashable]]) -> float | None:
    if not items:
        return None
    names = list(dict.fromkeys(value for given in items for value in given))
    counts = [[given.count(name) for name in names] for given in items]
    return fleiss_kappa(np.array(counts))


def _as_text(values: Sequence[Hashable]) -> list[str]:
    return [json.dumps(value, ensure_ascii=False) for value in values]


def _comparable(value: Any) -> Any:
    """Return a value that equals another one where the two mean the same."""
    if isinstance(value, list):
        spans = [one for one in value if isinstance(one, dict)]
        if spans:
            return tuple(sorted((s["start"], s["end"], s.get("label", "")) for s in spans))
        return tuple(sorted(map(str, value)))
    return " ".join(value.split()) if isinstance(value, str) else value
