"""Cells of any type as text, and the check that a cell is not absurdly large."""

from __future__ import annotations

import json
from typing import Any


def as_text(value: Any) -> str:
    """Return a cell as text: nothing as an empty string, whole numbers without a fraction.

    A list of strings (sentences, as some sets keep them) is joined by blanks; other structures
    become JSON.
    """
    if isinstance(value, str):
        text = value
    elif hasattr(value, "tolist"):
        return as_text(value.tolist())
    elif value is None or value != value:  # noqa: PLR0124  (NaN differs from itself)
        return ""
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = " ".join(value)
    elif isinstance(value, list | dict):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = str(value)
    return text if text.isprintable() else _without_surrogates(text)


def _without_surrogates(text: str) -> str:
    """Replace halves of surrogate pairs (from a broken JSON escape), which no encoder takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
