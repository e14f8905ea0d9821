"""Mutated run folders under every verb: no traceback, nothing read or written outside."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.robustness.mutations import mutate
from tests.tiny_runs import tiny_spec

LIMIT_SECONDS = 120
# A process tries so many folders with one trained run.
CHUNK = 100

VERBS = {
    "list": ("runs", "list", "--runs-dir", "{runs}"),
    "show": ("runs", "show", "{run}"),
    "show, as JSON": ("runs", "show", "{run}", "--json"),
    "predict": ("predict", "{run}", "a good film"),
    "evaluate": ("evaluate", "{run}"),
    "evaluate a file": ("evaluate", "{run}", "--data", "{data}"),
    "resume": ("runs", "resume", "{run}"),
    "fork": ("runs", "fork", "{run}", "--set", "train.max_steps=4"),
    "attend": ("attend", "{run}", "a good film", "--out", "{folder}/look.json"),
    "export": ("export", "{run}", "--out", "{folder}/out"),
    "export a card": ("export", "{run}", "--to", "card", "--out", "{folder}/card"),
    "report": ("report", "{run}"),
    "compare": ("runs", "compare", "{run}", "{good}"),
    "label-issues": ("data", "label-issues", "{run}"),
    "steer": ("runs", "steer", "{run}", "paused=true"),
    "kill": ("runs", "stop", "{run}", "--kill"),
}


@dataclass
class Found:
    """What came of it: how often each verb ended how, and what should not have happened."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    folders: int = 0


class _TooLate(BaseException):
    pass


class Bench:
    """A finished run and an interrupted one, to be copied and mutated, and a place outside."""

    def __init__(self, folder: Path) -> None:
        from workbench import pipeline

        changes = {
            "train.max_steps": 3, "output.save_steps": 1, "output.keep_every_steps": 1,
            "inspect.probes": ["a good film"], "data.max_tokens": 8,
        }  # fmt: skip
        self.folder = folder
        self.good = pipeline.train(tiny_spec(folder, **changes)).path
        self.broken_off = folder / "broken-off"
        shutil.copytree(self.good, self.broken_off)
        log = self.broken_off / "events.jsonl"
        lines = log.read_text().splitlines(keepends=True)
        log.write_text("".join(line for line in lines if "run_ended" not in line))
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "key").write_text("PRIVATE KEY")
        self.looked_at: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: Any) -> None:
        if event == "open" and str(self.outside) in str(arguments[0]):
            self.looked_at.append(str(arguments[0]))

    def try_one(self, seed: int, found: Found) -> None:
        """Mutate a copy of a run and use it in every way, all by one number."""
        from workbench.cli import main

        rng = random.Random(seed)
        runs = Path(tempfile.mkdtemp(dir=self.folder, prefix="runs-"))
        original = runs / "original"
        shutil.copytree(rng.choice((self.good, self.broken_off)), original)
        result = "; ".join(
            mutate(original, self.outside, rng) for _ in range(rng.choice((1, 1, 2)))
        )
        self.looked_at.clear()
        for verb, words in rng.sample(sorted(VERBS.items()), 4):
            run = runs / "their-run"
            shutil.copytree(original, run, symlinks=True, copy_function=_copy)
            held = {
                "run": run, "runs": runs, "good": self.good, "folder": runs,
                "data": self.folder / "rows.csv",
            }  # fmt: skip
            said = io.StringIO()
            signal.signal(signal.SIGALRM, _too_late)
            signal.alarm(LIMIT_SECONDS)
            where = f"{seed}: {result}: {verb}"
            try:
                with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                    code = main([word.format(**held) for word in words])
                found.codes[verb, code] += 1
                if code not in (0, 2):
                    found.faults.append(f"{where}: exit code {code}")
            except _TooLate:
                found.faults.append(f"{where}: not done within {LIMIT_SECONDS} s")
            except BaseException:
                found.faults.append(f"{where}: {traceback.format_exc(limit=-4)}")
            finally:
                signal.alarm(0)
            for name in ("their-run", "out", "card"):
                shutil.rmtree(runs / name, ignore_errors=True)
        if self.looked_at:
            found.faults.append(f"{seed}: {result}: opened {self.looked_at[0]}")
        held = {path.name: path.read_bytes() for path in self.outside.iterdir()}
        if held != {"key": b"PRIVATE KEY"}:
            found.faults.append(f"{seed}: {result}: outside there is {held}")
        found.folders += 1
        shutil.rmtree(runs, ignore_errors=True)


def fuzz(count: int, first: int = 0, processes: int = 1) -> Found:
    """Try so many folders, numbered from `first`; the same numbers give the same folders."""
    found = Found()
    if processes > 1:
        starts = range(first, first + count, CHUNK)
        sizes = [min(CHUNK, first + count - start) for start in starts]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            for part in pool.map(fuzz, sizes, starts):
                found.codes += part.codes
                found.faults += part.faults
                found.folders += part.folders
        return found
    with tempfile.TemporaryDirectory(prefix="wb-fuzz-") as folder:
        bench = Bench(Path(folder))
        for seed in range(first, first + count):
            bench.try_one(seed, found)
    return found


def _too_late(*_: Any) -> None:
    raise _TooLate


def _copy(source: str, target: str) -> str:
    """Copy a file; a pipe is made anew, because to read it would take for ever."""
    if Path(source).is_fifo():
        import os

        os.mkfifo(target)
        return target
    return shutil.copy2(source, target)
