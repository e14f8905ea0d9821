"""Archives of data files, unpacked once into the cache: plain files only, none of them outside."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO
from uuid import uuid4

from ..errors import SourceError
from ._cache import cache_dir, locked, sha256_of
from .paths import show

LARGEST_UNPACKED_BYTES = 8 * 2**30
MOST_FILES = 500_000
_PIECE = 2**20
_OFFICE = ("xl/workbook.xml", "[Content_Types].xml", "mimetype")


def is_archive(path: Path) -> bool:
    """Say whether a file holds several files: a zip that is no workbook, or a tar."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK"):
        return _is_zip(path)
    lower = path.name.lower()
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zX")) or ".tar" in lower:
        with suppress(OSError, EOFError, zlib.error, lzma.LZMAError):  # damaged: who reads it tells
            return tarfile.is_tarfile(path)
    return False


def unpacked(path: Path) -> Path:
    """Return the folder with the files of an archive; the archive's content names it.

    Raises:
        SourceError: it is damaged, locked by a password or too large, or leads out of its folder.
    """
    mark = sha256_of(path)[:32]
    folder = cache_dir() / "unpacked" / mark
    with locked(f"unpacked-{mark}"):
        if folder.is_dir():
            return folder
        partial = folder.with_name(f".partial-{uuid4().hex}")
        try:
            _unpack(path, partial)
            partial.replace(folder)
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, ValueError):
            raise SourceError(
                "{place} is a damaged archive", "fetch it again, or unpack it", place=show(path)
            ) from None
        except RuntimeError:  # what zipfile says of a password
            raise SourceError(
                "{place} is locked by a password",
                "unpack it, and give the folder",
                place=show(path),
            ) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _is_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not set(_OFFICE) & set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return path.name.lower().endswith(".zip")


def _unpack(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    room = LARGEST_UNPACKED_BYTES
    for number, (name, file) in enumerate(_members(path)):
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
            raise SourceError(
                "{place} names a file outside its own folder ({name})",
                "nothing was unpacked; do not trust it",
                place=show(path),
                name=show(name),
            )
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            while piece := file.read(_PIECE):
                room -= len(piece)
                if room < 0 or number >= MOST_FILES:
                    raise SourceError(
                        "{place} unpacks to more than {limit}",
                        "unpack it, and give the files that are wanted",
                        place=show(path),
                        limit=f"{LARGEST_UNPACKED_BYTES / 2**30:g} GiB",
                    )
                out.write(piece)


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the plain files of an archive: no links, no devices, nothing that macOS adds."""
    if path.open("rb").read(2) == b"PK" or path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if (
                    info.is_dir()
                    or stat.S_ISLNK(info.external_attr >> 16)
                    or _is_junk(info.filename)
                ):
                    continue
                with archive.open(info) as file:
                    yield info.filename, file
        return
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None and not _is_junk(member.name):
                yield member.name, content


def _is_junk(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or bool(parts and parts[-1].startswith("._"))
