"""What is told on stderr while a run works, by whatever part of it: one line, which is escaped."""

from __future__ import annotations

import sys

from ..errors import plain


def tell(sentence: str) -> None:
    """Write a sentence on stderr; what a terminal would obey in it is shown instead."""
    sys.stderr.write(plain(sentence) + "\n")
