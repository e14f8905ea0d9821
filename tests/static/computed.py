"""What Python, numpy and scipy make of numbers that the front end computes as well."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from scipy import special, stats

from tests.records import record_of
from workbench.attention.compare import divergence
from workbench.figures import theme
from workbench.figures.curves import smooth
from workbench.tasks._sentences import WORDS

TEXTS = ["The crew's kind, 那趟航班晚点了!", "á 𝒳y don’t 1,5", "", "  双 语 mixed文本"]


def computed() -> dict[str, Any]:
    """Return inputs and results, by what is computed."""
    draw = np.random.default_rng(3)
    halves = np.concatenate(
        [draw.integers(0, 1 << 16, 500), [0, 1, 0x7C00, 0xFC00, 0x3C00, 0x8000]]
    )
    halves = halves.astype(np.uint16)
    as_floats = halves.view(np.float16).astype(float)
    losses = [float(x) for x in draw.normal(size=80)]
    before, after = (
        record_of(draw.dirichlet(np.ones(6), (2, 3, 6)), list("abcdef"), model=name)
        for name in ("before", "after")
    )
    ranks = [float(x) for x in draw.integers(0, 9, 30)], [float(x) for x in draw.normal(size=30)]
    q, k, v = (draw.normal(size=(5, 8)) for _ in range(3))
    mask = np.tril(np.ones((5, 5)))
    scores = np.where(mask > 0, q @ k.T / np.sqrt(8), -np.inf)
    weights = special.softmax(scores, axis=1)
    return {
        "halves": {
            "bytes": base64.b64encode(halves.tobytes()).decode("ascii"),
            "values": [None if np.isnan(x) else str(x) for x in as_floats],
        },
        "smooth": {"values": losses, "smoothed": smooth(losses)},
        "divergence": {
            "before": before.to_dict(), "after": after.to_dict(),
            "blocks": divergence(before, after),
        },
        "spearman": {"xs": ranks[0], "ys": ranks[1], "rank": float(stats.spearmanr(*ranks)[0])},
        "scale": [[int(one[n : n + 2], 16) for n in (1, 3, 5)] for one in theme.SCALE],
        "words": [
            {"text": text, "places": [list(found.span()) for found in WORDS.finditer(text)]}
            for text in TEXTS
        ],
        "softmax": {
            "q": q.ravel().tolist(), "k": k.ravel().tolist(), "v": v.ravel().tolist(),
            "mask": mask.ravel().tolist(), "weights": weights.tolist(),
            "results": (weights @ v).tolist(), "entropy": (special.entr(weights).sum(1)
                                                           / np.log(2)).tolist(),
        },
    }  # fmt: skip
