"""Sentences of words: cut from a text, and into pieces; put together again, shown with entities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from zlib import crc32

from ..errors import ModelError
from ._encode import encoder_of
from ._labelling import word_indices
from ._records import Record, RowError, Setup
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
    return "".join(gap + word for gap, word in zip(gaps_before(words), words, strict=True))


def encode_words(setup: Setup, sentences: list[list[str]]) -> Record:
    """Return the pieces of sentences of words, and in `first` the first piece of each word.

    `first` has -1 for a word without a piece. Words are encoded with blanks between them. Where a
    text has none, between Chinese characters, some tokenizers make a token of each blank, which no
    text of the model's pretraining had: those are left out.

    Raises:
        ModelError: the tokenizer does not say which piece comes from where.
    """
    if not setup.tokenizer.is_fast:
        raise ModelError(
            "the tokenizer {tokenizer} does not say where its tokens are from, which tags need",
            "choose a model with a tokenizer.json",
            tokenizer=type(setup.tokenizer).__name__,
        )
    # With what is left out, twice the limit is enough for as many pieces as the limit.
    encoded = encoder_of(setup)(
        [" ".join(words) for words in sentences],
        truncation=True,
        max_length=2 * setup.max_tokens + 10,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        verbose=False,
    )
    names = [name for name in setup.tokenizer.model_input_names if name in encoded]
    found: dict[str, list[Any]] = {name: [] for name in [*names, "first"]}
    for row, words in enumerate(sentences):
        tokens = setup.tokenizer.convert_ids_to_tokens(encoded["input_ids"][row])
        offsets, special = encoded["offset_mapping"][row], encoded["special_tokens_mask"][row]
        kept, first = pieces_of_words(
            words, tokens, offsets, special, setup.max_tokens, setup.tokenizer.truncation_side
        )
        for name in names:
            found[name].append([encoded[name][row][n] for n in kept])
        found["first"].append(first)
    return found


def encode_windows(setup: Setup, sentences: list[list[str]]) -> Record:
    """Return the pieces of sentences in as many windows as each takes; see `encode_words`.

    `sentence` says whose a window is, and `begin` with which word it begins. A word has a piece in
    one window only: a later window begins with words of the one before, for context.
    """
    found = encode_words(setup, sentences)
    found |= {"sentence": list(range(len(sentences))), "begin": [0] * len(sentences)}
    for number, words in enumerate(sentences):
        for window in _later_windows(setup, words, _end(found["first"][number])):
            for name, held in (window | {"sentence": [number]}).items():
                found[name] += held
    return found


def _later_windows(setup: Setup, words: list[str], end: int) -> Iterator[Record]:
    """Yield windows of the words from `end` on, each with a quarter of the one before it."""
    begin, empty = 0, setup.tokenizer.num_special_tokens_to_add()
    while end < len(words):
        for start in (end - (end - begin) // 4, end):  # a long word may leave no room for context
            held = words[start : start + setup.max_tokens]
            window = encode_words(setup, [held])
            first = [-1] * (end - start) + window["first"][0][end - start :]
            if _end(first):
                break
        else:  # words that no window holds: too long, or nothing to the tokenizer
            end += 1 if len(window["input_ids"][0]) > empty else len(held)
            continue
        yield window | {"first": [first], "begin": [start]}
        begin, end = start, start + _end(first)


def _end(first: list[int]) -> int:
    """Return the place behind the last word that has a piece."""
    return 1 + max((n for n, piece in enumerate(first) if piece >= 0), default=-1)


def pieces_of_words(
    words: list[str], tokens: list[str], offsets: list[tuple[int, int]], special: list[int],
    limit: int, side: str,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """Return which pieces of a joined sentence are kept, and which of them begins each word, or -1.

    What is beyond the limit is left out at one side, but for control tokens; so is a token that is
    nothing but a blank (BERT's tokenizers have none), where the text itself has no blank.
    """
    word_at: list[int] = []
    for number, word in enumerate(words):
        word_at += [number] * len(word) + [-1]
    owners = [next((n for n in word_at[start:end] if n >= 0), -1) for start, end in offsets]
    solid = {own for own, token in zip(owners, tokens, strict=True) if token not in ("▁", "Ġ")}
    blank = [
        token in ("▁", "Ġ") and (own < 0 or own in solid)
        for own, token in zip(owners, tokens, strict=True)
    ]
    for piece in reversed(range(len(owners) - 1)):
        owners[piece] = owners[piece + 1] if blank[piece] else owners[piece]
    gaps = gaps_before(words)
    kept = [n for n, own in enumerate(owners) if not blank[n] or own < 1 or gaps[own]]
    plain = [n for n in kept if not special[n]]
    beyond = max(len(kept) - limit, 0)
    left_out = set(plain[:beyond] if side == "left" else plain[max(len(plain) - beyond, 0) :])
    kept = [n for n in kept if n not in left_out]
    first = [-1] * len(words)
    for piece, n in enumerate(kept):
        if owners[n] >= 0 and first[owners[n]] < 0 and not blank[n]:
            first[owners[n]] = piece
    return kept, first


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
    text, gaps = joined(words), gaps_before(words)
    spots = word_indices(words, text)
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


def gaps_before(words: list[str]) -> list[str]:
    """Return what stands before each word: a blank, but none beside Chinese characters.

    In Chinese that was cut into characters, Latin letters were cut apart, too: they get none.
    """
    if all(len(word) < 2 for word in words) and any(map(is_eastern, words)):
        return [""] * len(words)
    gaps = ["" if is_eastern(a[-1:]) or is_eastern(b[:1]) else " " for a, b in pairwise(words)]
    return ["", *gaps][: len(words)]


def is_eastern(character: str) -> bool:
    return "\u2e80" <= character <= "\ufaff" or "\uff00" <= character <= "\uffef"
