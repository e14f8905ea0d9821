"""Model folders made from another format, once: they lie in the cache whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import SourceError
from ..language import translate
from ._cache import STAMP, cache_dir, locked, read_stamps, sha256_of, write_whole
from ._watch import growth
from .base import Progress

# Raised when what is made of the same file changes, so that older folders are not taken.
_VERSION = 1


def unpacked(
    name: str,
    content: str,
    make: Callable[[Path, Progress | None], None],
    progress: Progress | None,
) -> Path:
    """Return the model folder of this name that `make` writes, made if it is not there yet.

    `content` tells what it is made of: a checksum, a commit. `make(folder, progress)` writes the
    files.

    Raises:
        SourceError: the cache folder cannot be written, or its disk is full.
    """
    mark = hashlib.sha256(f"{_VERSION}:{content}".encode()).hexdigest()[:12]
    folder = cache_dir() / "models" / f"{name}-{mark}"
    if not _is_whole(folder):
        with locked(f"model-{folder.name}"):
            if not _is_whole(folder):  # another process may have made it meanwhile
                _make(folder, make, progress)
    return folder


def _make(
    folder: Path, make: Callable[[Path, Progress | None], None], progress: Progress | None
) -> None:
    partial = folder.with_name(f".partial-{folder.name}")
    for old in (partial, folder):  # of a process that was killed; damaged
        shutil.rmtree(old, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        make(partial, progress)
        stamps = {file.name: [sha256_of(file), *_state(file)] for file in sorted(partial.iterdir())}
        write_whole(partial / STAMP, json.dumps(stamps, indent=1).encode())
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Say whether all files are there as they were written.

    Contents are hashed only where a file has another time of change than it was written at.
    """
    stamps = read_stamps(folder)
    try:
        return bool(stamps) and all(
            _state(folder / name) == state
            or (_state(folder / name)[0] == state[0] and sha256_of(folder / name) == digest)
            for name, (digest, *state) in stamps.items()
        )
    except OSError:
        return False


def _state(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def writing(
    name: str, folder: Path, size_bytes: int, progress: Progress | None
) -> AbstractContextManager[None]:
    """Report the growth of a folder that a model is written to, if there is room for it.

    Units: `size_bytes` of all that will be written, and held in memory meanwhile.

    Raises:
        SourceError: neither disk nor memory may hold that much.
    """
    import psutil

    free = {
        "disk": shutil.disk_usage(folder).free,
        "memory": psutil.virtual_memory().available,
    }
    for place, free_bytes in free.items():
        if free_bytes < size_bytes:
            raise SourceError(
                "unpacked, {name} takes {needed:.1f} GB of the cache's disk, and {free:.1f} GB are "
                "free"
                if place == "disk"
                else "unpacking {name} takes {needed:.1f} GB of memory, and {free:.1f} GB are free",
                "free some space, or choose a smaller model",
                name=name,
                needed=size_bytes / 1e9,
                free=free_bytes / 1e9,
            )
    return growth(folder, size_bytes, translate("unpacking {name}", name=name), progress)
