"""Reads a run's log as it grows into the run's state, also where the log is very long.

JSON takes seconds to read from half a million steps on. So whoever has read a long log leaves
its steps as numbers beside it, in `.steps.npz`, for the next one to begin with. The file says
nothing that the log does not: where it is missing, older, damaged or of another log, the log
is read, and it is made again.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zipfile import BadZipFile

from .append_log import LineReader
from .columns import COLUMNS, Steps
from .events import Event, parse_event
from .folder import RunFolder
from .state import RunState

if TYPE_CHECKING:
    import numpy as np

# A third of a second to read again at most; below that nothing is left beside the log.
SAVE_EVERY_BYTES = 8_000_000


class RunReader:
    """Follows a run: each `update` folds what is new in its log into `state`."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.state = RunState()
        self._lines = LineReader(run.events_path)
        self._saved_offset = 0
        # Where the line of each step begins and ends in the log.
        self._places = array("q")

    def update(self) -> int:
        """Read what is new and return how many events that were; a torn last line waits."""
        try:
            with self.run.events_path.open("rb") as log:
                count = 0 if self._lines.offset else self._load_cached(log)
                for event, start, end in self._events(log):
                    count += 1
                    self.state.fold((event,))
                    if event["event"] == "step_logged" and len(self.state.steps):
                        del self._places[2 * (len(self.state.steps) - 1) :]
                        self._places.extend((start, end))
        except (FileNotFoundError, NotADirectoryError):
            return 0
        if self._lines.offset - self._saved_offset > SAVE_EVERY_BYTES:
            self._save()
        return count

    def _events(self, log: BinaryIO) -> Iterator[tuple[Event, int, int]]:
        """Yield the events from where the last reading ended, and where their lines lie."""
        start = self._lines.offset
        for line in self._lines.lines(log):
            if (event := parse_event(line)) is not None:
                yield event, start, self._lines.offset
            start = self._lines.offset

    def _load_cached(self, log: BinaryIO) -> int:
        """Begin with the steps that an earlier reader left, if they are of this log."""
        with suppress(OSError, ValueError, LookupError, EOFError, BadZipFile):
            if self._path.stat().st_size:
                places, numbers = self._load(log)
                state = _replay(log, places, numbers)
                if len(state.steps) == len(places):
                    self.state, self._places = state, array("q", places.tobytes())
                    self._lines.offset = self._saved_offset = int(places[-1, 1])
                    return len(places)
        return 0

    def _load(self, log: BinaryIO) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        with np.load(self._path, allow_pickle=False) as saved:
            places, numbers = saved["places"], saved["numbers"]
            if tuple(saved["columns"]) != COLUMNS or len(places) != len(numbers):
                raise ValueError("made by another version")
        start, end = map(int, places[-1])
        if list(_events(log, start, end)) != [Steps.event(numbers[-1].tobytes())]:
            raise ValueError("made from another log")
        return places, numbers

    def _save(self) -> None:
        """Leave the steps beside the log; a folder that cannot be written goes without."""
        import numpy as np

        self._saved_offset = self._lines.offset
        numbers = np.frombuffer(self.state.steps.numbers()).reshape(-1, len(COLUMNS))
        places = np.frombuffer(self._places.tobytes(), np.int64).reshape(-1, 2)
        if not len(places):
            return
        temporary = self._path.with_name(f".steps.{os.getpid()}.{id(self)}.npz")
        try:
            np.savez(temporary, columns=np.array(COLUMNS), places=places, numbers=numbers)
            temporary.replace(self._path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()

    @property
    def _path(self) -> Path:
        return self.run.path / ".steps.npz"


def read_state(run: RunFolder) -> RunState:
    """Return what the events of a run add up to now."""
    reader = RunReader(run)
    reader.update()
    return reader.state


def _replay(log: BinaryIO, places: np.ndarray, numbers: np.ndarray) -> RunState:
    """Fold saved steps in one go, and between them the other events from the log itself."""
    import numpy as np

    starts, ends = places[:, 0], np.concatenate(([0], places[:-1, 1]))
    gaps = np.flatnonzero(starts != ends).tolist()
    state = RunState()
    done = 0
    for gap in gaps:
        state.fold_steps(numbers[done:gap].tobytes())
        state.fold(_events(log, int(ends[gap]), int(starts[gap])))
        done = gap
    return state.fold_steps(numbers[done:].tobytes())


def _events(log: BinaryIO, start: int, end: int) -> Iterator[Event]:
    log.seek(start)
    for line in log.read(end - start).splitlines():
        if (event := parse_event(line)) is not None:
            yield event
