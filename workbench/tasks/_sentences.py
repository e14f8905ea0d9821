"""Sentences of words: cut from a text, and into pieces; put together again, shown with entities."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from zlib import crc32

from ..errors import ModelError
from ._encode import encoder_of
from ._labelling import word_places
from ._records import RowError, Setup
from ._tags import entities

# The label of a piece that is not learned from.
IGNORED = -100
# A Chinese or Japanese character, else a word, else a mark.
WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u9fff]+(?:['’]\w+)?|\S")


def words_of(held: Any, tags: int = 0) -> list[str]:
    """Return the words of a cell; a text is cut into them, as its tags have it if that fits."""
    if isinstance(held, str):
        ways = [held.split(), list(held), list("".join(held.split()))]
        return next((way for way in ways if len(way) == tags), WORDS.findall(held))
    if not isinstance(held, list | tuple):
        raise RowError("no_list", held)
    return [str(word) for word in held]


def joined(words: list[str]) -> str:
    """Return words as a text; Chinese characters stand close together."""
    return "".join(gap + word for gap, word in zip(_gaps(words), words, strict=True))


def pieces_of(setup: Setup, texts: list[str]) -> Any:
    if not setup.tokenizer.is_fast:
        raise ModelError(
            "the tokenizer {tokenizer} does not say where its tokens are from, which tags need",
            "choose a model with a tokenizer.json",
            tokenizer=type(setup.tokenizer).__name__,
        )
    return encoder_of(setup)(
        texts, truncation=True, max_length=setup.max_tokens, return_offsets_mapping=True
    )


def first_pieces(words: list[str], offsets: list[tuple[int, int]]) -> list[int]:
    """Return the piece with which each word of the joined text begins, or -1."""
    owner: list[int] = []
    for number, word in enumerate(words):
        owner += [number] * len(word) + [-1]
    first = [-1] * len(words)
    for piece, (start, end) in enumerate(offsets):
        own = next((n for n in owner[start:end] if n >= 0), -1)
        if own >= 0 and first[own] < 0:
            first[own] = piece
    return first


def on_pieces(first: list[int], tags: list[int], pieces: int) -> list[int]:
    labels = [IGNORED] * pieces
    for piece, tag in zip(first, tags, strict=True):
        if piece >= 0:
            labels[piece] = tag
    return labels


def coloured(words: list[str], tags: list[str]) -> Any:
    """Return a sentence as HTML in which each entity has the colour of its type, and its name."""
    from markupsafe import Markup

    starts = {first: (kind, last) for kind, first, last in entities(tags)}
    text, gaps = joined(words), _gaps(words)
    spots = word_places(words, text)
    parts, place = [], 0
    while place < len(words):
        kind, last = starts.get(place, ("", place))
        own, gap = text[spots[place][0] : spots[last][1]], gaps[place]
        hue = crc32(kind.encode()) % 360
        shape = (
            '{}<mark style="background:hsl({} 75% 82%);color:#111;border-radius:3px;'
            'padding:1px 3px">{}<small style="margin-left:4px;opacity:.75">{}</small></mark>'
        )
        parts.append(Markup(shape).format(gap, hue, own, kind) if kind else Markup(gap) + own)
        place = last + 1
    return Markup("").join(parts)


def _gaps(words: list[str]) -> list[str]:
    """Return what stands before each word: a blank, but none beside Chinese characters.

    In Chinese that was cut into characters, Latin letters were cut apart, too: they get none.
    """
    if all(len(word) < 2 for word in words) and any(map(_is_eastern, words)):
        return [""] * len(words)
    gaps = ["" if _is_eastern(a[-1:]) or _is_eastern(b[:1]) else " " for a, b in pairwise(words)]
    return ["", *gaps][: len(words)]


def _is_eastern(character: str) -> bool:
    return "\u2e80" <= character <= "\ufaff" or "\uff00" <= character <= "\uffef"
