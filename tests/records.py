"""Attention records made by hand, for tests."""

from __future__ import annotations

import numpy as np

from workbench.attention.packing import quantise
from workbench.attention.record import STATISTICS, AttentionRecord, Block, Layer, TokenSequence
from workbench.attention.statistics import head_statistics


def record_of(weights, tokens, special=None, words=None, text=None, **others) -> AttentionRecord:
    """Return a record of one block whose maps are `weights`, (L, H, T, T) with rows of sum 1."""
    import torch

    weights = np.asarray(weights, np.float32)
    layers, heads, count, _ = weights.shape
    special = special or [token.startswith("[") for token in tokens]
    words = words or [None if one else at for at, one in enumerate(special)]
    separators = [at for at, one in enumerate(special) if one and at]
    statistics = {name: [None] * layers for name in STATISTICS}
    for layer, maps in enumerate(weights):
        for name, values in head_statistics(torch.tensor(maps), separators, True).items():
            statistics[name][layer] = values if values is None else values.numpy().round(4).tolist()
    sequence = TokenSequence(list(tokens), special, words, [None] * count, [0] * count)
    block = Block(
        name="self",
        queries="source",
        keys="source",
        causal=bool((weights[..., 0, 1:] == 0).all()),
        layers=[Layer(at + 1, f"layer.{at}", heads, heads) for at in range(layers)],
        statistics=statistics,
        norms=np.full((layers, heads, count), 255, np.uint8),
        maps={(la, h): quantise(weights[la, h]) for la in range(layers) for h in range(heads)},
    )
    return AttentionRecord(
        text=" ".join(tokens) if text is None else text,
        sequences={"source": sequence},
        blocks=[block],
        architecture="bert",
        **others,
    )
