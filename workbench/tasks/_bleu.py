"""BLEU and chrF of translations, as sacrebleu counts them.

BLEU counts words. Where most references are Chinese, sacrebleu's `zh` makes each character a word
of its own and leaves Latin words whole; where they are Japanese, `char` does so with all
characters, for a segmenter would need a dictionary; all others are cut as WMT does (`13a`). chrF
goes by characters anyway. The signature that is kept with the scores says which it was.

Source:
    Papineni et al. 2002 (BLEU); Popović 2015 (chrF); Post 2018, "A Call for Clarity in Reporting
    BLEU Scores" (sacrebleu, the signatures).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Chinese now and then quotes a Japanese word; Japanese hardly has a sentence without kana.
_JAPANESE_SHARE = 0.2
CHRF_SIZES = 6


def tokenization_for(references: Sequence[str]) -> str:
    """Return how sacrebleu shall cut texts such as these into words: `13a`, `zh` or `char`."""
    kana = sum(bool(_KANA.search(text)) for text in references)
    eastern = sum(bool(_KANA.search(text) or _HAN.search(text)) for text in references)
    if eastern * 2 <= len(references):
        return "13a"
    return "char" if kana > _JAPANESE_SHARE * eastern else "zh"


def corpus_scores(references: Sequence[Sequence[str]], written: Sequence[str]) -> dict[str, Any]:
    """Return `bleu` and `chrf` of all texts together, and the `signatures` of both.

    Each text has one reference or several, any of which may be met.

    Units:
        from 0 to 100, as both are always given.
    """
    from sacrebleu.metrics import BLEU, CHRF

    bleu, chrf = BLEU(tokenize=tokenization_for([own[0] for own in references])), CHRF()
    # The first of each text, then the second where there is one, and so on.
    pairs = list(written), [list(same) for same in zip_longest(*references)]
    return {
        "bleu": bleu.corpus_score(*pairs).score,
        "chrf": chrf.corpus_score(*pairs).score,
        "signatures": {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())},
    }


def chrf_counts(reference: str, written: str) -> Any:
    """Return the letter groups of a text, of its reference, and those in both, by their size.

    Shapes:
        (6, 3): sizes 1 to 6.
    """
    import numpy as np

    counts = np.zeros((CHRF_SIZES, 3))
    for size, row in enumerate(counts, start=1):
        ours, theirs = (_groups(text, size) for text in (written, reference))
        row[:] = (ours.total() if theirs else 0, theirs.total(), (ours & theirs).total())
    return counts


def chrf_of(counts: Any) -> float:
    """Return chrF, from 0 to 100, of the sum of the counts of some texts."""
    ours, theirs, shared = counts.T
    known = (ours > 0) & (theirs > 0)
    if not known.any():
        return 0.0
    precision = (shared[known] / ours[known]).mean()
    recall = (shared[known] / theirs[known]).mean()
    both = 4 * precision + recall  # recall counts twice
    return float(100 * 5 * precision * recall / both) if both else 0.0


def _groups(text: str, size: int) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def sentence_chrf(reference: str, written: str) -> float:
    """Return chrF of one text, from 0 to 100."""
    from sacrebleu.metrics import CHRF

    return CHRF().sentence_score(written, [reference]).score
