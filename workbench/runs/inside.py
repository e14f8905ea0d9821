"""Reading a run folder, which may be somebody else's: all of it lies in it, and is of a sane size.

A link would have export, resume and the report read, copy or remove files elsewhere; a pipe would
keep them waiting for ever. Such a folder is refused before anything of it is read.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..language import translate

# The notes of a run (spec, metrics, profile, records of attention) are much smaller.
MAX_BYTES = 256_000_000
MAX_ENTRIES = 200_000


def require_inside(run: Path, below: bool = True) -> None:
    """Refuse a run folder that holds links, pipes or devices.

    Args:
        run: the folder.
        below: look into its folders as well; a list of runs reads only files of the first level.

    Raises:
        RunError: naming the first of them.
    """
    waiting, count = [run], 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):  # a run that trains has just dropped it
            continue
        except PermissionError:  # whoever reads it says so
            continue
        count += len(entries)
        for entry in entries:
            kind = _kind(entry)
            if kind or count > MAX_ENTRIES:
                raise RunError(
                    "the run {run} holds {kind}, {path}, and a run folder holds only its own files",
                    "put the file or folder itself in its place if you know it, or remove it",
                    run=run.name,
                    kind=kind or translate("more than {count:,} files", count=MAX_ENTRIES),
                    path=Path(entry.path).relative_to(run),
                )
            if below and entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))


def read_json(path: Path, limit_bytes: int | None = None) -> Any:
    """Read a note of a run, of at most `limit_bytes` (by default `MAX_BYTES`).

    Raises:
        OSError: it is not there.
        ValueError: it is damaged, nested far too deeply or far too large.
    """
    try:
        return json.loads(read_text(path, limit_bytes))
    except RecursionError:
        raise ValueError(translate("nested far too deeply")) from None


def read_text(path: Path, limit_bytes: int | None = None) -> str:
    """Read a text of a run, of at most `limit_bytes` (by default `MAX_BYTES`).

    Raises:
        OSError: it is not there, or is no file.
        ValueError: it is no UTF-8, or far too large.
    """
    limit = MAX_BYTES if limit_bytes is None else limit_bytes
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise ValueError(translate("larger than {size} MB", size=f"{limit / 1_000_000:g}"))
        return file.read(limit).decode("utf-8")


def _kind(entry: os.DirEntry[str]) -> str:
    """Return what an entry is, if it is neither a plain file nor a folder."""
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        return translate("a link")
    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
        return ""
    return (
        translate("a pipe or device") if os.path.lexists(entry.path) else ""
    )  # or it has just gone
