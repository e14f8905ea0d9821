"""`dynamics.records`: what each training batch said of its rows, in records of one width.

The first line is JSON (`version`, `labels`, `classes`); then one record a row and pass, appended
in the order of training. A run that is taken up again takes steps again: the later record counts.
A torn last record is cut off. Nothing in the file is executed or unpickled.

Shapes:
    E passes, N rows, C classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RunError, shorten
from ..runs import RunFolder
from ..runs.append_log import AppendLog

VERSION = 1
FILE = "dynamics.records"
# Beyond so many classes only the label's own probability and the likeliest class are kept.
MOST_CLASSES = 256


@dataclass(frozen=True)
class Dynamics:
    """What the passes over the training rows said of each; NaN where one was not reached.

    `rows` are the numbers in the source of those seen at least once, ascending. `labels` names
    the classes. `confidence` is the probability of the given label, `margin` its logit less the
    highest other one, `correct` whether it was the likeliest, `probabilities` that of each class
    (None where they were not kept). All are from the pass that learned from the row, before it
    did. `given` is the number of the label that each row was learned with, -1 where it has none
    or several. What a task has no meaning for is NaN throughout: numbers have a loss alone, spans
    and written texts no margin. Of a row learned in several parts, each is the mean over them.

    Shapes:
        rows, given: (N,); loss, confidence, margin, correct, predicted: (E, N);
        probabilities: (E, N, C).
    """

    labels: list[str]
    rows: np.ndarray
    given: np.ndarray
    loss: np.ndarray
    confidence: np.ndarray
    margin: np.ndarray
    correct: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray | None

    @property
    def passes(self) -> int:
        """How many passes over the rows were begun."""
        return len(self.loss)

    @property
    def repeated(self) -> bool:
        """Whether a second pass has ended; a few rows may have been left out of it."""
        if self.passes < 2 or not len(self):
            return False
        reached = (~np.isnan(self.loss)).sum(axis=0)
        return bool((reached >= 2).mean() >= 0.95)

    def __len__(self) -> int:
        """Return how many rows were seen."""
        return len(self.rows)


def record_type(classes: int) -> np.dtype:
    """Return what one record holds; `classes` is 0 where probabilities are not kept."""
    return np.dtype(
        [
            ("step", "<u4"), ("epoch", "<u4"), ("row", "<i8"), ("label", "<i4"),
            ("predicted", "<i4"), ("correct", "<f4"), ("loss", "<f4"), ("confidence", "<f4"),
            ("margin", "<f4"), ("probabilities", "<f2", (classes,)),
        ]
    )  # fmt: skip


def record_type_of(labels: list[str]) -> np.dtype:
    """Return what one record of rows with these labels holds."""
    return record_type(len(labels) if len(labels) <= MOST_CLASSES else 0)


class DynamicsWriter:
    """Appends records to a run's `dynamics.records`; one writer a run."""

    def __init__(self, run: RunFolder, labels: list[str]) -> None:
        """Open the file, or begin it.

        Raises:
            OSError: the folder cannot be written.
            RunError: the file is of other labels, or damaged.
        """
        self.type = record_type_of(labels)
        classes = self.type["probabilities"].shape[0]
        header = {"version": VERSION, "labels": labels, "classes": classes}
        line = (json.dumps(header, ensure_ascii=False) + "\n").encode("utf-8")
        path = run.path / FILE
        if not _first_line(path).endswith(b"\n"):  # new, or torn before anything was recorded
            path.write_bytes(line)
        elif (found := _read_header(path)) != header:
            raise RunError(
                "{path} is of other labels: {found}",
                "remove it",
                path=path,
                found=shorten(found["labels"]),
            )
        self._log = AppendLog(path, start=len(line), width=self.type.itemsize)

    def append(self, records: np.ndarray, durable: bool = False) -> None:
        """Append records of `type`; `durable` waits until they are on the disk.

        Raises:
            OSError: the disk is full or at fault; then none of them was written.
        """
        self._log.append(records.tobytes(), durable)

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        self._log.close()


def has_dynamics(run: RunFolder) -> bool:
    """Return whether anything was recorded of a run's rows."""
    return (run.path / FILE).is_file()


def read_dynamics(run: RunFolder) -> Dynamics:
    """Return what has been recorded of a run's training rows so far.

    Raises:
        RunError: nothing was recorded, or the file is damaged.
    """
    header, records = read_records(run)
    return arrange(header["labels"], records)


def read_records(run: RunFolder) -> tuple[dict[str, Any], np.ndarray]:
    """Return the header and the records of steps not given up, in the order of training.

    Raises:
        RunError: nothing was recorded, or the file is damaged.
    """
    path = run.path / FILE
    if not path.is_file():
        raise RunError(
            "nothing was recorded of the rows of {run}",
            "train it again, with this version",
            run=run.name,
        )
    header = _read_header(path)
    kind = record_type(header["classes"])
    with path.open("rb") as file:
        file.readline()
        block = file.read()
    records = np.frombuffer(block[: len(block) // kind.itemsize * kind.itemsize], kind)
    return header, records[_kept(records["step"])]


def copy_until(run: RunFolder, target: RunFolder, step: int) -> None:
    """Give a run what another recorded until a step: for a fork that goes on from there."""
    if not has_dynamics(run):
        return
    header, records = read_records(run)
    writer = DynamicsWriter(target, header["labels"])
    writer.append(records[records["step"] <= step], durable=True)
    writer.close()


def arrange(labels: list[str], records: np.ndarray) -> Dynamics:
    """Sort records by pass and row.

    Of several for the same place, the last one counts where rows have labels: a step was broken
    off and taken again. Elsewhere they are parts of the row.
    """
    rows, place = np.unique(records["row"], return_inverse=True)
    passes = int(records["epoch"].max()) + 1 if len(records) else 0
    shape = (passes, len(rows))
    at = records["epoch"], place
    given = np.full(len(rows), -1, np.int64)
    given[place] = records["label"]

    def table(name: str) -> np.ndarray:
        filled = np.full(shape, np.nan, np.float32)
        if labels:
            filled[at] = records[name]
            return filled
        known = ~np.isnan(records[name])
        places = at[0][known], at[1][known]
        sums, counts = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, places, records[name][known])
        np.add.at(counts, places, 1)
        return np.divide(sums, counts, out=filled, where=counts > 0, casting="same_kind")

    probabilities = None
    if classes := records.dtype["probabilities"].shape[0]:
        probabilities = np.full((*shape, classes), np.nan, np.float32)
        probabilities[at] = records["probabilities"]
    names = ("loss", "confidence", "margin", "correct", "predicted")
    tables = {name: table(name) for name in names}
    return Dynamics(labels, rows, given, **tables, probabilities=probabilities)


def _kept(steps: np.ndarray) -> np.ndarray:
    """Return which records are of steps after which training did not go back."""
    if not len(steps):
        return np.zeros(0, bool)
    lowest_from_here = np.minimum.accumulate(steps[::-1])[::-1]
    return steps <= lowest_from_here


def _first_line(path: Path) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.readline()


def _read_header(path: Path) -> dict[str, Any]:
    try:
        header = json.loads(_first_line(path))
        if header["version"] == VERSION and header["classes"] >= 0 and header["labels"] is not None:
            return header
    except (ValueError, KeyError, TypeError):
        pass
    raise RunError(
        "{path} is damaged, or of another version", "remove it, or train again", path=path
    )
