"""`AttentionRecord`: where one model looked in one text, small enough to keep.

Three tiers: statistics of every head, thumbnails of every head, whole maps of some heads (of all
heads while the text is short). Weights are bytes on a square-root scale, see `packing`.

Shapes:
    L layers, H query heads, K kv heads, Tq query tokens, Tk key tokens of a block.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .packing import LARGEST_ERROR, dequantise, pack

VERSION = 2

STATISTICS = (
    "entropy", "distance", "previous", "first", "separators", "diagonal", "induction",
)  # fmt: skip


@dataclass(frozen=True)
class TokenSequence:
    """The tokens of one text.

    `special[t]`: the tokenizer added it ([CLS], [SEP]); `words[t]`: the number of the word that it
    is a piece of; `spans[t]`: its characters in the text, or in the second text where
    `segments[t]` is 1. `prompt` tokens were given, the model wrote the rest; None: all were given.
    """

    tokens: list[str]
    special: list[bool]
    words: list[int | None]
    spans: list[tuple[int, int] | None]
    segments: list[int]
    prompt: int | None = None

    def __len__(self) -> int:
        """T."""
        return len(self.tokens)


@dataclass(frozen=True)
class Layer:
    """One layer of a block; `missing` says why it has no maps, if it has none.

    `number` counts from 1 in the model. `window`: each token sees so many tokens only.
    """

    number: int
    module: str
    heads: int
    kv_heads: int
    window: int | None = None
    missing: str = ""


@dataclass(frozen=True)
class Block:
    """A stack of attention layers that look from one sequence (`queries`) at another (`keys`).

    `statistics[name][layer][head]`, None where a layer has no maps or the statistic no meaning.

    Shapes:
        norms: (L, H, Tk) uint8, the length of each value vector, each head scaled by its largest.
        thumbnails: (L, H, rows, columns) uint8, max-pooled.
        maps: {(layer, head): (Tq, Tk) uint8}, both from 0.
    """

    name: str
    queries: str
    keys: str
    causal: bool
    layers: list[Layer]
    statistics: dict[str, list[list[float | None] | None]]
    norms: np.ndarray | None = None
    thumbnails: np.ndarray | None = None
    maps: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    @property
    def heads(self) -> int:
        """H, that of the layer with the most."""
        return max((layer.heads for layer in self.layers), default=0)

    def map(self, layer: int, head: int | None = None) -> np.ndarray | None:
        """Return the weights of one head, or the mean of a layer's heads; None if not kept.

        Shapes:
            (Tq, Tk) float32
        """
        chosen = range(self.layers[layer].heads) if head is None else [head]
        kept = [self.maps[layer, one] for one in chosen if (layer, one) in self.maps]
        if not kept or len(kept) < len(chosen):
            return None
        return np.stack([dequantise(one) for one in kept]).mean(axis=0, dtype=np.float32)

    def thumbnail(self, layer: int, head: int) -> np.ndarray | None:
        """Return one head in small, or whole where the whole was kept: float32; None if missing."""
        if self.layers[layer].missing:
            return None
        if self.thumbnails is not None:
            return dequantise(self.thumbnails[layer, head])
        return self.map(layer, head)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        small = self.thumbnails
        return {
            "name": self.name,
            "queries": self.queries,
            "keys": self.keys,
            "causal": self.causal,
            "layers": [asdict(layer) for layer in self.layers],
            "statistics": self.statistics,
            "norms": None if self.norms is None else pack(self.norms),
            "thumbnails": None
            if small is None
            else {"rows": small.shape[2], "columns": small.shape[3], "data": pack(small)},
            "maps": [
                {"layer": layer, "head": head, "data": pack(one)}
                for (layer, head), one in sorted(self.maps.items())
            ],
        }


@dataclass(frozen=True)
class Formula:
    """What one head computed with: softmax(QKᵀ · scale + bias, where mask allows) V.

    With a `softcap` c the scaled scores are first bent, c · tanh(scores / c); a `sink` is one more
    score that takes weight and gives nothing. `error` is the largest difference between the map
    made from these numbers and the model's own.

    Shapes:
        q: (Tq, d); k: (Tk, d); v: (Tk, d_v); bias, mask: (Tq, Tk), mask 1 where it may look.
    """

    block: int
    layer: int
    head: int
    scale: float
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    mask: np.ndarray
    bias: np.ndarray | None = None
    softcap: float | None = None
    sink: float | None = None
    error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        arrays = {name: getattr(self, name) for name in ("q", "k", "v", "mask", "bias")}
        return {
            "block": self.block,
            "layer": self.layer,
            "head": self.head,
            "d_k": self.q.shape[1],
            "scale": self.scale,
            "softcap": self.softcap,
            "sink": self.sink,
            "error": self.error,
        } | {name: None if one is None else pack(one) for name, one in arrays.items()}


@dataclass(frozen=True)
class AttentionRecord:
    """The attention of every head on one text (or pair of texts).

    `model` and `step` say whose attention it is; `prediction` is what the model answered, in
    words. `sequences` has "source" and, with a decoder beside an encoder, "target".
    """

    text: str
    sequences: dict[str, TokenSequence]
    blocks: list[Block]
    text_pair: str | None = None
    model: str = ""
    architecture: str = ""
    step: int = 0
    prediction: str = ""
    probabilities: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    formula: Formula | None = None
    rollout: dict[str, np.ndarray] | None = None  # (T, T) uint8 each
    lens: dict[str, Any] | None = None
    occlusion: dict[str, Any] | None = None
    divergence: dict[str, Any] | None = None  # from another model's record, see `compare`
    error: float = LARGEST_ERROR

    @property
    def tokens(self) -> list[str]:
        """The tokens of the source."""
        return self.sequences["source"].tokens

    @property
    def layers(self) -> int:
        """L of the first block."""
        return len(self.blocks[0].layers)

    @property
    def heads(self) -> int:
        """H of the first block."""
        return self.blocks[0].heads

    def map(self, block: int, layer: int, head: int | None = None) -> np.ndarray | None:
        """Return the weights of one head, or the mean of a layer's heads; None if not kept."""
        return self.blocks[block].map(layer, head)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as `reading.read_record` reads it."""
        rollout = self.rollout
        return {
            "version": VERSION,
            "text": self.text,
            "text_pair": self.text_pair,
            "model": self.model,
            "architecture": self.architecture,
            "step": self.step,
            "prediction": self.prediction,
            "probabilities": [list(pair) for pair in self.probabilities],
            "notes": list(self.notes),
            "sequences": {name: asdict(one) for name, one in self.sequences.items()},
            "blocks": [block.to_dict() for block in self.blocks],
            "formula": None if self.formula is None else self.formula.to_dict(),
            "rollout": {name: pack(one) for name, one in rollout.items()} if rollout else None,
            "lens": self.lens,
            "occlusion": self.occlusion,
            "divergence": self.divergence,
            "error": self.error,
        }

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(
            self.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
