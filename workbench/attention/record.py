"""`AttentionRecord`: where one model looked in one text, small enough to keep.

Weights are stored as bytes on a square-root scale, `w = (byte / 255)²`, because most weights are
tiny: the error is at most 0.004 for the largest weights and far less for small ones.

Shapes:
    weights: (L, H, T, T), query rows by key columns; L layers, H query heads, T tokens.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class AttentionRecord:
    """The attention of every head on one text (or pair of texts).

    `special[t]` says whether token t was added by the tokenizer ([CLS], [SEP]); `words[t]` is the
    number of the word that token t is a piece of, or None. `model` and `step` say whose attention
    it is. `prediction` is what the model answered, in words, for the caption.
    """

    text: str
    tokens: list[str]
    special: list[bool]
    words: list[int | None]
    weights: np.ndarray  # (L, H, T, T) uint8
    model: str = ""
    step: int = 0
    prediction: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def layers(self) -> int:
        """L."""
        return self.weights.shape[0]

    @property
    def heads(self) -> int:
        """H."""
        return self.weights.shape[1]

    def map(self, layer: int, head: int | None = None) -> np.ndarray:
        """Return the weights of one head, or the mean over the layer's heads: (T, T) float32."""
        if head is not None:
            return dequantise(self.weights[layer, head])
        return dequantise(self.weights[layer]).mean(axis=0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; `weights` in base64, `shape` beside it."""
        return {
            "text": self.text,
            "tokens": self.tokens,
            "special": self.special,
            "words": self.words,
            "shape": list(self.weights.shape),
            "weights": base64.b64encode(self.weights.tobytes()).decode("ascii"),
            "model": self.model,
            "step": self.step,
            "prediction": self.prediction,
            "notes": self.notes,
        }

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> AttentionRecord:
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        shape = plain.pop("shape")
        raw = base64.b64decode(plain.pop("weights"))
        return cls(weights=np.frombuffer(raw, np.uint8).reshape(shape), **plain)


def quantise(weights: np.ndarray) -> np.ndarray:
    """Return weights in [0, 1] as bytes on the square-root scale."""
    return np.round(np.sqrt(np.clip(weights, 0.0, 1.0)) * 255).astype(np.uint8)


def dequantise(stored: np.ndarray) -> np.ndarray:
    """Return stored bytes as weights, float32."""
    return (stored.astype(np.float32) / 255) ** 2
