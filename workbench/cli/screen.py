"""The one place that prints: what a terminal would obey is shown instead.

Rows, labels, file names and the notes of a run come from anywhere. An escape character among them
could set the window's title or hide a line, a mark for writing from right to left could mirror the
numbers beside it. So all that commands print passes through `Shown`, what they say on stderr
through `complain` or a console made here; both show such characters as U+001B.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

from rich.console import Console

from ..errors import plain


class Shown:
    """A stream that shows control characters; all else is that of the stream within."""

    def __init__(self, stream: TextIO) -> None:
        self.within = stream

    def write(self, text: str) -> int:
        """Write a text that a terminal shows and does not obey."""
        self.within.write(plain(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream within has."""
        return getattr(self.within, name)


def print_json(value: Any) -> None:
    """Print an answer for programs: the same value, with control characters as JSON escapes."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    safe = re.sub(r"[^ -~]", lambda m: m[0] if plain(m[0]) == m[0] else _escaped(m[0]), text)
    print(safe, flush=True)


def answers_console(**settings: Any) -> Console:
    """Return a console for answers, on stdout; give it texts through `plain`."""
    stream = sys.stdout.within if isinstance(sys.stdout, Shown) else sys.stdout
    return Console(file=stream, highlight=False, markup=False, emoji=False, **settings)


def complain(text: object) -> None:
    """Say on stderr in a line what is at fault."""
    print(f"workbench: {plain(str(text))}", file=sys.stderr)


def _escaped(character: str) -> str:
    code = json.dumps(character)[1:-1]
    return code if len(code) > 1 else f"\\u{ord(character):04x}"
