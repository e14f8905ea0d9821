"""Lines for a shell, to repeat a run or go on with it: right as they stand for any folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any


def line(*words: Any) -> str:
    """Return a command of the workbench as a shell takes it."""
    return shlex.join(["workbench", *(_word(word) for word in words)])


def quoted(path: str | os.PathLike[str]) -> str:
    """Return a path as a word of such a line."""
    return shlex.quote(_word(path))


def rerun_line(spec_path: Path, record: dict[str, Any]) -> str:
    """Return the line that repeats a run: the one it noted, if that is one command of ours.

    The folder may be somebody else's, and the line is there to be copied into a terminal.
    """
    noted = record.get("command")
    noted = noted if isinstance(noted, str) else ""
    try:
        words = shlex.split(noted)
    except ValueError:
        words = []
    if words[:1] == ["workbench"] and noted.isprintable() and shlex.join(words) == noted:
        return noted
    return line("train", spec_path)


def _word(word: Any) -> str:
    text = word.as_posix() if isinstance(word, Path) else str(word)
    return f"./{text}" if isinstance(word, Path) and text.startswith("-") else text
