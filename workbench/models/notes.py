"""Reading the small notes that lie beside a model: they may come from anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ModelError, shorten
from ..runs import read_json
from ..sources.paths import show

Note = TypeVar("Note")


def read_note(path: Path, limit_bytes: int, take: Callable[[Any], Note]) -> Note | None:
    """Return what `take` makes of a JSON file; None where there is none.

    Args:
        path: the file.
        limit_bytes: a larger file is not read.
        take: raises a TypeError or ValueError where the content has another form.

    Raises:
        ModelError: it is damaged.
    """
    if not path.is_file():
        return None
    try:
        return take(read_json(path, limit_bytes))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            "{path} is damaged ({reason})",
            "use a model folder that a run wrote",
            path=show(path),
            reason=shorten(error),
        ) from None
