"""A path that is meant beside the notebook: files are uploaded there, and looked for here."""

from __future__ import annotations

from pathlib import Path

from ..runs.names import expanded
from .paths import (
    PATTERN_MARKS,
    PREFIXES,
    SEVERAL,
    has_prefix,
    is_database,
    notebook_folder,
    split_gguf,
    split_part,
)


def beside_notebook(text: str) -> str:
    """Return a source as it is if it is here, else as it is called from here beside the notebook.

    Of several places, each. What is in neither folder, and all but relative paths, stays as it is.
    """
    folder = notebook_folder()
    if folder is None or not text or _is_there(text):
        return text
    places = [place.strip() for place in text.split(SEVERAL)]
    found = [_found(place, folder) for place in places]
    return text if found == places else SEVERAL.join(found)


def _found(place: str, folder: Path) -> str:
    if not place or is_database(place) or any(has_prefix(place, prefix) for prefix in PREFIXES):
        return place
    path = folder / place
    if expanded(place).is_absolute() or _is_there(place) or not _is_there(str(path)):
        return place
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _is_there(text: str) -> bool:
    """Say whether a file or folder is there, or one that a part or a pattern belongs to."""
    path = expanded(text)
    try:
        if path.exists() or split_part(text)[1] or expanded(split_gguf(text)[0]).exists():
            return True
        at = next((n for n, part in enumerate(path.parts) if set(PATTERN_MARKS) & set(part)), None)
        return at is not None and any(Path(*path.parts[:at]).glob("/".join(path.parts[at:])))
    except (OSError, ValueError):  # longer than a name can be, or none at all
        return False
