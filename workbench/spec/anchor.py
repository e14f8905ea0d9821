"""Relative paths in a run's spec: they mean what they meant where the run began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# What may name a path, and how what belongs to the path is told from what follows it.
_FIELDS = {
    ("data", "source"): "#",
    ("data", "validation_split"): "#",
    ("data", "corrections"): "@",
    ("model", "source"): "#",
    ("train", "replay"): "",
}


def anchored(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a run's `spec.yaml` with its relative paths where they lead.

    The record says in which folder the run began and which of its sources were paths. Read from
    that folder, all stays as it is written.
    """
    record = tree.get("record")
    record = record if isinstance(record, dict) else {}
    folder = record.get("folder")
    if not isinstance(folder, str) or not Path(folder).is_absolute() or Path(folder) == Path.cwd():
        return tree
    local = record.get("paths")
    local = local if isinstance(local, list) else []
    found = dict(tree)
    for (section, field), mark in _FIELDS.items():
        held = found.get(section)
        if not isinstance(held, dict):
            continue
        text = held.get(field)
        named = field != "validation_split" or (isinstance(text, str) and {"/", "."} & set(text))
        if isinstance(text, str) and text and named:
            is_path = f"{section}.{field}" in local
            parts = text.split(";") if field == "source" else [text]
            placed = ";".join(_placed(part.strip(), Path(folder), mark, is_path) for part in parts)
            found[section] = held | {field: placed}
    return found


def _placed(text: str, folder: Path, mark: str, is_path: bool) -> str:
    place = text.split(mark, 1)[0] if mark else text
    if not text or "://" in text or text.startswith("~") or Path(place).is_absolute():
        return text
    try:
        there = is_path or (folder / text).exists() or (folder / place).exists()
    except (OSError, ValueError):
        return text
    return str(folder / text) if there else text
