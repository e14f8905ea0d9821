"""What the memory of a training on a processor grows to when every batch has another length.

The same linear layers learn in bf16 from batches of texts of random lengths, once with as many
ways of multiplying kept as oneDNN keeps of itself, and once with as many as a training lets it
keep. Each in a process of its own, with memory kept between steps as in a training.

    python tests/bench/shape_memory.py [--steps 240] [--longest 256]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

KEPT = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
ROWS, WIDTH, INNER, VOCABULARY = 16, 384, 1536, 4000


def main() -> None:
    """Measure each way, and print the figures and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--longest", type=int, default=256)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        measure(options.steps, options.longest)
        return
    found = []
    for name, kept in (("1,024 kept", {KEPT: "1024"}), ("as in a training", {})):
        told = subprocess.run(
            [sys.executable, *sys.argv, "--alone"], env=os.environ | kept, stdout=-1, check=True
        )
        found.append([float(number) for number in told.stdout.split()])
        print(f"{name}: {found[-1][0]:.2f} GB, {found[-1][1]:.1f} s")
    ratios = [one / other for one, other in zip(*found, strict=True)]
    print(f"memory {ratios[0]:.1f} times as large, time {ratios[1]:.2f} times as long")


def measure(steps: int, longest: int) -> None:
    """Learn, and print the memory in GB and the time in seconds."""
    import torch

    from workbench.training.callback import memory_bytes
    from workbench.training.precision import choose_precision
    from workbench.training.speed import on_processor

    choose_precision()
    random.seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(WIDTH, INNER),
        torch.nn.GELU(),
        torch.nn.Linear(INNER, WIDTH),
        torch.nn.Linear(WIDTH, VOCABULARY),
    )
    began = time.perf_counter()
    with on_processor(model):
        for _ in range(steps):
            batch = torch.randn(ROWS, random.randint(20, longest), WIDTH)
            with torch.autocast("cpu", torch.bfloat16):
                answers = model(batch)
            answers.float().square().mean().backward()
    print(memory_bytes() / 1e9, time.perf_counter() - began)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
