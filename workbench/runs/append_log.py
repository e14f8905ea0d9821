"""Files that only grow: events, requests, journals of labels, and what training says of rows.

A record is a line, or, below a first line, a block of a fixed width. A process that is killed
while it writes leaves a torn record at the end: readers wait for the rest of it, and the next
writer removes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from .waiting import holding

_BLOCK_BYTES = 4_000_000
_TAIL_BYTES = 65_536


class AppendLog:
    """Appends records to a file, each of them whole or not at all.

    Args:
        path: the file; it is made where there is none.
        start: where the records begin.
        width: the bytes of a record; 0 where each is a line.
        end_torn: end a torn line instead of removing it: in a file that people edit by hand, it
            may be a whole line without its newline.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(
        self, path: Path, *, start: int = 0, width: int = 0, end_torn: bool = False
    ) -> None:
        self._file = path.open("ab", buffering=0)
        size = path.stat().st_size
        self._size = start + (size - start) // width * width if width else _whole_lines(path, size)
        if self._size < size and end_torn:
            self._size = size
            self.append(b"\n")
        elif self._size < size:
            self._file.truncate(self._size)

    @classmethod
    @contextmanager
    def shared(cls, path: Path, lock: Path, *, end_torn: bool = False) -> Iterator[Self]:
        """Open a log of lines to which several processes append, for as long as the block lasts.

        Raises:
            InputError: another process holds the lock and does not let it go.
            OSError: the file cannot be written.
        """
        with holding(lock):
            log = cls(path, end_torn=end_torn)
            try:
                yield log
            finally:
                log.close(durable=False)

    def append(self, records: bytes, durable: bool = True) -> None:
        """Hand records to the system; `durable` waits until they are on the disk.

        Raises:
            OSError: the disk is full or at fault; then nothing of them is left in the file.
        """
        block = memoryview(records)
        try:
            written = 0
            while written < len(block):
                written += self._file.write(block[written:])
            if durable:
                os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(block)

    def close(self, durable: bool = True) -> None:
        """Close the file; `durable` puts all of it on the disk first."""
        if durable:
            with suppress(OSError):
                os.fsync(self._file.fileno())
        self._file.close()


class LineReader:
    """Reads a log of lines as it grows; `offset` is where the next line begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0

    def new(self) -> Iterator[bytes]:
        """Yield the lines appended since the last call, without their ends; a torn one waits.

        Raises:
            OSError: the file cannot be read; of one that does not exist, there are no lines.
        """
        try:
            grown = self.path.stat().st_size > self.offset  # asked between any two steps
            file = self.path.open("rb") if grown else None
        except FileNotFoundError:
            return
        if file is not None:
            with file:
                yield from self.lines(file)

    def lines(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the whole lines from `offset` to the end of an open file, and move `offset`."""
        file.seek(self.offset)
        torn: list[bytes] = []
        while block := file.read(_BLOCK_BYTES):
            whole, newline, rest = block.rpartition(b"\n")
            if newline:
                for line in b"".join((*torn, whole)).split(b"\n"):
                    self.offset += len(line) + 1
                    yield line
                torn.clear()
            torn.append(rest)


def _whole_lines(path: Path, size: int) -> int:
    """Return the bytes up to the end of the last whole line."""
    with path.open("rb") as file:
        while size:
            start = max(0, size - _TAIL_BYTES)
            file.seek(start)
            if (at := file.read(size - start).rfind(b"\n")) >= 0:
                return start + at + 1
            size = start
    return 0
