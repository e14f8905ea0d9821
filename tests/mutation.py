"""Change the numeric modules one place at a time, and count the changes that no test notices.

mutmut makes the changes, in functions that carry no decorator; texts are left alone, for most of
them are words on the screen. Swaps of functions that are easily mistaken for one another, such as
`max` and `min`, are added here. `mutation.toml` names the modules, the tests that lie near each,
and the changes that are no change, with the reason. Each change runs in a process of its own,
forked where torch is loaded and the tests are collected.

    python tests/mutation.py                        # all modules, the table at the end
    python tests/mutation.py --module _scores       # those whose path holds the word
    python tests/mutation.py --sample 60            # at most so many of each
"""

from __future__ import annotations

import argparse
import difflib
import gc
import importlib
import os
import random
import re
import signal
import sys
import time
import tomllib
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SWAPS = (
    ("max", "min"), ("amax", "amin"), ("argmax", "argmin"), ("maximum", "minimum"), ("any", "all"),
    ("sum", "mean"), ("floor", "ceil"), ("first", "second"), ("ours", "theirs"),
)  # fmt: skip

# `strict` of zip is an assertion: where the lengths always agree, nothing can notice it.
STRICT = re.compile(r",?\s*strict=\w+|,? *(?=\))")
HEAVY = (
    "datasets", "pandas", "peft", "plotly.graph_objects", "pyarrow.parquet", "sacrebleu.metrics",
    "safetensors.torch", "scipy.stats", "sklearn.metrics", "torch", "transformers",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One changed place of a module: the line before and after, and the whole source."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  →  {self.after}"


def changes_of(path: Path) -> list[Change]:
    """Return every change of a module, in the order of its lines."""
    import libcst
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators, operator_string
    from mutmut.mutation.pragma_handling import IgnoredCode

    swaps = {a: b for pair in SWAPS for a, b in (pair, pair[::-1])}

    def swapped(node: libcst.Name) -> Iterator[libcst.Name]:
        if node.value in swaps:
            yield node.with_changes(value=swaps[node.value])

    code = path.read_text("utf-8")
    wrapper = libcst.MetadataWrapper(libcst.parse_module(code))
    operators = [pair for pair in mutation_operators if pair[1] is not operator_string]
    visitor = MutationVisitor(
        [*operators, (libcst.Name, swapped)], IgnoredCode(set(), set(), set())
    )
    module = wrapper.visit(visitor)
    found = {}
    for one in visitor.mutations:
        if not isinstance(one.contained_by_top_level_function, libcst.FunctionDef):
            continue  # a class's own statements; the module's are never changed
        source = module.deep_replace(one.original_node, one.mutated_node).code
        if source in found or not _compiles(source, path):
            continue
        change = Change(*_first_difference(code, source), source)
        is_name = isinstance(one.mutated_node, libcst.Name) and change.before.startswith("def ")
        if not is_name and STRICT.sub("", change.before) != STRICT.sub("", change.after):
            found[source] = change
    return sorted(found.values(), key=lambda change: (change.line, change.after))


def _compiles(source: str, path: Path) -> bool:
    try:
        compile(source, str(path), "exec")
    except SyntaxError:
        return False
    return True


def _first_difference(before: str, after: str) -> tuple[int, str, str]:
    old, new = before.splitlines(), after.splitlines()
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            return a + 1, *(" ".join(map(str.strip, part)) for part in (old[a:b], new[c:d]))
    return 0, "", ""


def apply(change: Change, path: Path) -> None:
    """Give the functions of a loaded module the code that they have in the changed source."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    real = importlib.import_module(name)
    scratch = types.ModuleType(name)
    scratch.__file__, scratch.__package__ = real.__file__, real.__package__
    exec(compile(change.source, str(real.__file__), "exec"), scratch.__dict__)
    changed = dict(_functions(scratch, name))
    for place, function in _functions(real, name):
        if place in changed:
            function.__code__ = changed[place].__code__
            function.__defaults__ = changed[place].__defaults__
            function.__kwdefaults__ = changed[place].__kwdefaults__
    for module in [m for n, m in sys.modules.items() if n.startswith("workbench")]:
        for held in list(vars(module).values()):
            if hasattr(held, "cache_clear"):
                held.cache_clear()


def _functions(module: types.ModuleType, name: str) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield the functions and methods that a module defines, by qualified name."""
    held = [one for one in vars(module).values() if getattr(one, "__module__", "") == name]
    for one in held + [m for c in held if isinstance(c, type) for m in vars(c).values()]:
        bare = getattr(one, "__func__", one)
        if isinstance(bare, types.FunctionType) and bare.__code__.co_filename == module.__file__:
            yield bare.__qualname__, bare


class Forks:
    """Runs the collected tests once for each change, each time in a fork, until one fails."""

    def __init__(self, path: Path, changes: list[Change]) -> None:
        self.path, self.changes = path, changes
        self.unchanged = 1.0
        self.outcomes: list[str] = []
        self.is_fork = False

    def pytest_collection(self) -> None:
        """Let hypothesis draw the same few examples each time, and shrink none."""
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile(
            "changes",
            max_examples=50,
            derandomize=True,
            database=None,
            phases=phases,
            deadline=None,
        )
        settings.load_profile("changes")

    def pytest_runtestloop(self, session: Any) -> bool | None:
        """Take pytest's place in the first process, and let it go on in a fork."""
        gc.freeze()
        began = time.monotonic()
        outcome = self._fork(None, 600)
        if self.is_fork:
            return None
        if outcome != "survived":
            raise SystemExit(f"the tests near {self.path.name} fail without any change")
        # Twenty times as long as the tests take, and never less than ten seconds.
        limit = max(10.0, 20 * (time.monotonic() - began))
        print(f"  the tests alone take {time.monotonic() - began:.2f} s", flush=True)
        for change in self.changes:
            self.outcomes.append(self._fork(change, limit))
            if self.is_fork:
                return None
            if self.outcomes[-1] == "survived":
                print(f"  survived, line {change}", flush=True)
        return True

    def _fork(self, change: Change | None, limit: float) -> str:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            self.is_fork = True
            os.setpgid(0, 0)
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            if change is not None:
                try:
                    apply(change, self.path)
                except BaseException:  # a module that cannot even be loaded is noticed
                    os._exit(1)
            return ""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return "survived" if status == 0 else "killed"
            time.sleep(0.005)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "killed"


def _is_the_same(change: Change, equal: dict[str, str]) -> bool:
    """Say whether an entry of `equivalent` is this change: by its lines, or what it brings in."""
    if "has" in equal:
        return equal["has"] in change.after and equal["has"] not in change.before
    return (equal["before"], equal["after"]) == (change.before, change.after)


def load_heavy_libraries() -> None:
    """Load what tests load within functions, so that no fork has to."""
    for name in HEAVY:
        importlib.import_module(name)


def run_module(path: Path, tests: list[str], sample: int, equal: list[dict[str, str]]) -> Counter:
    """Run the changes of one module, or a fixed sample of them, and count how they end."""
    import pytest

    every = changes_of(path)
    left_out = [c for c in every if any(_is_the_same(c, one) for one in equal)]
    changes = [c for c in every if c not in left_out]
    if len(changes) > sample:
        chosen = random.Random(path.name).sample(range(len(changes)), sample)
        changes = [changes[n] for n in sorted(chosen)]
    print(f"{path.relative_to(ROOT)}: {len(changes)} of {len(every)} changes", flush=True)
    forks = Forks(path, changes)
    quiet = ("-x", "-qq", "-s", "--tb=no", "--no-summary", "-p", "no:cacheprovider")
    code = pytest.main([*quiet, *tests], [forks])
    if forks.is_fork:
        os._exit(int(code))
    return Counter(forks.outcomes, equivalent=len(left_out), all=len(every))


def main() -> None:
    """Run what is asked for, and print the table."""
    os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", default="", help="only modules whose path holds this word")
    parser.add_argument("--sample", type=int, default=10_000, help="at most so many a module")
    asked = parser.parse_args()
    load_heavy_libraries()
    settings = tomllib.loads((ROOT / "tests/mutation.toml").read_text("utf-8"))
    counts = {}
    for name, tests in settings["modules"].items():
        if asked.module not in name:
            continue
        equal = [one for one in settings.get("equivalent", []) if one["module"] == name]
        counts[name] = run_module(ROOT / name, tests, asked.sample, equal)
    print("| module | changes | run | killed | survived | equivalent |\n|---|--:|--:|--:|--:|--:|")
    for name, n in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        run = n["killed"] + n["survived"]
        cells = (n["all"], run, n["killed"], n["survived"], n["equivalent"])
        print(f"| {name} | {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
