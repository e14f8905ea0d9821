"""Events: the append-only record of a run, and the only truth about its progress.

One JSON object a line in `events.jsonl`. Every record has `event`, `seq` (0, 1, 2, …),
`step` (optimiser steps done) and `wall_seconds` (since the run started). A reader survives a
torn last line. A record is in the hands of the system before a writer returns, so that a killed
process loses none; records other than steps are then on the disk, and steps within a second.

The closed set of events and what each adds:

=================  ==================================================================
`run_started`      `total_steps`, `time` (UTC), `device`, `precision`, `precision_reason`,
                   `resumed_from` (the checkpoint's step, when the run goes on after a break)
`step_logged`      `epoch`, `loss`, `learning_rate`, `grad_norm`, `tokens_per_second`,
                   `rows_per_second`, `rows` (seen so far), `memory_bytes`
`evaluated`        `epoch`, `metrics` (name → number), `best` (whether the best so far),
                   `only_answer` (the one that all rows got, where the true ones differ)
`checkpoint_saved` `path` (relative to the run), `best`
`probe_snapshot`   `probe` (its number), `path`
`steered`          `knob` (see `control.knobs`), `old`, `new`, `who`, `total_steps`, and
                   `request` (its line in `control.jsonl`; None for an act of replay or alert)
`run_ended`        `reason` (`finished`, `early_stopped`, `stopped`, `discarded`),
                   `best_step`, `seconds`
`run_failed`       `what`, `remedy`
=================  ==================================================================

When a run goes on after a break, steps since its last checkpoint are taken again, but what the
log already has of them is not written twice.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import Interrupted, disk_is_full
from .append_log import AppendLog, LineReader

KINDS = (
    "run_started",
    "step_logged",
    "evaluated",
    "checkpoint_saved",
    "probe_snapshot",
    "steered",
    "run_ended",
    "run_failed",
)

Event = dict[str, Any]

WAIT_FOR_ROOM_SECONDS = 1.0
# To wait for the disk takes milliseconds, which short steps cannot spare each time.
STEPS_SYNCED_EVERY_SECONDS = 1.0

_ALWAYS = {"event", "seq", "step", "wall_seconds"}


# What is taken again after a break, step by step, but not written twice.
_ONCE = ("step_logged", "evaluated", "checkpoint_saved", "probe_snapshot")


class EventWriter:
    """Appends events to a file; one writer a run.

    On a full disk a write waits until there is room, and says so once on stderr; it gives up
    when `interrupted` says that the process was asked to end.
    """

    interrupted: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, path: Path) -> None:
        self.path = path
        earlier = list(read_events(path))
        self._seq = max((event["seq"] for event in earlier), default=-1) + 1
        waited = max((event["wall_seconds"] for event in earlier), default=0.0)
        self._start = time.monotonic() - waited
        self._written = {_key(event) for event in earlier if event["event"] in _ONCE}
        self._log = AppendLog(path)
        self._synced_at = -math.inf

    def write(self, event: str, step: int, **values: Any) -> Event:
        """Append one event and return it.

        Raises:
            ValueError: `event` is not one of `KINDS`.
            OSError: the folder is gone, or the disk is at fault.
            Interrupted: the disk is full, and the process was asked to end.
        """
        if event not in KINDS:
            raise ValueError(f"unknown event {event!r}; one of {', '.join(KINDS)}")
        record = {
            "event": event,
            "seq": self._seq,
            "step": step,
            "wall_seconds": round(time.monotonic() - self._start, 4),
            **values,
        }
        if _key(record) in self._written:
            return record
        line = json.dumps(_plain(record), ensure_ascii=False, allow_nan=False) + "\n"
        # Half a surrogate pair, as in the name of a file that is no UTF-8, becomes \udcXX.
        self._append(line.encode("utf-8", "backslashreplace"), soon=event == "step_logged")
        self._seq += 1
        return record

    def _append(self, line: bytes, soon: bool) -> None:
        told = False
        while True:
            durable = not soon or time.monotonic() - self._synced_at > STEPS_SYNCED_EVERY_SECONDS
            try:
                self._log.append(line, durable)
            except OSError as error:
                if not disk_is_full(error):
                    raise
                if not told:
                    sys.stderr.write(f"the disk of {self.path} is full; waiting for room\n")
                    told = True
                if self.interrupted():
                    raise Interrupted(f"the disk of {self.path} is full") from None
                time.sleep(WAIT_FOR_ROOM_SECONDS)
            else:
                self._synced_at = time.monotonic() if durable else self._synced_at
                return

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        self._log.close()


class SilentWriter(EventWriter):
    """Writes nothing: for a process beside the one that writes the run."""

    def __init__(self) -> None:
        pass

    def write(self, event: str, step: int, **values: Any) -> Event:
        """Return the event; the main process writes it."""
        return {"event": event, "step": step, **values}

    def close(self) -> None:
        """Leave all as it is."""


class EventReader:
    """Reads a growing file: each call of `new` gives the events appended since the last."""

    def __init__(self, path: Path) -> None:
        self._lines = LineReader(path)

    def new(self) -> list[Event]:
        """Return the complete events not yet returned; an unfinished last line waits."""
        return [event for line in self._lines.new() if (event := parse_event(line)) is not None]


def read_events(path: Path) -> Iterator[Event]:
    """Yield every complete event of a file; nothing if there is none."""
    yield from EventReader(path).new()


def _key(event: Event) -> tuple[Any, ...]:
    return event["event"], event["step"], event.get("path")


def parse_event(line: bytes) -> Event | None:
    """Return the event of a line of the log; None where the line holds none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not record.keys() >= _ALWAYS:
        return None
    counts = _is_count(record["seq"]) and _is_count(record["step"])
    if record["event"] not in KINDS or not counts or not _is_number(record["wall_seconds"]):
        return None
    if record["event"] == "steered" and not {"knob", "new"} <= record.keys():
        return None
    if not all(fits(record[name]) for name, fits in _FORMS.items() if record.get(name) is not None):
        return None
    return {key: _number(value) for key, value in record.items()}


_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _is_number(value: Any) -> bool:
    """Say whether a value is a number that a float holds; of an int with many digits, not so."""
    return (type(value) is float and math.isfinite(value)) or (
        type(value) is int and abs(value) < 2**53
    )


def _is_loose(value: Any) -> bool:
    return _is_number(value) or (isinstance(value, str) and value in _NON_FINITE)


def _is_scores(value: Any) -> bool:
    return isinstance(value, dict) and all(v is None or _is_loose(v) for v in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# What the fields of events are wherever they stand; a line with another value holds no event.
_FORMS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("total_steps", "resumed_from", "best_step", "probe", "request"), _is_count),
    **dict.fromkeys(
        ("epoch", "loss", "learning_rate", "grad_norm", "tokens_per_second", "rows_per_second",
         "rows", "memory_bytes", "seconds"), _is_loose),
    **dict.fromkeys(
        ("time", "device", "precision", "precision_reason", "path", "knob", "who", "reason",
         "what", "remedy"), _is_text),
    "metrics": _is_scores,
}  # fmt: skip


def _plain(value: Any) -> Any:
    """Make a value strict JSON: numbers of numpy and torch plain, NaN and infinity spelled out."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | bool | int | type(None)):
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _number(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_number(item) for item in value]
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value
