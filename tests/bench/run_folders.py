"""What the run folder costs: journalling a step, saving a checkpoint, listing thousands of runs.

    python tests/bench/run_folders.py [--runs 10000] [--step-seconds 0.2]

The share of training time that the journal takes is its cost a step over the time of a step;
`training_speed.py` says how long a step takes on this machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch

from workbench.runs import EventReader, EventWriter, RunFolder, RunState
from workbench.runs.summary import heartbeat, summarise, summarise_all
from workbench.training import checkpoints

EVENTS = 2000


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--step-seconds", type=float, default=0.2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        journal(Path(folder), options.step_seconds)
        checkpoint(Path(folder))
        listing(Path(folder) / "many", options.runs)


def journal(folder: Path, step_seconds: float) -> None:
    """Write a step's event, on disk, and read and fold it as a watcher does."""
    run = make_run(folder / "journal")
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=EVENTS)
    numbers = {
        "epoch": 0.5, "loss": 0.693147, "learning_rate": 1e-4, "grad_norm": 1.2345,
        "tokens_per_second": 1234.5, "rows_per_second": 67.8, "rows": 16, "memory_bytes": 10**9,
    }  # fmt: skip
    with heartbeat(run):
        began = time.perf_counter()
        for step in range(EVENTS):
            writer.write("step_logged", step, **numbers)
        written = (time.perf_counter() - began) / EVENTS
    writer.close()
    began = time.perf_counter()
    RunState().fold(EventReader(run.events_path).new())
    read = (time.perf_counter() - began) / EVENTS
    print(
        f"journal: {1e3 * written:.2f} ms to write a step to disk, {1e3 * read:.3f} to watch it, "
        f"or {(written + read) / step_seconds:.2%} of a step of {step_seconds:g} s"
    )


def checkpoint(folder: Path) -> None:
    """Save and check a checkpoint of MiniLM's size: 22.7 million weights and their moments."""

    class Model(torch.nn.Linear):
        def save_pretrained(self, place: Path) -> None:
            from safetensors.torch import save_file

            save_file(self.state_dict(), place / "model.safetensors")

    class Tokenizer:
        def save_pretrained(self, place: Path) -> None:
            pass

    model = Model(4768, 4768)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 4768)).sum().backward()
    optimizer.step()
    place = folder / "step-000001"
    began = time.perf_counter()
    checkpoints.save_checkpoint(
        place, model, Tokenizer(), optimizer, dict.fromkeys(checkpoints.PROGRESS)
    )
    saved = time.perf_counter() - began
    size = sum(file.stat().st_size for file in place.iterdir())
    began = time.perf_counter()
    fault = checkpoints.find_fault(place)
    checked = time.perf_counter() - began
    print(
        f"checkpoint: {size / 1e6:.0f} MB saved in {saved:.2f} s, checked in {checked:.2f} s{fault}"
    )


def listing(folder: Path, count: int) -> None:
    """List a folder of finished runs."""
    note = json.dumps(asdict(summarise(make_run(folder / "first"))) | {"status": "finished"})
    for number in range(count - 1):
        make_run(folder / f"run-{number:05d}")
    for run in folder.iterdir():
        (run / "state.json").write_text(note, "utf-8")
    began = time.perf_counter()
    found = len(summarise_all(folder))
    print(f"listing: {found:,} runs in {time.perf_counter() - began:.2f} s")


def make_run(path: Path) -> RunFolder:
    """Make a folder that is a run."""
    path.mkdir(parents=True)
    (path / "spec.yaml").write_text("task: text-classification\n", "utf-8")
    return RunFolder(path)


if __name__ == "__main__":
    main()
