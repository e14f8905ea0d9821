"""From the click on Start to the first point of the curve, with a worker that is ready.

The worker has been made ready beforehand, as the studio does it, and the data has been prepared
for the pages above the button. Timed is what the click does, and then the wait for the first
`step_logged` event; a second line says the same without a worker that is ready.

    python tests/bench/first_loss.py [--repeats 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from workbench import worker
from workbench.runs import RunFolder, ask, read_events
from workbench.spec import RunSpec
from workbench.training.prepare import prepare
from workbench.training.run import quiet_libraries

WARM_SECONDS = 20.0


def main() -> None:
    """Measure, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        spec = RunSpec().replace({"output.runs_dir": folder})
        with quiet_libraries():
            prepared = prepare(spec)
        for name, ready in (("a worker that is ready", True), ("a new process", False)):
            times = []
            for _ in range(repeats):
                if ready:
                    worker.make_ready(prepared)
                    time.sleep(WARM_SECONDS)
                times.append(until_first_loss(prepared))
            result = ", ".join(f"{seconds:.1f}" for seconds in times)
            print(f"click to first loss with {name:24}{result} s")


def until_first_loss(prepared: object) -> float:
    """Start a run, return the seconds until its first loss, and end it."""
    began = time.perf_counter()
    run: RunFolder = worker.start(prepared.spec, prepared)
    events = Path(run.events_path)
    while not any(event["event"] == "step_logged" for event in read_events(events)):
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    ask(run, "stop", "discard")
    while not any(event["event"] == "run_ended" for event in read_events(events)):
        time.sleep(0.05)
    return seconds


if __name__ == "__main__":
    main()
