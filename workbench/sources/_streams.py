"""Data that is piped: `/dev/stdin`, and what a shell puts in the place of `<(command)`."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from pathlib import Path

from ..errors import SourceError
from .paths import show

LARGEST_BYTES = 2 * 2**30
_PIECE = 2**20

# What has been read already, by device and number: a pipe can be read once.
_read: dict[tuple[int, int], Path] = {}


def spooled(path: Path) -> Path:
    """Return a file with what came through a pipe; it is removed when the process ends.

    Raises:
        SourceError: it is a device that never ends, or gives too much.
    """
    status = path.stat()
    known = (status.st_dev, status.st_ino)
    if known in _read:
        return _read[known]
    if not stat.S_ISFIFO(status.st_mode) and not _is_end(path, status):
        raise SourceError(
            "{path} is neither a file nor a folder nor a pipe",
            "give a file, or pipe the data to /dev/stdin",
            path=show(path),
        )
    folder = Path(tempfile.mkdtemp(prefix="workbench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file, room = folder / "piped", LARGEST_BYTES
    with path.open("rb") as stream, file.open("wb") as copy:
        while piece := stream.read(_PIECE):
            copy.write(piece)
            if (room := room - len(piece)) < 0:
                raise SourceError(
                    "{path} gives more than {size:,} MB",
                    "write it to a file, and give that",
                    path=show(path),
                    size=LARGEST_BYTES // 1_000_000,
                )
    _read[known] = file
    return file


def _is_end(path: Path, status: os.stat_result) -> bool:
    """Say whether a device is the keyboard of this process, or the one that gives nothing."""
    if not stat.S_ISCHR(status.st_mode):
        return False
    return any(status.st_rdev == Path(own).stat().st_rdev for own in ("/dev/null", "/dev/stdin"))
