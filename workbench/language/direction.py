"""Text from data that would change the order in which its neighbours are read.

A label may end in U+202E, RIGHT-TO-LEFT OVERRIDE: the number beside it then reads 123.0 for 0.321.
Such characters are shown as their code, as a terminal shows them. Letters that are written from
right to left stay as they are; what stands beside them keeps its place.
"""

from __future__ import annotations

import re
import unicodedata

# Embeddings, overrides and isolates, and what ends them.
_ORDERS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# What would end an isolate that it does not belong to is gone by then.
_ISOLATE, _END = "\u2068", "\u2069"
_FROM_THE_RIGHT = ("R", "AL", "AN")


def in_order(text: str) -> str:
    """Return a text whose characters that reorder are shown as U+202E."""
    return _ORDERS.sub(lambda match: f"U+{ord(match[0]):04X}", text)


def isolated(text: str) -> str:
    """Return a text that moves nothing beside it, for where there is no element around it."""
    shown = in_order(text)
    if shown.isascii() or not any(unicodedata.bidirectional(c) in _FROM_THE_RIGHT for c in shown):
        return shown
    return f"{_ISOLATE}{shown}{_END}"
