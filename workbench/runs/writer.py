"""Writing down what happens in a run, for its log and for whatever else receives its events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from ..errors import shorten
from .events import KINDS, Event, EventValues, Kind, read_events
from .sinks import EventFile, Sink
from .telling import tell

# What is taken again after a break, step by step, but not written twice.
_ONCE = ("step_logged", "evaluated", "checkpoint_saved", "probe_snapshot")


class EventWriter:
    """Numbers the events of a run and hands each to its sinks, the file first; one a run.

    A further sink that raises is left out from then on, and stderr says so: what only watches a
    run does not end it. While the disk is full, `interrupted` says whether to give up.
    """

    def __init__(self, path: Path, sinks: Iterable[Sink] = ()) -> None:
        earlier = list(read_events(path))
        self._seq = max((event["seq"] for event in earlier), default=-1) + 1
        waited = max((event["wall_seconds"] for event in earlier), default=0.0)
        self._start = time.monotonic() - waited
        self._written = {_key(event) for event in earlier if event["event"] in _ONCE}
        self.interrupted: Callable[[], bool] = lambda: False
        self._file = EventFile(path, self._gives_up)
        self._sinks = list(sinks)

    def write(self, event: Kind, step: int, **values: Unpack[EventValues]) -> Event:
        """Append one event and return it.

        Raises:
            ValueError: `event` is not one of `KINDS`.
            OSError: the folder is gone, or the disk is at fault.
            Interrupted: the disk is full, and the process was asked to end.
        """
        if event not in KINDS:
            raise ValueError(f"unknown event {event!r}; one of {', '.join(KINDS)}")
        wall_seconds = round(time.monotonic() - self._start, 4)
        record: Event = {
            "event": event, "seq": self._seq, "step": step, "wall_seconds": wall_seconds, **values
        }  # fmt: skip
        if _key(record) in self._written:
            return record
        self._file.receive([record])
        self._seq += 1
        for sink in list(self._sinks):
            self._ask(sink, partial(sink.receive, [record]))
        return record

    def close(self) -> None:
        """Close the file, all of it on the disk, and the other sinks."""
        self._file.close()
        for sink in list(self._sinks):
            self._ask(sink, sink.close)

    def _gives_up(self) -> bool:
        return self.interrupted()

    def _ask(self, sink: Sink, what: Callable[[], object]) -> None:
        try:
            what()
        except Exception as error:
            self._sinks.remove(sink)
            name = type(sink).__name__
            tell(f"{name} receives no more events: {shorten(repr(error), 200)}")


class SilentWriter(EventWriter):
    """Writes nothing: for a process beside the one that writes the run."""

    def __init__(self) -> None:
        pass

    def write(self, event: Kind, step: int, **values: Unpack[EventValues]) -> Event:
        """Return the event; the main process writes it."""
        return {"event": event, "seq": 0, "step": step, "wall_seconds": 0.0, **values}

    def close(self) -> None:
        """Leave all as it is."""


def _key(event: Event) -> tuple[Any, ...]:
    return event["event"], event["step"], event.get("path")
