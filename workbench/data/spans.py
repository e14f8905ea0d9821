"""Spans of characters, in all the ways in which files write them, as words with BIO tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tasks._sentences import WORDS
from ..tasks._tags import as_bio
from .values import structure

Span = tuple[int, int, str]

_STARTS = ("start", "start_offset", "begin", "start_idx", "start_pos", "startOffset", "start_char")
_ENDS = ("end", "end_offset", "stop", "end_idx", "end_pos", "endOffset", "end_char")
_LABELS = ("label", "labels", "type", "entity_type", "entity", "tag", "category", "class",
           "entity_group")  # fmt: skip
_SAID = ("text", "word", "value", "mention", "span", "entity")


def spans_in(cell: Any, text: str) -> list[Span] | None:
    """Return the spans that a cell holds; None where it holds something else.

    They are lists of start, end and label, objects with such keys, or, as CLUENER has them,
    places by label and by text, whose end is the last character itself.
    """
    held = structure(cell)
    if isinstance(held, dict):
        if isinstance(inner := held.get("entities", held.get("spans")), list):
            return spans_in(inner, text)
        return _by_label(held, text)
    if not isinstance(held, list):
        return None
    found: list[Span] = []
    for one in held:
        span = _span(one, text)
        if span is None:
            return None
        found.append(span)
    return found


def _span(one: Any, text: str) -> Span | None:
    if isinstance(one, list | tuple) and len(one) == 3:
        if _is_place(one[0]) and _is_place(one[1]) and isinstance(one[2], str):
            return one[0], one[1], one[2]
        if isinstance(one[0], str) and _is_place(one[1]) and _is_place(one[2]):
            return one[1], one[2], one[0]
        return None
    if not isinstance(one, dict):
        return None
    start, end = (next((one[key] for key in keys if _is_place(one.get(key))), None)
                  for keys in (_STARTS, _ENDS))  # fmt: skip
    label = next((one[key] for key in _LABELS if one.get(key)), None)
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    if start is None or end is None or not isinstance(label, str):
        return None
    said = [one[key] for key in _SAID if isinstance(one.get(key), str) and one[key] != label]
    if said and text[start:end] not in said and text[start : end + 1] in said:
        end += 1
    return start, end, label


def _by_label(held: dict[str, Any], text: str) -> list[Span] | None:
    found: list[Span] = []
    for label, places in held.items():
        if isinstance(places, dict):
            for said, ends in places.items():
                if not isinstance(ends, list):
                    return None
                for start, end in map(_ends, ends):
                    if start < 0:
                        return None
                    whole = text[start : end + 1] == said
                    found.append((start, end + 1 if whole else end, str(label)))
        elif isinstance(places, list) and places:
            for start, end in map(_ends, places):
                if start < 0:
                    return None
                found.append((start, end, str(label)))
        else:
            return None
    return found


def _ends(place: Any) -> tuple[int, int]:
    if isinstance(place, list) and len(place) == 2 and all(map(_is_place, place)):
        return place[0], place[1]
    return -1, -1


def _is_place(held: Any) -> bool:
    return isinstance(held, int) and not isinstance(held, bool) and held >= 0


def without_overlaps(spans: Sequence[Any], place: Any = None) -> tuple[list[Any], list[Any]]:
    """Return the spans that can stand side by side, and those left out for a longer one.

    Of spans that overlap the longest is kept, of equal ones the first, as spaCy's `filter_spans`
    has it.
    """
    place = place or (lambda span: (span[0], span[1]))
    kept: list[Any] = []
    dropped: list[Any] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda one: (place(one)[0] - place(one)[1], place(one)[0])):
        own = set(range(*place(span)))
        if own & taken:
            dropped.append(span)
        else:
            kept.append(span)
            taken |= own
    return sorted(kept, key=place), dropped


def as_words(text: str, spans: Sequence[Span]) -> tuple[list[str], list[str]]:
    """Return the words of a text and their BIO tags; a span's end cuts a word in two."""
    edges = {edge for start, end, _ in spans for edge in (start, end)}
    places: list[tuple[int, int]] = []
    for match in WORDS.finditer(text):
        cuts = [match.start(), *sorted(e for e in edges if match.start() < e < match.end())]
        places += list(zip(cuts, [*cuts[1:], match.end()], strict=True))
    held = []
    for start, end, label in spans:
        inside = [n for n, (a, b) in enumerate(places) if a < end and b > start]
        if inside:
            held.append((label, inside[0], inside[-1]))
    return [text[a:b] for a, b in places], as_bio(held, len(places))
