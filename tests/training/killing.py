"""Train a tiny run and kill it at random moments until it has ended; a script for a test.

    python -m tests.training.killing WHOLE RUN KILLS SEED

WHOLE is trained first, without a kill, to compare with.

Everything heavy is imported once; each attempt is a fork of this process, so that a kill and a
new start take a second instead of five. POSIX only. Prints one line a kill: the last step noted.
"""

from __future__ import annotations

import gc
import math
import os
import random
import signal
import sys
import time
from pathlib import Path

from workbench import pipeline
from workbench.runs import RunFolder, RunState


def main() -> None:
    """Kill and resume."""
    import sklearn.metrics  # noqa: F401

    import workbench.evaluation.run
    import workbench.reporting
    import workbench.training.run  # noqa: F401

    gc.freeze()  # a child that collects nothing old copies no old pages
    whole, run = (RunFolder(Path(place)) for place in sys.argv[1:3])
    kills, rng = int(sys.argv[3]), random.Random(int(sys.argv[4]))
    attempt(whole, 10**9, 10**9)
    # Most kills meet the steps; some the start, and some what comes after the last step.
    for _ in range(kills):
        events = rng.randrange(13)
        attempt(run, events, rng.uniform(0, 0.02 if events else 1.2))
    attempt(run, 10**9, 10**9)


def attempt(run: RunFolder, events: int, seconds: float) -> None:
    """Go on with the run and kill it `seconds` after it has noted so many more events."""
    before = _lines(run)
    child = os.fork()
    if child == 0:
        try:
            pipeline.resume(run)
        finally:
            os._exit(0)
    deadline = math.inf
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        if deadline == math.inf and _lines(run) - before >= events:
            deadline = time.monotonic() + seconds
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state = RunState().fold(run.events())
    print(state.status, state.step, flush=True)


def _lines(run: RunFolder) -> int:
    return run.events_path.read_bytes().count(b"\n") if run.events_path.exists() else 0


if __name__ == "__main__":
    main()
