"""What runs of earlier versions did where today there is a setting."""

from __future__ import annotations

from typing import Any

# By section and field; in a run's own file every field of its version is written.
_BEFORE = {
    ("data", "special_tokens_in_text"): ("keep", None),
    ("model", "answers"): ("extractive", "question-answering"),
    ("train", "assistant_turns"): ("last", "text-generation"),
}
_ALWAYS_WRITTEN = {"data": "max_tokens", "model": "source", "train": "learning_rate"}


def packed_otherwise(tree: dict[str, Any]) -> bool:
    """Say whether a run's version packed its texts so that each saw those before it in its row."""
    held = tree.get("data")
    if not isinstance(held, dict) or "special_tokens_in_text" in held:
        return False
    return "record" in tree and held.get("packing") is True


def as_it_was(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a run's `spec.yaml`, completed by what its version did.

    A run that is resumed, asked or repeated stays what it was: control tokens in its texts meant
    something, of a conversation it learned the last answer, and answers stood in the passage.
    """
    if "record" not in tree:
        return tree
    found = dict(tree)
    for (section, field), (value, task) in _BEFORE.items():
        held = found.get(section)
        if not isinstance(held, dict) or _ALWAYS_WRITTEN[section] not in held:
            continue
        if field not in held and task in (None, found.get("task")):
            found[section] = held | {field: value}
    return found
