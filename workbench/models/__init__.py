"""Models: loading them safely, and the card that says what they are."""

from __future__ import annotations

from .adapters import merge, merged, unmerge
from .card import ModelCard, model_card
from .load import load_model, load_tokenizer
from .memory import Memory, estimate_memory
from .pooler import unused_pooler
from .trained import load_trained

__all__ = [
    "Memory",
    "ModelCard",
    "estimate_memory",
    "load_model",
    "load_tokenizer",
    "load_trained",
    "merge",
    "merged",
    "model_card",
    "unmerge",
    "unused_pooler",
]
