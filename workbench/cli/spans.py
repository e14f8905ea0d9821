"""Spans on the terminal: a line says which words of the text are marked, and as what.

`Angela Merkel = PER; 7-8 = 2` marks the words where they first stand as PER, and the seventh to the
eighth word as the second label; `Merkel #2` is the second place where they stand, `0` is no span.
"""

from __future__ import annotations

import re
from typing import Any

from ..labelling.items import Item, Question
from ..tasks._labelling import word_indices
from ..tasks._sentences import WORDS

NONE = "0"
MOST_NUMBERED = 80
_PLACES = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?\Z")


def words_of(item: Item, question: Question) -> list[tuple[int, int]]:
    """Return where each word stands that can be named by its number."""
    text, held = item.texts[question.inside], item.values.get(question.inside)
    if isinstance(held, list):
        return word_indices(list(map(str, held)), text)
    return [match.span() for match in WORDS.finditer(text)]


def numbered(item: Item, question: Question) -> str:
    """Return the words with their numbers, as a line; empty where they are too many to count."""
    words, text = words_of(item, question), item.texts[question.inside]
    if len(words) > MOST_NUMBERED:
        return ""
    return "  ".join(f"{n} {text[start:end]}" for n, (start, end) in enumerate(words, 1))


def read_spans(line: str, item: Item, question: Question) -> list[dict[str, Any]]:
    """Return the spans that a line marks.

    Raises:
        ValueError: the line is empty, or names words or a label that there are not.
    """
    if line == NONE:
        return []
    whole = line in item.texts[question.inside]
    return [_span(part.strip(), item, question) for part in ([line] if whole else line.split(";"))]


def _span(part: str, item: Item, question: Question) -> dict[str, Any]:
    where, sign, name = part.rpartition("=") if question.labels else (part, "", "")
    if not sign:
        where, name = part, question.labels[0] if len(question.labels) == 1 else ""
    start, end = _place(where.strip(), item, question)
    return {"start": start, "end": end} | (
        {"label": _label(name.strip(), question)} if question.labels else {}
    )


def _place(where: str, item: Item, question: Question) -> tuple[int, int]:
    words, text = words_of(item, question), item.texts[question.inside]
    if match := _PLACES.match(where):
        first, last = int(match[1]), int(match[2] or match[1])
        if 1 <= first <= last <= len(words):
            return words[first - 1][0], words[last - 1][1]
    bare, _, count = where.partition(" #")
    bare = bare.strip('"')
    found = [match.start() for match in re.finditer(re.escape(bare), text)] if bare else []
    place = int(count or 1)
    if not 1 <= place <= len(found):
        raise ValueError(where)
    return found[place - 1], found[place - 1] + len(bare)


def _label(name: str, question: Question) -> str:
    if name.isdecimal() and 1 <= int(name) <= len(question.labels):
        return question.labels[int(name) - 1]
    return name
