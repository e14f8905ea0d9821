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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict, cast, get_args, get_type_hints

from .append_log import LineReader

Kind = Literal[
    "run_started",
    "step_logged",
    "evaluated",
    "checkpoint_saved",
    "probe_snapshot",
    "steered",
    "run_ended",
    "run_failed",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

# The scores of an evaluation by name, as `evaluated` and the curves have them.
Scores = Mapping[str, float | None]


class EventValues(TypedDict, total=False):
    """What events add; a name means the same in all of them.

    A line of the log in which a number, a text or scores are something else holds no event.
    """

    total_steps: int
    time: str
    device: str
    precision: str
    precision_reason: str
    resumed_from: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    tokens_per_second: float
    rows_per_second: float
    rows: float
    memory_bytes: float
    metrics: Scores
    best: bool
    only_answer: str
    path: str
    probe: int
    knob: str
    old: Any
    new: Any
    who: str
    request: int | None
    reason: str
    best_step: int
    seconds: float
    what: str
    remedy: str


class Event(EventValues):
    """One record of a run."""

    event: Kind
    seq: int
    step: int
    wall_seconds: float


_ALWAYS = Event.__required_keys__


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
    return cast(Event, {key: _number(value) for key, value in record.items()})


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


_FITS: dict[Any, Callable[[Any], bool]] = {
    int: _is_count, float: _is_loose, str: _is_text, Scores: _is_scores
}  # fmt: skip
_FORMS = {
    name: fits
    for name, kind in get_type_hints(EventValues).items()
    if (fits := _FITS.get(int if kind == int | None else kind)) is not None
}


def plain_json(value: Any) -> Any:
    """Make a value strict JSON: numbers of numpy and torch plain, NaN and infinity spelled out."""
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
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
