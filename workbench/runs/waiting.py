"""Locks that tell whom they wait for, and do not wait for ever."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..language import translate
from .telling import tell

if TYPE_CHECKING:
    from filelock import BaseFileLock

QUIET_SECONDS = 2.0
LIMIT_SECONDS = 10.0


@contextmanager
def holding(path: Path, progress: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold a lock for as long as the block lasts.

    After two seconds it is said who has it; after ten without any `progress`, a value that changes
    while its holder works, that is an error.

    Raises:
        InputError: naming who holds it, since when, and what to do.
        OSError: the lock cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=QUIET_SECONDS)
    except Timeout:
        tell(translate("waiting for {holder}", holder=holder_of(path)))
        _wait(lock, path, progress)
    try:
        yield
    finally:
        lock.release()


def _wait(lock: BaseFileLock, path: Path, progress: Callable[[], object]) -> None:
    from filelock import Timeout

    seen, since = progress(), time.monotonic()
    while True:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            if (now := progress()) != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > LIMIT_SECONDS - QUIET_SECONDS:
                raise InputError(
                    "{holder} does not release the lock {path}",
                    "wait for it, or end it, and try again",
                    holder=holder_of(path),
                    path=path,
                ) from None
        else:
            return


def holder_of(path: Path) -> str:
    """Return in words which process holds a lock, and since when, as far as that can be told."""
    import psutil

    try:
        status = path.stat()
        pid = _pid_of(status)
        process = psutil.Process(pid)
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time()))
        return translate(
            "process {pid} ({name}, since {began})", pid=pid, name=process.name(), began=began
        )
    except (OSError, ValueError, psutil.Error):
        return translate("another process")


def _pid_of(status: os.stat_result) -> int:
    """Return the process that holds a lock on a file, from what Linux lists of all locks."""
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in Path("/proc/locks").read_text("ascii").splitlines():
        parts = line.split()
        if wanted in parts and "->" not in parts:
            return int(parts[parts.index(wanted) - 1])
    raise ValueError(wanted)
