"""The user's cache folder: where it is, and whether what lies in it is still whole."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from ..errors import SourceError
from ..runs.names import expanded
from ..runs.waiting import holding
from .catalogue import Member, Wheel

STAMP = "checked.json"


def cache_dir() -> Path:
    """Return the cache folder: `WORKBENCH_CACHE`, or the one that the system sets aside."""
    chosen = os.environ.get("WORKBENCH_CACHE", "")
    if chosen:
        return expanded(chosen).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("model-workbench", appauthor=False)


def wheel_dir(wheel: Wheel) -> Path:
    """Return the folder for the files read from a wheel."""
    return cache_dir() / "wheels" / f"{wheel.name}-{wheel.version}"


def member_path(wheel: Wheel, member: Member) -> Path:
    """Return where a wheel's file lies once it is unpacked.

    Raises:
        SourceError: the name would leave the cache folder.
    """
    parts = PurePosixPath(member.path).parts
    if not parts or "\\" in member.path or ":" in member.path or {"..", "/"} & set(parts):
        raise SourceError(
            "the wheel {wheel} names a file outside its own folder ({path!r})",
            "nothing was unpacked; correct the catalogue",
            wheel=wheel.name,
            path=member.path,
        )
    return wheel_dir(wheel).joinpath(*parts)


def is_whole(wheel: Wheel) -> bool:
    """Say whether all of the wheel's files are in the cache and are what they must be.

    Sizes are compared at every call. Contents are hashed only when a file has another time of
    change than at the last check, so a damaged file is noticed without reading all of it anew.
    """
    folder = wheel_dir(wheel)
    stamps = read_stamps(folder)
    seen = {}
    for member in wheel.members:
        path = member_path(wheel, member)
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_size != member.size_bytes:
            return False
        seen[member.path] = [member.sha256, status.st_mtime_ns]
        if stamps.get(member.path) != seen[member.path] and sha256_of(path) != member.sha256:
            return False
    if seen != stamps:
        write_stamps(wheel)
    return True


def write_stamps(wheel: Wheel) -> None:
    """Note that the wheel's files have just been checked; a read-only cache is left as it is."""
    stamps = {
        member.path: [member.sha256, member_path(wheel, member).stat().st_mtime_ns]
        for member in wheel.members
    }
    with suppress(OSError):
        write_whole(wheel_dir(wheel) / STAMP, json.dumps(stamps, indent=1).encode())


def read_stamps(folder: Path) -> dict[str, list[Any]]:
    """Return what was noted of a folder's files when they were checked, by name."""
    try:
        stamps = json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch_file(path.parent) as temporary:
        temporary.write_bytes(content)
        temporary.replace(path)


@contextmanager
def scratch_file(folder: Path) -> Iterator[Path]:
    """Give the path of a new file in `folder` that is gone afterwards, unless it was moved."""
    path = folder / f".partial-{uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let only one process at a time fill a part of the cache.

    Raises:
        SourceError: the cache folder cannot be written, or its disk is full.
    """
    try:
        folder = cache_dir() / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with holding(folder / f"{name}.lock", _size):
            yield
    except OSError as error:
        raise _cannot_write(error) from error


def _size() -> int:
    """Return how many bytes lie in the cache: while something is fetched, they grow."""
    total = 0
    for path in cache_dir().rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _cannot_write(error: OSError) -> SourceError:
    full = error.errno == errno.ENOSPC
    return SourceError(
        "cannot write to the cache folder {folder} (its disk is full)"
        if full
        else "cannot write to the cache folder {folder} ({reason})",
        "free some space, or set WORKBENCH_CACHE to a folder with room that you may write to"
        if full
        else "set WORKBENCH_CACHE to a folder with room that you may write to",
        folder=cache_dir(),
        reason=error.strerror or error,
    )
