"""Rows that repeat one another: the same text, or nearly the same.

Keep rule, for both: rows are looked at in order, and one is dropped if it repeats a row that is
kept. So whatever is dropped has a kept row that it repeats, and never only a dropped one.

Source:
    MinHash: Broder (1997), "On the resemblance and containment of documents"; cut into bands:
    Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

THRESHOLD = 0.8
SHINGLE_CHARACTERS = 5
# Of pairs as alike as the threshold, so many are found; of those more alike, more.
RECALL = 0.99
MOST_PERMUTATIONS = 128
# Each text is compared to so many at most, or texts made from one form would all be compared.
MOST_RIVALS = 32
CHUNK_CHARACTERS = 1_000_000
PRIME = 0x9E3779B97F4A7C15
PART = "\0"


@dataclass(frozen=True)
class Copy:
    """What a row repeats: the position of the row that stays, and how alike the two are.

    Units:
        `similarity` is between 0 and 1: the Jaccard index of their shingles.
    """

    position: int
    similarity: float = 1.0


def text_key(*texts: str) -> str:
    """Return what makes a row's text: equal for texts that differ in case or blanks only."""
    return PART.join([" ".join(text.split()).casefold() for text in texts])


def exact_duplicates(keys: Sequence[str]) -> dict[int, Copy]:
    """Return, for each position that repeats an earlier key, the first one with that key."""
    first: dict[str, int] = {}
    seen = ((i, first.setdefault(key, i)) for i, key in enumerate(keys))
    return {i: Copy(kept) for i, kept in seen if kept != i}


def near_duplicates(
    keys: Sequence[str],
    threshold: float = THRESHOLD,
    characters: int = SHINGLE_CHARACTERS,
    against: Sequence[str] | None = None,
) -> dict[int, Copy]:
    """Return, for each position that nearly repeats a kept one, that position; same texts, too.

    Two rows nearly repeat one another if the Jaccard index of the sets of their shingles (all
    runs of `characters` characters) is at least `threshold`; of rows with several parts, as
    `text_key` joins them, that of each part. Candidates are found by MinHash, which misses at
    most one in a hundred of the pairs that are only just as alike; each is then compared
    exactly, so that no row is dropped by chance. Among very many texts that are alike, but not
    enough (letters made from one form), more may be missed, for each is compared to a few only.

    With `against`, rows are compared to those only, and positions are theirs.
    """
    if against is not None:
        return _against(keys, against, threshold, characters)
    exact = exact_duplicates(keys)
    distinct = [i for i in range(len(keys)) if i not in exact]
    found = {
        distinct[i]: Copy(distinct[kept], alike)
        for i, kept, alike in _leaders([keys[i] for i in distinct], threshold, characters)
    }
    # What repeats a dropped row exactly repeats, nearly, the row that this one was dropped for.
    found |= {i: found.get(copy.position, copy) for i, copy in exact.items()}
    return dict(sorted(found.items()))


def _against(
    keys: Sequence[str], against: Sequence[str], threshold: float, characters: int
) -> dict[int, Copy]:
    first: dict[str, int] = {}
    for i, key in enumerate(against):
        first.setdefault(key, i)
    found = {i: Copy(first[key]) for i, key in enumerate(keys) if key in first}
    others = [i for i in range(len(keys)) if i not in found]
    places = list(first.values())
    texts = [*first, *(keys[i] for i in others)]
    for i, kept, alike in _leaders(texts, threshold, characters, fixed=len(first)):
        found[others[i - len(first)]] = Copy(places[kept], alike)
    return dict(sorted(found.items()))


def similarity(one: str, other: str, characters: int = SHINGLE_CHARACTERS) -> float:
    """Return the Jaccard index of the shingles of two keys: that of the part least alike."""
    pairs = zip(one.split(PART), other.split(PART), strict=True)
    # Many rows may be on one long text, such as questions on a paper.
    return min(
        1.0 if a == b else _jaccard(shingles(a, characters), shingles(b, characters))
        for a, b in pairs
    )


def shingles(text: str, characters: int = SHINGLE_CHARACTERS) -> set[str]:
    """Return all runs of so many characters; of a shorter text, the text itself."""
    return {text[i : i + characters] for i in range(max(1, len(text) - characters + 1))}


def _jaccard(one: set[str], other: set[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _leaders(
    texts: Sequence[str], threshold: float, characters: int, fixed: int = 0
) -> Iterator[tuple[int, int, float]]:
    """Yield (position, kept position, similarity) of what nearly repeats a kept text.

    The first `fixed` texts, where there are such, are all kept, and only they are compared to.
    """
    kept: dict[int, list[int]] = {}
    for i, own in _buckets(texts, characters, *choose_bands(threshold)):
        match = _match(i, own, kept, texts, threshold, characters) if i >= fixed else None
        if match:
            yield i, *match
        elif i < fixed or not fixed:
            for bucket in own:
                held = kept.setdefault(bucket, [])
                held.append(i)
                del held[:-MOST_RIVALS]


def _match(
    i: int,
    own: Sequence[int],
    kept: dict[int, list[int]],
    texts: Sequence[str],
    threshold: float,
    characters: int,
) -> tuple[int, float] | None:
    """Return a kept text that is alike enough, and how alike; those in most buckets come first."""
    shared = Counter(rival for bucket in own for rival in kept.get(bucket, ()))
    for rival, _ in shared.most_common(MOST_RIVALS):
        if (alike := similarity(texts[i], texts[rival], characters)) >= threshold:
            return rival, alike
    return None


def choose_bands(threshold: float) -> tuple[int, int]:
    """Return how many bands of how many hashes find a pair at the threshold with RECALL.

    Longer bands bring fewer texts together by chance; the longest that RECALL affords are taken.
    """
    fitting = (MOST_PERMUTATIONS, 1)
    for rows in range(1, MOST_PERMUTATIONS + 1):
        share = threshold**rows
        bands = math.ceil(math.log(1 - RECALL) / math.log1p(-share)) if share < 1 else 1
        if bands * rows > MOST_PERMUTATIONS:
            break
        fitting = (bands, rows)
    return fitting


def _buckets(
    texts: Sequence[str], characters: int, bands: int, rows: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield, for each text that shares a bucket with another, its position and those buckets."""
    import numpy as np

    keys = np.empty((len(texts), bands), np.uint64)
    for start, stop in _chunks(texts):
        keys[start:stop] = _bands(_signatures(texts[start:stop], characters, bands * rows), bands)
    shared = np.zeros(keys.shape, bool)
    for band in range(bands):
        # The number of the band in a bucket's name keeps bands apart.
        keys[:, band] = _mixed(keys[:, band] + np.uint64(band + 1))
        order = np.argsort(keys[:, band], kind="stable")
        ordered = keys[order, band]
        same = ordered[1:] == ordered[:-1]
        shared[order[1:], band] = same
        shared[order[:-1], band] |= same
    for i in np.flatnonzero(shared.any(axis=1)).tolist():
        yield i, keys[i, shared[i]].tolist()


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut texts into runs of about CHUNK_CHARACTERS, so that their hashes fit into memory."""
    start, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= CHUNK_CHARACTERS:
            yield start, i + 1
            start, size = i + 1, 0
    if start < len(texts):
        yield start, len(texts)


def _signatures(texts: Sequence[str], characters: int, permutations: int) -> Any:
    """Return the MinHash of each text: (texts, permutations) of 32 bits."""
    import numpy as np

    hashes, starts = _hashes(texts, characters)
    generator = np.random.default_rng(permutations)
    factors = generator.integers(1, 2**63, permutations, np.uint64) * np.uint64(2) + np.uint64(1)
    found = np.empty((len(texts), permutations), np.uint32)
    scratch = np.empty_like(hashes)
    for number, factor in enumerate(factors):
        np.multiply(hashes, factor, out=scratch)
        np.right_shift(scratch, np.uint64(32), out=scratch)
        found[:, number] = np.minimum.reduceat(scratch.astype(np.uint32), starts)
    return found


def _hashes(texts: Sequence[str], characters: int) -> tuple[Any, Any]:
    """Return the hashes of all shingles, one text after the other, and where each text starts."""
    import numpy as np

    gap = PART * characters  # behind each text, so that a short one fills a shingle
    raw = (gap.join(texts) + gap).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32).astype(np.uint64)
    rolled = np.zeros(len(codes) - characters + 1, np.uint64)
    for place in range(characters):
        rolled *= np.uint64(PRIME)
        rolled += codes[place : place + len(rolled)]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    counts = np.maximum(lengths - characters + 1, 1)
    starts = np.cumsum(counts) - counts
    places = np.cumsum(lengths + characters) - (lengths + characters)
    inside = np.arange(counts.sum()) + np.repeat(places - starts, counts)
    return _mixed(rolled[inside]), starts


def _mixed(numbers: Any) -> Any:
    """Scatter numbers over all 64 bits (the finaliser of MurmurHash3)."""
    import numpy as np

    numbers = numbers ^ (numbers >> np.uint64(33))
    numbers *= np.uint64(0xFF51AFD7ED558CCD)
    numbers ^= numbers >> np.uint64(33)
    numbers *= np.uint64(0xC4CEB9FE1A85EC53)
    return numbers ^ (numbers >> np.uint64(33))


def _bands(signatures: Any, bands: int) -> Any:
    """Return the hash of each band of each signature: (texts, bands)."""
    import numpy as np

    cut = signatures.reshape(len(signatures), bands, -1).astype(np.uint64)
    found = np.zeros(cut.shape[:2], np.uint64)
    for place in range(cut.shape[2]):
        found = _mixed(found * np.uint64(PRIME) + cut[:, :, place])
    return found
