"""The bytes of a file, unpacked where it is compressed, and refused where it is no data at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ..errors import DataError, shorten

LARGEST_BYTES = 8 * 2**30
_PIECE = 2**22
# Text is packed to a tenth; the most that gzip can do is a thousandth, of one letter.
MOST_TIMES, _LEAST_BOMB = 200, 2**26


def _zstd(raw: Any) -> Any:
    import pyarrow

    return pyarrow.input_stream(raw, compression="zstd")


# What a file begins with, what that is called, and what unpacks it.
_PACKED: tuple[tuple[bytes, str, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", "gzip", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", "bz2", bz2.BZ2File),
    (b"\xfd7zXZ", "xz", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
)
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked.

    Raises:
        DataError: it is missing, empty, damaged, too large, or only points to another file.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError("file not found: {path}", "check data.source", path=shorten(path)) from None
    except OSError as error:
        raise DataError(
            "cannot read {path} ({reason})",
            "check the path",
            path=shorten(path),
            reason=error.strerror,
        ) from None
    for start, kind, opened in _PACKED:
        if raw.startswith(start):
            raw = _unpacked(raw, kind, opened, path.name)
            break
    if not raw:
        raise DataError(
            "{name} is empty", "give a file with a row for each example", name=path.name
        )
    _refuse_pointers(raw, path.name)
    return raw


def _unpacked(raw: bytes, kind: str, opened: Callable[[Any], IO[bytes]], name: str) -> bytes:
    parts, room = [], LARGEST_BYTES
    try:
        with opened(io.BytesIO(raw)) as file:
            while piece := file.read(_PIECE):
                parts.append(piece)
                room -= len(piece)
                if room < 0:
                    break
                if len(parts) * _PIECE > max(_LEAST_BOMB, MOST_TIMES * len(raw)):
                    raise DataError(
                        "{name} unpacks to more than {times} times its size, which no text does",
                        "unpack it elsewhere and see what it holds",
                        name=name,
                        times=MOST_TIMES,
                    )
    except MemoryError:
        raise DataError(
            "{name} unpacks to more than this machine has memory for",
            "unpack it, and divide it into several files",
            name=name,
        ) from None
    except _DAMAGED:
        raise DataError(
            "{name} is a damaged {kind} file",
            "fetch it again, or give it unpacked",
            name=name,
            kind=kind,
        ) from None
    if room < 0:
        raise DataError(
            "{name} unpacks to more than {limit}",
            "unpack it, and divide it into several files",
            name=name,
            limit=f"{LARGEST_BYTES / 2**30:g} GiB",
        )
    return b"".join(parts)


def _refuse_pointers(raw: bytes, name: str) -> None:
    """Refuse what version control or a server puts in a file's place."""
    if raw.startswith(b"version https://git-lfs.github.com/spec/"):
        size = raw.partition(b"\nsize ")[2].split(b"\n")[0].decode("ascii", "ignore")
        raise DataError(
            "{name} is a git-lfs pointer to a file of {size} bytes, not the file itself",
            "fetch it in its repository: git lfs pull --include {name}",
            name=name,
            size=size or "?",
        )
    if raw.startswith((b"/annex/objects/", b"../.git/annex/")) and len(raw) < 1000:
        raise DataError(
            "{name} is a git-annex pointer, not the file itself",
            "fetch it in its repository: git annex get {name}",
            name=name,
        )
    start = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError("{name} is a page of HTML or XML", "save it as .xlsx or .csv", name=name)
