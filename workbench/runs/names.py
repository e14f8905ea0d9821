"""Names of files and folders, short enough for every file system."""

from __future__ import annotations

import hashlib
from pathlib import Path

# Most file systems take 255 bytes; what is added to a name (a time, an ending, a mark of a
# temporary file) needs some of them, and encrypted home folders take 143.
MAX_BYTES = 60


def cut_name(name: str, max_bytes: int = MAX_BYTES) -> str:
    """Return a name as it is if it has few enough bytes; else its beginning and a hash of it all.

    Bytes, not characters: a Chinese one has three of them, and none is cut in two.
    """
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= max_bytes:
        return name
    mark = hashlib.sha256(raw).hexdigest()[:8]
    return f"{raw[: max_bytes - 9].decode('utf-8', 'ignore')}-{mark}"


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder for its `~`; of a user that is not there, as it stands."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
