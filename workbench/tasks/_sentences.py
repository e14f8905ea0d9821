"""Sentences of words: cut from a text, put together again, and shown with their entities."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from zlib import crc32

from ._tags import entities

# A Chinese or Japanese character, else a word, else a mark.
WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u9fff]+(?:['’]\w+)?|\S")


def joined(words: list[str]) -> str:
    """Return words as a text; Chinese characters stand close together."""
    text = "".join(words[:1])
    for before, word in pairwise(words):
        text += word if _closed(before, word) else f" {word}"
    return text


def coloured(words: list[str], tags: list[str]) -> Any:
    """Return a sentence as HTML in which each entity has the colour of its type, and its name."""
    from markupsafe import Markup

    starts = {first: (kind, last) for kind, first, last in entities(tags)}
    parts, place = [], 0
    while place < len(words):
        kind, last = starts.get(place, ("", place))
        text = joined(words[place : last + 1])
        gap = "" if place == 0 or _closed(words[place - 1], words[place]) else " "
        hue = crc32(kind.encode()) % 360
        shape = (
            '{}<mark style="background:hsl({} 75% 82%);color:#111;border-radius:3px;'
            'padding:1px 3px">{}<small style="margin-left:4px;opacity:.75">{}</small></mark>'
        )
        parts.append(Markup(shape).format(gap, hue, text, kind) if kind else Markup(gap) + text)
        place = last + 1
    return Markup("").join(parts)


def _closed(before: str, word: str) -> bool:
    return any(
        "\u2e80" <= c <= "\ufaff" or "\uff00" <= c <= "\uffef" for c in (before[-1:], word[:1])
    )
