"""The whole zoo as a table: each type of model passed, was refused with a reason, or is left out.

    python -m tests.zoo.table [TYPE ...] [--out docs/zoo.md] [--processes 2]

The main head of each type goes through `tests.zoo.chain`; its other heads are saved, read back and
loaded. Ends with 1 if something did not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.zoo.families import OUT_OF_SCOPE, Family, families, main_heads

PASSED, REFUSED, LEFT_OUT, FAULT = "passed", "refused", "out of scope", "fault"


@dataclass(frozen=True)
class Row:
    """What became of one type."""

    model_type: str
    head: str
    others: tuple[str, ...]
    result: str
    reason: str = ""


def row_of(family: Family) -> Row:
    """Lead the main head of a type through its life, and its other heads to the disk and back."""
    import torch
    import transformers

    from tests.zoo.chain import faults_of
    from workbench.errors import InputError

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    others = [one for one in families(family.model_type) if one != family]
    named = tuple(one.auto_class.removeprefix("AutoModelFor") for one in others)
    reported = (family.model_type, family.auto_class.removeprefix("AutoModelFor"), named)
    if reason := OUT_OF_SCOPE.get(family.model_type):
        return Row(*reported, LEFT_OUT, reason)
    with TemporaryDirectory() as folder:
        try:
            faults = faults_of(family, Path(folder) / "life")
        except InputError as error:
            return Row(*reported, REFUSED, str(error).replace(f"{folder}/life/", ""))
        for one in others:
            faults += faults_on_disk(one, Path(folder) / one.name)
    return Row(*reported, FAULT if faults else PASSED, "; ".join(faults).replace(folder, ""))


def faults_on_disk(family: Family, folder: Path) -> list[str]:
    """Save a model both ways and read it back; return what did not hold."""
    import transformers

    from tests.zoo.chain import answer
    from workbench.models import weights

    try:
        model, other = family.model(), family.model(seed=1)
        for kind in ("state", "standard"):
            (folder / kind).mkdir(parents=True)
        weights.save_state(model, folder / "state")
        weights.load_state(other, folder / "state")
        weights.save_standard(model, folder / "standard")
        auto = getattr(transformers, family.auto_class)
        loaded = auto.from_pretrained(folder / "standard")
        wrong = [
            *weights.differences(model.state_dict(), other.state_dict()),
            *weights.differences(model.state_dict(), loaded.state_dict()),
        ]
        if (answer(model, family) - answer(loaded, family)).abs().max() > 1e-5:
            wrong.append("its answers")
    except Exception as error:  # of any kind: what this is to find
        wrong = [f"{type(error).__name__}: {error}".splitlines()[0]]
    return [f"{family.name}: {', '.join(wrong[:3])}"] if wrong else []


def rows(types: list[str], processes: int) -> list[Row]:
    """Return a row for each type, made by several processes."""
    chosen = [one for one in main_heads() if not types or one.model_type in types]
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(row_of, chosen))


def page(found: list[Row]) -> str:
    """Return the rows as a page in Markdown."""
    import transformers

    counts = Counter(row.result for row in found)
    lines = [
        "# The zoo",
        "",
        f"Every type of model that transformers {transformers.__version__} lists for one of the "
        "tasks, tiny, with random weights. Made by `python -m tests.zoo.table`.",
        "",
        "**Passed**: six steps of training of which the third is the best; the kept model is that "
        "of the third step, bit by bit. The run is killed after the fourth step and resumed: same "
        "losses, same weights. A fork at the third step: same weights at the end. `model/` is read "
        "by plain transformers: same weights, answers within 1e-5. The other heads are saved, read "
        "back and loaded likewise.",
        "",
        ", ".join(f"{counts[kind]} {kind}" for kind in (PASSED, REFUSED, LEFT_OUT, FAULT)) + ".",
        "",
        "| Type | Trained as | Other heads | Result |",
        "|---|---|---|---|",
    ]
    for row in found:
        reported = f"{row.result}: {row.reason}" if row.reason else row.result
        reported = reported.replace("|", "\\|")
        lines.append(f"| {row.model_type} | {row.head} | {', '.join(row.others)} | {reported} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Make the table; print what did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("types", nargs="*")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    found = rows(asked.types, asked.processes)
    if asked.out:
        asked.out.write_text(page(found), "utf-8")
    for row in found:
        if row.result == FAULT or (asked.types and row.result != PASSED):
            print(f"{row.model_type}-{row.head}: {row.result}: {row.reason}")
    print(", ".join(f"{n} {kind}" for kind, n in Counter(row.result for row in found).items()))
    return int(any(row.result == FAULT for row in found))


if __name__ == "__main__":
    sys.exit(main())
