"""What it costs to watch a run: attaching to a long log, bytes on the wire, time a step.

Attaching is timed from opening the log to the first message being ready: once with the numbers
that an earlier reader left beside it, once without. Updates are counted as a browser receives
them. The cost a step is what writing an event, reading it and sending its points takes of one
core, against the length of a step; the disk's share (fsync) is in it.

    python tests/bench/watching.py [--points 1000000] [--step-seconds 0.1] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.runs import EventWriter, RunFolder
from workbench.runs.reader import RunReader
from workbench.spec import RunSpec
from workbench.widgets.live import SECONDS_BETWEEN_UPDATES, LiveChart
from workbench.widgets.steering import SteeringPanel


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--step-seconds", type=float, default=0.1)
    parser.add_argument("--folder", type=Path, help="where the logs are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        attaching(Path(folder) / "long", options.points)
        updates(Path(folder) / "growing")
        cost(Path(folder) / "cost", options.step_seconds)


def attaching(folder: Path, points: int) -> None:
    """Time attaching to a log of many points."""
    run = write_log(folder, points)
    size = run.events_path.stat().st_size
    print(f"attach to {points:,} logged steps ({size / 1e6:.0f} MB of events)")
    without = timed(lambda: RunReader(run).update())
    print(
        f"  first time ever                    {without:8.2f} s, leaves the numbers beside the log"
    )
    for _ in range(3):
        began = time.perf_counter()
        chart = Wire(run)
        chart.update()
        read = time.perf_counter() - began
        chart._received(chart, {"kind": "sync"}, [])
        ready = time.perf_counter() - began
        print(f"  with the numbers                   {ready:8.2f} s, {read:.2f} s of it reading")
        controls = timed(lambda: SteeringPanel(run, language="en"))
        print(f"  and its controls                   {controls:8.2f} s")
    messages, size = chart.count()
    print(f"  first message                      {size / 1e3:8.0f} kB in {messages} message")
    middle, width = points // 2, points // 50
    zoom = {"kind": "detail", "run": 0, "first": middle, "last": middle + width}
    seconds = timed(lambda: chart._received(chart, zoom, []))
    _, size = chart.count()
    print(f"  zoom into {width:,} of the steps     {seconds:8.2f} s, {size / 1e3:.0f} kB")


def updates(folder: Path) -> None:
    """Count messages and bytes of updates at several lengths of a run."""
    folder.mkdir()
    writer, run = EventWriter(folder / "events.jsonl"), RunFolder(folder)
    writer.write("run_started", 0, total_steps=10_000, time="", device="cpu")
    chart = Wire(run)
    chart._received(chart, {"kind": "sync"}, [])
    step = 0
    print("updates of 10 new points")
    for length in (500, 5000):
        while step < length:
            step += 1
            write_step(writer, step, 10_000)
        chart.update()
        chart.count()
        for _ in range(10):
            for _ in range(10):
                step += 1
                write_step(writer, step, 10_000)
            chart.update()
        messages, size = chart.count()
        name = f"after {length:,} steps"
        print(f"  {name:34} {size / 10 / 1e3:8.2f} kB, {messages / 10:g} message")
    writer.close()


def cost(folder: Path, step_seconds: float) -> None:
    """Time what one step's event takes to be written, read and sent."""
    folder.mkdir()
    writer, run = EventWriter(folder / "events.jsonl"), RunFolder(folder)
    writer.write("run_started", 0, total_steps=10_000, time="", device="cpu")
    chart = Wire(run)
    chart._received(chart, {"kind": "sync"}, [])
    a_round = max(1, round(SECONDS_BETWEEN_UPDATES / step_seconds))
    writing, watching, rounds = 0.0, 0.0, 200
    for number in range(rounds):
        for step in range(number * a_round, (number + 1) * a_round):
            writing += timed(lambda step=step: write_step(writer, step + 1, 10_000))
        watching += timed(chart.update)
    writer.close()
    steps = rounds * a_round
    print(f"cost a step of {step_seconds * 1e3:g} ms, {a_round} steps an update")
    for name, seconds in (("written, with fsync", writing), ("read and sent", watching)):
        share = seconds / steps / step_seconds
        print(f"  {name:34} {seconds / steps * 1e3:8.3f} ms = {share:.2%} of the step")


class Wire(LiveChart):
    """A chart that counts what it would send."""

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        """Note the size of a message instead of sending it."""
        self.__dict__.setdefault("sizes", []).append(
            len(json.dumps(content)) + sum(len(buffer) for buffer in buffers or ())
        )

    def count(self) -> tuple[int, int]:
        """Return how many messages and bytes there were since the last count."""
        sizes = self.__dict__.pop("sizes", [])
        return len(sizes), sum(sizes)


def write_log(folder: Path, points: int) -> RunFolder:
    """Write a finished-looking log at once, without waiting for the disk after each event."""
    folder.mkdir()
    with (folder / "events.jsonl").open("w", encoding="utf-8") as log:
        for seq, event in enumerate(_events(points)):
            log.write(json.dumps({"seq": seq} | event) + "\n")
    run = RunFolder(folder)
    run.write_spec(RunSpec(), {})
    return run


def _events(points: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(0)
    started = {"event": "run_started", "step": 0, "wall_seconds": 0.0, "device": "cpu"}
    yield started | {"total_steps": points, "time": ""}
    for step in range(1, points + 1):
        at = {"step": step, "wall_seconds": round(step * 0.11, 4)}
        yield {"event": "step_logged"} | at | _values(step, points, rng)
        if step % max(1, points // 1000) == 0:
            scores = {"loss": 0.3 + rng.random() / 10, "accuracy": 0.8 + rng.random() / 10}
            yield {"event": "evaluated", **at, "metrics": scores, "best": step == points // 2}
            yield {"event": "checkpoint_saved", **at, "path": f"checkpoints/step-{step}"}


def write_step(writer: EventWriter, step: int, total: int) -> None:
    """Write one step as the trainer does."""
    writer.write("step_logged", step, **_values(step, total, random.Random(step)))


def _values(step: int, total: int, rng: random.Random) -> dict[str, float]:
    return {
        "epoch": round(step / 3000, 4),
        "loss": 0.25 + 0.5 * math.exp(-5 * step / total) + rng.gauss(0, 0.05),
        "learning_rate": 5e-5 * (1 - step / total),
        "grad_norm": abs(rng.gauss(1, 0.4)),
        "tokens_per_second": 900 + rng.random() * 20,
        "rows_per_second": 60 + rng.random(),
        "rows": step * 16,
        "memory_bytes": 1_234_567_890 + step,
    }


def timed(work: Any) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
