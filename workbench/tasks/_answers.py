"""Answers that stand in a passage: how files write them, where they are, and how they score."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ._records import Record, RowError

# How far a stated place may be off where the answer stands in the passage more than once.
NEAR_CHARACTERS = 10
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_CHARACTER = re.compile(f"[{_CJK}]")
_TOKENS = re.compile(f"[{_CJK}]|[^\\s{_CJK}]+")
_MARKS = re.compile(r"[^\w\s]|_")
_SENTENCES = re.compile(r"[^.!?。！？\n]*(?:[.!?](?=\s|$)|[.!?](?!\s)[^.!?。！？\n]*|[。！？\n]|$)")
_WORDS = re.compile(f"[{_CJK}]|\\w+")


def read_squad(text: str) -> list[Record] | None:
    """Read the nested JSON of SQuAD: articles, their paragraphs, and the questions on each.

    None where the text is something else; what is damaged, the reader of tables tells. The
    answers of a question that is marked as impossible do not count.
    """
    if '"paragraphs"' not in text:
        return None
    try:
        articles = json.loads(text)["data"]
        return [
            {
                "id": asked.get("id", ""),
                "title": article.get("title", ""),
                "context": paragraph.get("context"),
                "question": asked.get("question"),
                "answers": [] if is_true(asked.get("is_impossible")) else asked.get("answers"),
            }
            for article in articles
            for paragraph in article["paragraphs"]
            for asked in paragraph["qas"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def is_true(value: Any) -> bool:
    """Say whether a flag is set; some files write it as a word."""
    return str(value).strip().lower() in ("true", "1", "yes")


def read_answers(held: Any, starts: Any = None) -> list[tuple[str, int | None]]:
    """Return the answers of a cell with their places, as far as these are stated.

    SQuAD has a list of `{text, answer_start}`, its flat form a mapping of two lists, other files
    a text with its start in a column beside it.

    Raises:
        RowError: the cell is empty or holds nothing of the kind.
    """
    if isinstance(held, dict):
        texts = held.get("text")
        places = held.get("answer_start", held.get("start"))
        if isinstance(texts, str):
            texts, places = [texts], [places]
        places = [None] * len(texts or ()) if places is None else list(places)
        if texts is None or len(texts) != len(places):
            raise RowError("no_answers", held)
        pairs = list(zip(texts, places, strict=True))
    elif isinstance(held, str):
        if not held.strip():
            raise RowError("empty_answer")
        pairs = [(held, starts)]
    elif isinstance(held, list):
        if not all(
            isinstance(one, str) or (isinstance(one, dict) and "text" in one) for one in held
        ):
            raise RowError("no_answers", held)
        pairs = [
            (one, None) if isinstance(one, str) else (one["text"], one.get("answer_start"))
            for one in held
        ]
    else:
        raise RowError("empty_answer" if held is None or held != held else "no_answers", held)  # noqa: PLR0124
    return [(str(text), _number(place)) for text, place in pairs]


def _number(place: Any) -> int | None:
    try:
        return int(place)
    except (TypeError, ValueError):
        return None


def place_answer(
    context: str, text: str, start: int | None, repaired: Callable[[str, object], None]
) -> tuple[str, int] | None:
    """Return an answer as it stands in the passage, and where; None if it does not.

    A place that lies is mended where there is one right place: blanks around the answer do not
    count, then the one place near the stated one, then the one place in the whole passage.
    """
    bare = text.strip()
    if not bare:
        return None
    if start is not None and start >= 0 and bare == text == context[start : start + len(text)]:
        return text, start
    found = [match.start() for match in re.finditer(re.escape(bare), context)]
    if start is not None and found:
        near = sorted(found, key=lambda place: abs(place - start))
        distances = [abs(place - start) for place in near[:2]]
        clear = len(near) == 1 or distances[0] < distances[1]
        if distances[0] <= NEAR_CHARACTERS and clear:
            found = near[:1]
    if len(found) != 1:
        return None
    moved = "–" if start is None else start
    if start is None or found[0] != start or bare != text:
        repaired("answer_moved" if start is not None else "answer_found",
                 f"{bare}: {moved} → {found[0]}")  # fmt: skip
    return bare, found[0]


def move_answer(
    before: str, after: str, text: str, start: int | None, normalize: Callable[[str], Any]
) -> tuple[str, int] | None:
    """Return an answer as it stands in a passage that was mended; None where it does not.

    An answer that did not stand in the passage before is none that could be moved.
    """
    placed = place_answer(before, text, start, lambda reason, shown: None)
    if placed is None:
        return None
    text, start = placed
    return place_answer(
        after,
        normalize(text) or "",
        len(normalize(before[:start]) or ""),
        lambda reason, shown: None,
    )


def write_answers(values: Record, answers: Sequence[tuple[str, int]]) -> Record:
    """Return the cells of answers and their places, written as those of `values` are."""
    held, texts, starts = values["answers"], [text for text, _ in answers], [n for _, n in answers]
    if isinstance(held, str):
        beside = {"answer_start": starts[0]} if values.get("answer_start") is not None else {}
        return {"answers": texts[0]} | beside
    if isinstance(held, dict):
        several = not isinstance(held["text"], str)
        found: Record = {"text": texts, "answer_start": starts, "start": starts}
        return {"answers": {
            name: (found[name] if several else found[name][0]) if name in found else cell
            for name, cell in held.items()
        }}  # fmt: skip
    return {"answers": [
        text if isinstance(one, str) else one | {"text": text} | (
            {"answer_start": start} if "answer_start" in one else {})
        for one, (text, start) in zip(held, answers, strict=True)
    ]}  # fmt: skip


def tokens_of(text: str, by_character: bool) -> list[str]:
    """Return what of an answer is compared: SQuAD's words, or the characters of Chinese.

    Source: Rajpurkar et al. 2016, evaluate-v1.1: lower case, no ASCII punctuation, no articles.
    """
    text = text.lower()
    if by_character:
        return _TOKENS.findall(_MARKS.sub("", text))
    text = "".join(character for character in text if character not in string.punctuation)
    return _ARTICLES.sub(" ", text).split()


def compare(said: str, answers: Sequence[str]) -> tuple[float, float]:
    """Return exact match and F1 of an answer with the likest of the true ones.

    No answer is right where there is none, and only there. Chinese and Japanese go character by
    character.
    """
    scores = [_compare(said, answer) for answer in (answers or [""])]
    return max(exact for exact, _ in scores), max(f1 for _, f1 in scores)


def _compare(said: str, answer: str) -> tuple[float, float]:
    by_character = bool(_CHARACTER.search(said) or _CHARACTER.search(answer))
    ours, theirs = tokens_of(said, by_character), tokens_of(answer, by_character)
    exact = float(ours == theirs)
    if not ours or not theirs:
        return exact, exact
    shared = (Counter(ours) & Counter(theirs)).total()
    return exact, 2 * shared / (len(ours) + len(theirs))


def likeliest_sentence(question: str, context: str) -> tuple[int, int]:
    """Return from where to where the sentence goes that shares most words with the question.

    Of several, the shortest: its words say more of it.
    """
    asked = set(_WORDS.findall(question.lower()))
    best, place = (-1, 0), (0, len(context))
    for match in _SENTENCES.finditer(context):
        sentence = match.group()
        if not sentence.strip():
            continue
        words = _WORDS.findall(sentence.lower())
        rank = (len(asked & set(words)), -len(words))
        if rank > best:
            lead = len(sentence) - len(sentence.lstrip())
            best = rank
            place = (match.start() + lead, match.start() + len(sentence.rstrip()))
    return place
