"""What a task is: the columns it needs, how rows become tensors, and how answers are scored.

Each other file in this folder holds one task as the constant `TASK`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Batch = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Role:
    """A column that the task reads: its name in our tables, and what files usually call it.

    `usual_names` are lower case, the likeliest first.
    """

    name: str
    kind: Literal["text", "label"]
    required: bool
    usual_names: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One task, as a record of functions.

    `encode(batch, tokenizer, max_tokens)` turns rows (columns named by role) into model inputs,
    without padding. `metrics(logits, labels)` scores a validation pass during training.
    `evaluate(logits, labels, names, bins)` gives the whole evaluation as plain data.
    `predictions(logits, names, labels)` gives one plain record a row: what was predicted, how
    surely, and, where labels are given, its loss.

    Shapes:
        logits: (B, C) for C classes; labels: (B,).
    """

    name: str
    roles: tuple[Role, ...]
    auto_class: str
    encode: Callable[[Batch, Any, int], dict[str, list[Any]]]
    metrics: Callable[[np.ndarray, np.ndarray], dict[str, float]]
    evaluate: Callable[[np.ndarray, np.ndarray, list[str], int], dict[str, Any]]
    predictions: Callable[[np.ndarray, list[str], np.ndarray | None], list[dict[str, Any]]]

    def role(self, name: str) -> Role:
        """Return the role with this name."""
        return next(role for role in self.roles if role.name == name)
