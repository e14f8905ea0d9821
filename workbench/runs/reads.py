"""A file that a command reads is never written by it: rows that only stand there would be lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ..errors import InputError
from .names import expanded

_read: ContextVar[tuple[set[object], ...]] = ContextVar("read", default=())


@contextmanager
def one_command() -> Iterator[None]:
    """Remember what is read while the block lasts, and refuse to write there."""
    token = _read.set((*_read.get(), set()))
    try:
        yield
    finally:
        _read.reset(token)


def note_read(*paths: str | Path) -> None:
    """Remember that files are read."""
    for known in _read.get():
        known.update(map(_identity, paths))


def refuse_if_read(path: str | Path) -> None:
    """Refuse to write a file that this command reads, under whatever name.

    Raises:
        InputError: naming it.
    """
    if any(_identity(path) in known for known in _read.get()):
        raise InputError(
            "{path} is read by the same command, and stays as it is",
            "write to another place",
            path=path,
        )


def _identity(path: str | Path) -> object:
    try:
        status = expanded(path).stat()
    except (OSError, ValueError):
        return str(Path(path).absolute())
    return status.st_dev, status.st_ino
