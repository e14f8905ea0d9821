"""Tags of words and the entities that they spell out: schemes, files and scores.

An entity is `(type, first word, last word)`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

Entity = tuple[str, int, int]

OUTSIDE = "O"
# L and U are what BILOU calls the last word of an entity, and the only one; in BMES, M is inside.
TAG = re.compile(r"(?:O|[BIESLUMW][-_]\S+)\Z")
_SAME = {"L": "E", "U": "S", "W": "S", "M": "I"}
SAMPLE_LINES = 500
HEADER = "-DOCSTART-"
# One character of a Chinese word with its place in the word behind it: 科0 技1.
_PLACED = re.compile(r"\D\d\Z")


def entities(tags: Sequence[str]) -> list[Entity]:
    """Return the entities that tags spell out, in any of the usual schemes.

    They are BIO, IOB1, IO, BIOES, BILOU and BMES. A tag without a scheme, such as NOUN, is of its
    word alone. A tag that goes on with nothing, or with an entity of another type, begins one.

    Source: seqeval (Nakayama 2018), `get_entities`, after the script conlleval of CoNLL-2000.
    """
    found: list[list[Any]] = []
    before, open_type = OUTSIDE, ""
    for place, tag in enumerate(tags):
        mark, kind = tag[:1], tag[2:]
        if not TAG.match(tag):
            mark, kind = "S", tag
        mark = _SAME.get(mark, mark)
        if mark != OUTSIDE:
            if mark in "BS" or before in "ESO" or kind != open_type:
                found.append([kind, place, place])
            else:
                found[-1][2] = place
        before, open_type = mark, kind
    return [(kind, first, last) for kind, first, last in found]


def as_bio(spans: Iterable[Entity], words: int) -> list[str]:
    """Return the tags of so many words that spell out these entities in BIO."""
    tags = [OUTSIDE] * words
    for kind, first, last in spans:
        tags[first : last + 1] = [f"B-{kind}", *[f"I-{kind}"] * (last - first)]
    return tags


def entity_scores(true: list[list[str]], predicted: list[list[str]]) -> dict[str, Any]:
    """Return precision, recall and F1 over all entities, and for each type of the true ones.

    An entity is found if its type and both its ends are right. A share of nothing is 0.
    """
    held, said, right = Counter[str](), Counter[str](), Counter[str]()
    for ours, theirs in zip(true, predicted, strict=True):
        wanted, given = set(entities(ours)), set(entities(theirs))
        held.update(kind for kind, *_ in wanted)
        said.update(kind for kind, *_ in given)
        right.update(kind for kind, *_ in wanted & given)
    per_type: list[dict[str, Any]] = [
        {"label": kind, **_shares(right[kind], said[kind], held[kind]), "support": held[kind]}
        for kind in sorted({*held, *said})
    ]
    f1 = [entry["f1"] for entry in per_type]
    return {
        **_shares(right.total(), said.total(), held.total()),
        "f1_macro": sum(f1) / len(f1) if f1 else 0.0,
        "per_class": per_type,
    }


def entity_rescore(
    true: list[list[str]], predicted: list[list[str]]
) -> Callable[[Any], dict[str, float]]:
    """Return what gives precision, recall and F1 of some sentences, by their places (K,)."""
    pairs = [
        (set(entities(ours)), set(entities(theirs)))
        for ours, theirs in zip(true, predicted, strict=True)
    ]
    counts = np.array([(len(held & said), len(said), len(held)) for held, said in pairs])

    def scores(places: Any) -> dict[str, float]:
        right, said, held = counts[places].sum(axis=0).tolist()
        return _shares(right, said, held)

    return scores


def _shares(right: int, said: int, held: int) -> dict[str, float]:
    return {
        "precision": right / said if said else 0.0,
        "recall": right / held if held else 0.0,
        "f1": 2 * right / (said + held) if said + held else 0.0,
    }


def read_conll(text: str) -> tuple[list[dict[str, Any]], int] | None:
    """Read a file with a word and its tag on each line and empty lines between sentences.

    Returns the sentences, and from how many words the place in the Chinese word was cut off; None
    where most lines do not end in a tag. The word stands first, or behind a number; the tag
    stands last, of numbered words in the first column that has only tags. A line without a tag
    leaves its sentence with fewer tags than words.
    """
    lines = [_cells(line) for line in text.split("\n")]
    width = Counter(len(cells) for cells in lines if cells).most_common(1)
    lines = [cells for cells in lines if not cells or not _is_remark(cells, width[0][0])]
    filled = [cells for cells in lines if cells][:SAMPLE_LINES]
    # A csv has no tag after a blank, and a sentence is no word with a tag.
    tagged = sum(len(cells) > 1 and bool(TAG.match(cells[-1])) for cells in filled)
    if not filled or tagged < 0.8 * len(filled):
        return None
    word, tag = _places(filled)
    rows: list[dict[str, Any]] = []
    words: list[str] = []
    tags: list[str] = []
    for cells in [*lines, []]:
        if cells and len(cells) > word:
            words.append(cells[word])
            tags += [cells[tag]] if len(cells) > word + 1 and TAG.match(cells[tag]) else []
        elif words:
            rows.append({"tokens": words, "tags": tags})
            words, tags = [], []
    every = [word for row in rows for word in row["tokens"]]
    if sum(bool(_PLACED.match(word)) for word in every) < 0.95 * len(every):
        return rows, 0
    return [row | {"tokens": [_unplaced(word) for word in row["tokens"]]} for row in rows], len(
        every
    )


def _is_remark(cells: list[str], width: int) -> bool:
    """Say whether a line is no word: the token `#` has a tag, and as many cells as others."""
    is_word = len(cells) == width and TAG.match(cells[-1])
    return cells[0] == HEADER or (cells[0] == "#" and not is_word)


def _cells(line: str) -> list[str]:
    if not line.strip():
        return []
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()


def _places(filled: list[list[str]]) -> tuple[int, int]:
    """Return the columns of the word and of its tag; the latter may count from the end."""
    numbered = all(cells[0].isdecimal() for cells in filled) and min(map(len, filled)) > 2
    if not numbered:
        return 0, -1
    width = min(map(len, filled))
    pure = (n for n in range(2, width) if all(TAG.match(cells[n]) for cells in filled))
    return 1, next(pure, -1)


def _unplaced(word: str) -> str:
    return word[:-1] if _PLACED.match(word) else word
