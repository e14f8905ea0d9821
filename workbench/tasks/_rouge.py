"""How alike two texts are: ROUGE-1, ROUGE-2 and ROUGE-L, and whether they are equal.

Words are in lower case and without marks, there is no stemming. Chinese and Japanese write no
blanks between words: there each character counts as one, which needs no segmenter and is what
their summarisation sets report. The scorers that come as packages drop all but Latin letters.

Source:
    Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries": the F1 of shared n-grams,
    and of the longest common subsequence of words.
"""

from __future__ import annotations

import re
from collections import Counter

SIGNATURE = "f1|case:lower|stem:no|tok:words, zh and ja by character"
_CHARACTER = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_WORDS = re.compile(rf"{_CHARACTER}|(?:(?!{_CHARACTER})[^\W_])+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without marks; of Chinese, its characters."""
    return _WORDS.findall(text.lower())


def rouge_n(reference: str, written: str, size: int) -> float:
    """Return ROUGE-N as F1: the n-grams of `size` words that both texts have, each once.

    Of a text with fewer words than that, there are none: 1 if both have none and are the same.
    """
    true, found = words(reference), words(written)
    ours, theirs = _ngrams(true, size), _ngrams(found, size)
    if not ours or not theirs:
        return float(true == found)
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total())


def rouge_l(reference: str, written: str) -> float:
    """Return ROUGE-L as F1: 1 for the same words in the same order, 0 for none in common."""
    true, found = words(reference), words(written)
    if not true or not found:
        return float(true == found)
    common = _longest_common(true, found)
    return 2 * common / (len(true) + len(found))


def is_exact(reference: str, written: str) -> bool:
    """Say whether two texts are the same but for case and blanks."""
    return " ".join(reference.split()).casefold() == " ".join(written.split()).casefold()


def _ngrams(tokens: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(size)), strict=False))


def _longest_common(first: list[str], second: list[str]) -> int:
    before = [0] * (len(second) + 1)
    for one in first:
        now = [0]
        for place, other in enumerate(second):
            now.append(before[place] + 1 if one == other else max(before[place + 1], now[place]))
        before = now
    return before[-1]
