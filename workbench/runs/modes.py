"""Who may read what is written: what the umask says, for every file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def follow_umask(folder: Path) -> None:
    """Give all files of a folder the permissions that a new file gets.

    safetensors writes weights for their owner alone, beside files that others may read.
    """
    if os.name == "nt":
        return
    probe = folder / f".mode-{os.getpid()}"
    probe.touch()
    try:
        mode = probe.stat().st_mode & 0o777
    finally:
        probe.unlink(missing_ok=True)
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o777 != mode:
            with suppress(PermissionError):  # a link to a file of somebody else, from a fork
                file.chmod(mode)
