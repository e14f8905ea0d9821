"""Lengths, languages, scripts, and cells that stand out."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..languages import UNDECIDED, identify_languages
from ..lengths import length_edges
from ..patterns import PATTERNS, Pattern
from .found import finding
from .record import Finding
from .source import Split

# Of names of characters, such as CJK UNIFIED IDEOGRAPH-4E00 or CJK COMPATIBILITY IDEOGRAPH-F900.
HAN = "CJK"
# What a text must hold for a pattern to be searched: looser, but quick over a whole column.
HINTS = {
    "email": r"[A-Za-z0-9_%+-]@[A-Za-z0-9]",
    "ip": r"[0-9]\.[0-9]{1,3}\.[0-9]",
    "iban": r"[A-Z]{2}[0-9]{2}",
    "resident_id": r"[0-9]{17}",
    "card": r"[0-9](?:[ -]?[0-9]){12}",
    "phone": r"[0-9][0-9 ().-]{6,}[0-9]",
    "id": r"[0-9a-fA-F]{8}|E\+",
    "control": r"[^\t\n\r -~]",
    "formula": r"\A\s*[=+@-]|\A[^!-~]",
}
# A language is another one only where most texts are in one.
MAIN_SHARE = 0.6


def histogram(lengths: Mapping[str, Sequence[int]], limit: int | None = None) -> dict[str, Any]:
    """Return lengths in even bins of a round width: `edges`, and `counts` by split.

    A bin counts lengths above its left edge and up to its right one; the last also longer ones.
    """
    import numpy as np

    everything = [length for held in lengths.values() for length in held]
    if not everything:
        return {"edges": [], "counts": {}}
    edges = length_edges(everything, limit or max(everything))
    counts = {}
    for split, held in lengths.items():
        bins = np.digitize(np.clip(held, 1, edges[-1]), edges, right=True) - 1
        counts[split] = np.bincount(bins, minlength=len(edges) - 1).tolist()
    return {"edges": edges, "counts": counts}


def languages(sample: Sequence[tuple[Split, int]]) -> tuple[dict[str, float], list[Finding]]:
    """Return the share of each language, and the rows in another one than most are."""
    if not sample:
        return {}, []
    codes = identify_languages(split.texts[i] for split, i in sample)
    counts = Counter(code for code in codes if code != UNDECIDED)
    total = counts.total()
    shares = {code or "?": count / len(codes) for code, count in Counter(codes).most_common()}
    if not total or counts.most_common(1)[0][1] < MAIN_SHARE * total:
        return shares, []
    main = counts.most_common(1)[0][0]
    hits: dict[str, list[int]] = {}
    said: dict[tuple[str, int], str] = {}
    for (split, i), code in zip(sample, codes, strict=True):
        if code not in (main, UNDECIDED):
            hits.setdefault(split.name, []).append(i)
            said[split.name, i] = code
    splits = list({split.name: split for split, _ in sample}.values())
    return shares, finding(
        "other_language", splits, hits, lambda s, i: said[s.name, i], of=len(sample), main=main
    )


def scripts(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of each script among the letters of some texts, the most frequent first."""
    letters: Counter[str] = Counter()
    for character, count in Counter("".join(texts)).items():
        if character.isalpha() and (script := script_of(character)):
            letters[script] += count
    total = max(letters.total(), 1)
    return {name: count / total for name, count in letters.most_common()}


def script_of(character: str) -> str:
    """Return the script of a letter, from its Unicode name: Latin, Han, Cyrillic.

    That is the script of the plain letter: ª and ａ are Latin, µ is Greek. A modifier belongs to
    any script, and has none of its own.
    """
    plain = unicodedata.normalize("NFKC", character)[0]
    first = unicodedata.name(plain, "?").split()[0].split("-")[0]
    if first == "MODIFIER":
        return ""
    return "Han" if first == HAN else first.capitalize()


def odd_cells(splits: Sequence[Split]) -> list[Finding]:
    """Return, for each pattern, the rows in whose texts something matches."""
    import pyarrow

    columns = {split.name: pyarrow.array(split.texts, pyarrow.large_string()) for split in splits}
    found = []
    for one in PATTERNS:
        hits = {split.name: matching(one, split.texts, columns[split.name]) for split in splits}

        def why(split: Split, position: int, one: Pattern = one) -> str:
            return _shown(one, split.texts[position])

        found += finding(f"cells.{one.name}", splits, hits, why)
    return found


def matching(pattern: Pattern, texts: Sequence[str], column: Any) -> list[int]:
    """Return the positions of the texts in which a pattern occurs; `column` holds them in Arrow."""
    import numpy as np
    import pyarrow.compute as pc

    if pattern.name in HINTS:
        possible = pc.match_substring_regex(column, HINTS[pattern.name]).to_numpy(False)
    else:
        possible = np.zeros(len(texts), bool)
        for mark in pattern.needs:
            possible |= pc.match_substring(column, mark).to_numpy(False)
    return [i for i in np.flatnonzero(possible).tolist() if pattern.occurs(texts[i])]


def _shown(pattern: Pattern, text: str) -> str:
    """Return what matches, to be seen: characters without a shape as their numbers."""
    return " ".join(
        "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in match)
        for match in pattern.find(text)[:3]
    )
