"""Keeps what each training batch says of its rows, and writes it when that costs nothing.

The numbers come from the pass that training makes anyway. They stay on the device until the loss
is fetched from there, too; before a checkpoint all of them are on the disk, so that a run which
goes on from it lacks none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..dynamics import DynamicsWriter
from ..dynamics.record import record_type_of
from ..runs import RunFolder
from .prepare import Prepared
from .processes import Processes, processes


class Observer:
    """Takes what a model gives for training batches; `flush` writes what that says of each row.

    Of several processes each takes note of its own batches, and the main one, which alone has a
    `writer`, writes them all.
    """

    def __init__(
        self,
        kind: np.dtype,
        writer: DynamicsWriter | None,
        observe: Callable[[Any, Any], dict[str, Any]],
        together: Processes,
    ) -> None:
        self.writer = writer
        self._kind = kind
        self._observe = observe
        self._together = together
        self._waiting: list[tuple[int, int, list[int], dict[str, Any]]] = []

    def take(self, step: int, epoch: int, rows: list[int], outputs: Any, labels: Any) -> None:
        """Note what a batch says of its rows; `step` is the one that learns from it."""
        with torch.no_grad():
            self._waiting.append((step, epoch, rows, self._observe(outputs, labels)))

    def flush(self, durable: bool = False) -> None:
        """Write what was noted; `durable` waits until it is on the disk.

        Raises:
            OSError: the disk is full or at fault; what was noted still waits.
        """
        blocks = [self._records(*noted) for noted in self._waiting]
        own = np.concatenate([np.empty(0, self._kind), *blocks])
        records = np.concatenate(self._together.collect(own))
        if self.writer is not None:
            self.writer.append(records, durable)
        self._waiting.clear()

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        if self.writer is not None:
            self.writer.close()

    def _records(self, step: int, epoch: int, rows: list[int], found: dict[str, Any]) -> np.ndarray:
        records = np.zeros(len(rows), self._kind)
        records["label"] = records["predicted"] = -1
        for name in ("confidence", "margin", "correct", "probabilities"):  # which some lack
            records[name] = np.nan
        records["step"], records["epoch"], records["row"] = step, epoch, rows
        for name, values in found.items():
            if records[name].size:
                records[name] = values.cpu().numpy()
        return records


def open_observer(run: RunFolder, prepared: Prepared) -> Observer:
    """Return what takes note of the run's rows."""
    task, setup, together = prepared.task, prepared.setup, processes()
    labels = prepared.labels if task.names_labels else []
    return Observer(
        record_type_of(labels),
        DynamicsWriter(run, labels) if together.main else None,
        lambda outputs, labels: task.observe(outputs, labels, setup),
        together,
    )
