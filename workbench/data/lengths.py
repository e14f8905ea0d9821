"""Bins for the lengths of texts."""

from __future__ import annotations

from collections.abc import Sequence

MOST_BINS = 32


def length_edges(lengths: Sequence[int], max_tokens: int) -> list[int]:
    """Return the edges of even bins of a round width that show nearly all lengths.

    The few longest texts would squeeze all others into one bin; they are left to the last one,
    which reaches beyond `max_tokens` if any text does.
    """
    ordered = sorted(lengths)
    top = max(ordered[int(0.995 * (len(ordered) - 1))], 1)
    if ordered[-1] > max_tokens:
        top = max(top, max_tokens + 1)
    widths = (1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 50, 64, 80, 100, 128, 200, 256, 500, 512)
    width = next((w for w in widths if top <= w * MOST_BINS), -(-top // MOST_BINS))
    return [*range(0, top, width), -(-top // width) * width]
