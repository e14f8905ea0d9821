"""How alike two texts are: ROUGE-L, and whether they are equal.

Source:
    Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries": the longest common
    subsequence of words; here F1 of its shares in both texts, without stemming.
"""

from __future__ import annotations

import re

# Chinese and Japanese write no blanks between words: there each character counts as one.
_CHARACTER = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_WORDS = re.compile(rf"{_CHARACTER}|(?:(?!{_CHARACTER})[^\W_])+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without marks; of Chinese, its characters."""
    return _WORDS.findall(text.lower())


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


def _longest_common(first: list[str], second: list[str]) -> int:
    before = [0] * (len(second) + 1)
    for one in first:
        now = [0]
        for place, other in enumerate(second):
            now.append(before[place] + 1 if one == other else max(before[place + 1], now[place]))
        before = now
    return before[-1]
