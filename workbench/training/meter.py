"""What is counted while a model learns: rows, tokens and the seconds inside optimiser steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from ..runs.events import EventValues


class Counted(TypedDict):
    """What a checkpoint keeps of what was counted."""

    rows_seen: int
    tokens: int


class Meter:
    """Counts rows and tokens; gives rates since it was last asked.

    Rates count the time inside optimiser steps only, not evaluation or saving.
    """

    def __init__(self) -> None:
        self.rows = self.tokens = 0
        self._rows_before = self._tokens_before = 0
        self._seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the seconds of the block."""
        began = time.monotonic()
        yield
        self._seconds += time.monotonic() - began

    def add(self, rows: int, tokens: int) -> None:
        """Count a step's rows, and their tokens without padding."""
        self.rows += rows
        self.tokens += tokens

    def rates(self) -> EventValues:
        """Return tokens and rows a second since the last time."""
        seconds = self._seconds or float("nan")
        found: EventValues = {
            "tokens_per_second": (self.tokens - self._tokens_before) / seconds,
            "rows_per_second": (self.rows - self._rows_before) / seconds,
        }
        self._rows_before, self._tokens_before, self._seconds = self.rows, self.tokens, 0.0
        return found

    def state_dict(self) -> Counted:
        """Return what a checkpoint keeps of this."""
        return {"rows_seen": self.rows, "tokens": self._tokens_before}

    def load_state_dict(self, memory: Counted, tokens: int) -> None:
        """Go on from what a checkpoint has kept, with the tokens counted until then."""
        self.rows = self._rows_before = memory["rows_seen"]
        self._tokens_before, self.tokens = memory["tokens"], tokens


def memory_bytes() -> int:
    """Return the memory in use: of the GPU where there is one, else of this process."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return torch.cuda.memory_allocated()
    return psutil.Process().memory_info().rss
