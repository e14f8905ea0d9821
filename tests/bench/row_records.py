"""What it costs to record each row while it is learned, and to read and rank what was recorded.

Recording is timed a step of 32 rows and two classes: what the logits say, and the write. The
length of a step to hold it against is what `training_speed.py` measures. Reading, measuring and
ranking are timed for as many rows and passes as are asked for.

    python tests/bench/row_records.py [--rows 1000000] [--passes 3] [--steps 2000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from workbench.dynamics import DynamicsWriter, flagged_indices, measure, rank, read_dynamics
from workbench.dynamics.record import FILE
from workbench.runs import RunFolder
from workbench.tasks._dynamics import of_classes
from workbench.training.observing import Observer

LABELS = ["negative", "positive"]
BATCH = 32


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording(RunFolder(Path(folder)), options.steps)
    with tempfile.TemporaryDirectory() as folder:
        reading(RunFolder(Path(folder)), options.rows, options.passes)


def recording(run: RunFolder, steps: int) -> None:
    """Time the observer alone, on logits that are already there."""
    observer = Observer(DynamicsWriter(run, LABELS), of_classes)
    logits = torch.randn(BATCH, len(LABELS), requires_grad=True)
    labels, rows = torch.randint(len(LABELS), (BATCH,)), list(range(BATCH))
    began = time.perf_counter()
    for step in range(steps):
        observer.take(step, 0, rows, logits, labels)
        observer.flush()
    seconds = time.perf_counter() - began
    observer.writer.close()
    size = (run.path / FILE).stat().st_size / (steps * BATCH)
    print(
        f"recording {1e6 * seconds / steps:,.0f} µs a step of {BATCH} rows, {size:.1f} bytes a row"
    )


def reading(run: RunFolder, rows: int, passes: int) -> None:
    """Time what the map and the rankings do with a long record."""
    writer = DynamicsWriter(run, LABELS)
    rng = np.random.default_rng(0)
    for epoch in range(passes):
        records = np.zeros(rows, writer.type)
        share = rng.beta(5, 1, rows)
        records["row"] = rng.permutation(rows)
        records["step"] = epoch * rows // BATCH + np.arange(rows) // BATCH
        records["epoch"], records["confidence"], records["loss"] = epoch, share, -np.log(share)
        records["probabilities"] = np.column_stack([share, 1 - share])
        writer.append(records)
    writer.close()
    began = time.perf_counter()
    dynamics = read_dynamics(run)
    read = time.perf_counter()
    measure(dynamics)
    flagged_indices(dynamics)
    measured = time.perf_counter()
    for name in ("confident_learning", "area_under_margin", "loss"):
        rank(dynamics, name)
    ranked = time.perf_counter()
    print(f"{rows:,} rows, {passes} passes, {(run.path / FILE).stat().st_size / 1e6:,.0f} MB")
    print(f"read {read - began:.2f} s, map {measured - read:.2f} s, rank {ranked - measured:.2f} s")


if __name__ == "__main__":
    main()
