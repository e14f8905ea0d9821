"""The built-in tweets, fit to be shown to a class: characters repaired, unfit rows left out.

The file is Mac Roman, and what stands in it was UTF-8 that had been read as Windows-1252 and saved
as Mac Roman before, once to three times: `’` is `‰Ûª` or `äó»`. A character that Mac Roman does not
have became `_`. Where all bytes are known, this is undone. Left out are rows that stay broken, rows
on two quarrels about persons (a football scandal, party politics), and rows with insults or swear
words.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from ._cache import member_path
from ._unpacked import unpacked
from .base import Progress
from .catalogue import Entry

# Raised when other rows come of the same file, so that older copies are not taken.
_VERSION = 1
_ROUNDS = 4
# Bytes that Windows-1252 has no character for: they stayed what they were each time.
_KEPT = frozenset(b"\x81\x8d\x8f\x90\x9d")
# Characters of which a byte was lost, known by where they stand: … where a tweet is cut, and ’.
_LOST = {"‰Û_": "…", "äó_": "…", "’¢_äŒ_Ü¢": "’"}
_BROKEN = re.compile("|".join(_LOST) + r"|_?[^\x00-\x7f]+")
_TOPICS = re.compile(
    r"deflat|ballghazi|patriots|\bpats\b|brady|belichick|\bnfl\b|super ?bowl|seahawks|colts|"
    r"obama|bush\b|clinton|trump|republican|democrat|congress|\bgop\b|politic|liberals?\b|\bisis\b"
)
# Letters with signs between or after them that stand for others: sh*t, f%$#.
_MASKED = re.compile(r"[a-z][*]+[a-z]|[a-z][%$#&^*@]*[%^*][%$#&^*@]+")
_RUDE_SIGNS = frozenset("\U0001f595\U0001f4a9\U0001f52b")  # a finger, dung, a pistol
_REPEATED = re.compile(r"(.)\1{2,}")
_WORDS = Path(__file__).parent / "words_left_out.txt"


def clean_tweets(entry: Entry, progress: Progress | None = None) -> Path:
    """Return a file of the tweets that can be shown: `sentiment`, `confidence`, `text`.

    Raises:
        SourceError: the cache folder cannot be written, or its disk is full.
    """
    source = member_path(entry.wheel, entry.members[0])

    def make(folder: Path, _: Progress | None) -> None:
        rows, _left_out = cleaned(source)
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        (folder / "tweets.jsonl").write_text(lines, "utf-8", newline="\n")

    folder = unpacked("tweets", f"{entry.sha256}:{_VERSION}", make, progress)
    return folder / "tweets.jsonl"


def cleaned(source: Path) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Return the rows to show, and how many were left out: `broken`, `topic`, `words`."""
    rows, left_out = [], Counter[str]()
    with source.open(encoding="mac_roman", newline="") as file:
        for row in csv.DictReader(file):
            text = repaired(row["text"])
            if reason := "broken" if text is None else why_unfit(text):
                left_out[reason] += 1
                continue
            confidence = float(row["confidence"]) if row["confidence"] else None
            rows.append({"sentiment": row["sentiment"], "confidence": confidence, "text": text})
    return rows, left_out


def why_unfit(text: str) -> str:
    """Return why a text is left out, `topic` or `words`, or an empty string."""
    lower = text.lower()
    if _TOPICS.search(lower):
        return "topic"
    if (
        _RUDE_SIGNS & set(text)
        or _MASKED.search(lower)
        or any(map(_is_rude, re.findall(r"[a-z0-9]+", lower)))
    ):
        return "words"
    return ""


def repaired(text: str) -> str | None:
    """Undo the wrong decodings of a text; None where bytes are lost that cannot be known."""
    if text.isascii():
        return text
    parts, end = [], 0
    for found in _BROKEN.finditer(text):
        right = _LOST.get(found.group()) or _decoded(found.group())
        if right is None:
            return None
        parts += [text[end : found.start()], right]
        end = found.end()
    return "".join(parts) + text[end:]


def _decoded(broken: str) -> str | None:
    """Return what stands behind broken characters; a `_` before them may be an emoji's first byte.

    The first byte of an emoji, F0, is a letter that Mac Roman does not have.
    """
    before, rest = ("_", broken[1:]) if broken[0] == "_" else ("", broken)
    content = rest.encode("mac_roman")
    for _ in range(_ROUNDS):
        for kept, lead in ((before, b""), ("", b"\xf0"))[: 1 + bool(before)]:
            try:
                text = (lead + content).decode("utf-8")
            except UnicodeDecodeError:
                continue
            if all(map(_is_plain, text)):
                return kept + text
        try:
            content = b"".join(map(_one_round_back, content))
        except UnicodeEncodeError:
            return None
    return None


def _one_round_back(byte: int) -> bytes:
    one = bytes([byte])
    return one if byte in _KEPT else one.decode("mac_roman").encode("cp1252")


def _is_plain(character: str) -> bool:
    """Say whether a character is one that such tweets have: accents, marks, emoji."""
    if unicodedata.name(character, "").startswith("LATIN "):
        return character <= "\u00ff"
    kinds = ("Pd", "Pi", "Pf", "Po", "Sm", "So", "Sc")
    if "\u2010" <= character < "\u2c00":
        return unicodedata.category(character) in kinds
    return character in "\ufe0f\u200d\xa3\xa9\xae\xb0" or "\U0001f300" <= character < "\U0001fb00"


def word_mark(word: str) -> str:
    """Return how a word stands in the lists."""
    return hashlib.sha256(word.encode()).hexdigest()[:12]


@cache
def _marks() -> tuple[frozenset[str], frozenset[str]]:
    """Return the marks of what is left out within words, and as whole words."""
    _, inside, whole = re.split(r"^#.*:$", _WORDS.read_text("utf-8"), flags=re.MULTILINE)
    return frozenset(inside.split()), frozenset(whole.split())


@cache
def _is_rude(word: str) -> bool:
    """Say whether a word is in the lists, also with letters repeated."""
    within, whole = _marks()
    short = _REPEATED.sub(r"\1", word)
    if not whole.isdisjoint((word_mark(word), word_mark(short))):
        return True
    sizes = range(4, 9)
    parts = {short[at : at + size] for size in sizes for at in range(len(short) - size + 1)}
    return any(word_mark(part) in within for part in parts)
