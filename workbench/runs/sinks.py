"""Sinks: what receives the events of a run, while it trains or beside it.

A sink is a class with the two methods of `Sink`, in a file of its own; nothing is registered.
`EventWriter`, and `train` of the notebook and of `pipeline`, take some, which then receive each
event in the process that trains, once it is in the run's log. `follow` feeds one from the log of
any run, in any process. Sinks of ours: `EventFile`, the log itself; `Bar` and `Lines` of
`cli.terminal`. What draws a run reads its log through `RunReader`, which knows a shorter way.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ..errors import Interrupted, disk_is_full
from .append_log import AppendLog
from .events import Event, EventReader, plain_json
from .telling import tell

WAIT_FOR_ROOM_SECONDS = 1.0
# To wait for the disk takes milliseconds, which short steps cannot spare each time.
STEPS_SYNCED_EVERY_SECONDS = 1.0


class Sink(Protocol):
    """Receives the events of a run in their order, each once."""

    def receive(self, events: Sequence[Event]) -> None:
        """Take the events that have come since the last time."""

    def close(self) -> None:
        """Let go of what is held: no more events come."""


class EventFile:
    """The file of a run's events: the sink that all others follow, one a run.

    On a full disk it waits until there is room, and says so once on stderr; it gives up when
    `interrupted` says that the process was asked to end.
    """

    def __init__(self, path: Path, interrupted: Callable[[], bool] = lambda: False) -> None:
        self.path = path
        self._interrupted = interrupted
        self._log = AppendLog(path)
        self._synced_at = -math.inf

    def receive(self, events: Sequence[Event]) -> None:
        """Append events.

        Raises:
            OSError: the folder is gone, or the disk is at fault.
            Interrupted: the disk is full, and the process was asked to end.
        """
        soon = all(event["event"] == "step_logged" for event in events)
        lines = (json.dumps(plain_json(x), ensure_ascii=False, allow_nan=False) for x in events)
        # Half a surrogate pair, as in the name of a file that is no UTF-8, becomes \udcXX.
        block = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
        is_reported = False
        while True:
            durable = not soon or time.monotonic() - self._synced_at > STEPS_SYNCED_EVERY_SECONDS
            try:
                self._log.append(block, durable)
            except OSError as error:
                if not disk_is_full(error):
                    raise
                if not is_reported:
                    tell(f"the disk of {self.path} is full; waiting for room")
                    is_reported = True
                if self._interrupted():
                    raise Interrupted(f"the disk of {self.path} is full") from None
                time.sleep(WAIT_FOR_ROOM_SECONDS)
            else:
                self._synced_at = time.monotonic() if durable else self._synced_at
                return

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        self._log.close()


def follow(path: Path, sink: Sink, done: threading.Event, poll_seconds: float = 0.2) -> None:
    """Give a sink the events of a log as they come, from the first one, until `done` is set."""
    reader = EventReader(path)
    while True:
        last = done.is_set()
        if events := reader.new():
            sink.receive(events)
        if last:
            sink.close()
            return
        done.wait(poll_seconds)
