"""Reporting a download by the growth of the folder that it goes to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .base import Progress

_POLL_SECONDS = 0.2


@contextmanager
def growth(folder: Path, total_bytes: int, text: str, progress: Progress | None) -> Iterator[None]:
    """Report how many bytes `folder` has grown by, several times a second.

    The last report, when all went well, is a full one.

    Units: `total_bytes` is the expected growth, 0 when it is unknown.
    """
    if progress is None:
        yield
        return
    before = _size(folder)
    done = threading.Event()

    def report(grown: int) -> None:
        progress(min(grown, total_bytes) if total_bytes else grown, total_bytes, text)

    def watch() -> None:
        while not done.wait(_POLL_SECONDS):
            report(max(0, _size(folder) - before))

    report(0)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    report(total_bytes or max(0, _size(folder) - before))


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # passes over folders that vanish meanwhile
        for name in names:
            path = Path(place, name)
            with suppress(OSError):  # files are moved while we look
                total += 0 if path.is_symlink() else path.stat().st_size
    return total
