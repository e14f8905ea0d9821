"""What a column of labels holds as a whole: spellings of numbers, one-hot rows, separators.

No single cell tells these; the column does, and what was taken is said.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import as_text

# A whole number without leading zeros: 007 is a name, and so are the digits of an identifier.
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?\Z")
SEPARATORS = (";", "|", ",", "/", "、", "，", "；", "#", "&", "+")
NO_LABEL = ("-", "--", "–", "—")
_WITHOUT_VALUE = {"1": True, "0": False, "true": True, "false": False}


@dataclass(frozen=True)
class LabelColumn:
    """What is known of a column of labels.

    `spellings` gives, of a number that is written in several ways, the one that counts;
    `separator` stands between the labels of a cell; `one_hot` says that each cell holds a 0 or 1
    for each class; `none` are values that say that there is no label.
    """

    spellings: Mapping[str, str] = field(default_factory=dict)
    separator: str = ""
    one_hot: bool = False
    none: frozenset[str] = frozenset()


def spellings(cells: Iterable[Any]) -> dict[str, str]:
    """Return, of numbers that a column writes in several ways, each with the shortest: 1.0, 1."""
    texts = {as_text(cell).strip() for cell in cells if not isinstance(cell, bool)}
    ways: dict[str, list[str]] = defaultdict(list)
    for text in sorted(filter(_NUMBER.match, texts)):
        whole = text.rstrip("0").rstrip(".") if "." in text else text
        ways[whole.removeprefix("+")].append(text)
    return {
        text: min(held, key=len)
        for held in ways.values()
        for text in held
        if text != min(held, key=len)
    }


def no_labels(cells: Iterable[Any], kept: Sequence[str], gold: bool) -> frozenset[str]:
    """Return the values of a column that say that a row has no label: `-1`, `-`.

    `-1` is one only where the others count from 0 to 2 at least, or, in a column of `gold`
    labels, to 1; in -1, 0, 1 it is a class. What is `kept` by `data.labels` is a label.
    """
    values = {as_text(cell).strip() for cell in cells if not isinstance(cell, list | dict)}
    values.discard("")
    found = {value for value in values if value in NO_LABEL}
    if found == values or "+" in values:  # bad and good, as some write them
        found = set()
    others = {value.removesuffix(".0") for value in values} - {"-1"}
    counted = others == {str(number) for number in range(len(others))}
    if counted and (len(others) > 2 or (gold and len(others) > 1)):
        found |= {value for value in values if value.removesuffix(".0") == "-1"}
    return frozenset(found - set(kept))


def is_one_hot(cells: Iterable[Any]) -> bool:
    """Say whether each cell is a list with a 0 or 1 for each of the same classes, two at least."""
    held = [cell for cell in cells if cell is not None and cell != ""]
    if not held or not all(isinstance(one, list) and len(one) == len(held[0]) for one in held):
        return False
    values = {as_text(cell).removesuffix(".0").casefold() for one in held for cell in one}
    return len(held[0]) > 1 and values <= _WITHOUT_VALUE.keys()


def is_one(cell: Any) -> bool:
    """Say whether a cell of a one-hot row is set."""
    return _WITHOUT_VALUE.get(as_text(cell).removesuffix(".0").casefold(), False)


def separator_of(cells: Iterable[Any]) -> str:
    """Return what stands between the labels of cells that hold several; empty where none does.

    Its parts recur, and most of them stand alone in a cell, too, or there are far fewer parts
    than cells that differ.
    """
    texts = Counter(text for cell in cells if (text := as_text(cell).strip()))
    for mark in SEPARATORS:
        several = {text for text in texts if mark in text}
        if not several or len(texts) < 3:
            continue
        parts = Counter[str]()
        for text in several:
            parts.update({part.strip(): texts[text] for part in text.split(mark)})
        if "" in parts or any(len(part) > 40 for part in parts):
            continue
        alone = sum(part in texts for part in parts)
        few = len(parts) < len(several) and min(parts.values()) > 1
        if len(parts) > 1 and ((2 * alone >= len(parts) and few) or 2 * len(parts) <= len(several)):
            return mark
    return ""
