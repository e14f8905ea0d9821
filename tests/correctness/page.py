"""Every number against something independent, as one table: `make correctness`.

    python -m tests.correctness [PART ...] [--out docs/correctness.md]

Without names all parts are compared, two at a time. The exit code is 1 if one is further off than
its limit.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.correctness import scores, steps
from tests.correctness.comparison import Comparison, summed

Part = Callable[[], list[Comparison]]


def of_batches() -> list[Comparison]:
    """Compare a row alone with the same row in a batch, over the zoo."""
    from tests.correctness import batches

    outcomes = list(batches.walk(batches.families()))
    return [
        summed(
            f"answers of every family{'' if adapter == 'none' else f' inside {adapter}'}",
            "a row alone against the row in a batch of 64",
            [one for one in outcomes if one.case[2] == adapter],
            batches.TOLERANCE,
        )
        for adapter in batches.ADAPTERS
    ]


def of_exports() -> list[Comparison]:
    """Compare what leaves a run with what the run answers."""
    from tempfile import TemporaryDirectory

    from tests.correctness import exports

    with TemporaryDirectory() as folder:
        outcomes = list(exports.matrix(Path(folder), exports.ASK))
    return [
        summed(
            f"export as {kind}: 8 tasks × 5 adapters, {exports.PROBES} probes each",
            "plain transformers, peft or onnxruntime against the run",
            [one for one in outcomes if one.case[2] == kind],
            exports.TOLERANCE,
        )
        for kind in exports.FORMATS
    ]


def of_attention() -> list[Comparison]:
    """Compare captured attention with transformers' eager attention."""
    from tempfile import TemporaryDirectory

    from tests.attention import against_eager

    answers = []
    for family in against_eager.every():
        with TemporaryDirectory() as folder:
            answers.append(against_eager.compare(family, Path(folder) / "model"))
    return [
        Comparison(
            "attention, every causal, masked and encoder-decoder family",
            "`output_attentions` of transformers' eager attention",
            max(one.largest for one in answers if one.outcome == "equal"),
            against_eager.TOLERANCE,
            sum(one.outcome == "equal" for one in answers),
            sum(one.outcome == "refused" for one in answers),
            [str(one) for one in answers if one.outcome == "fault"],
        )
    ]


def of_zoo() -> list[Comparison]:
    """Lead every type of model through training, kill, resume, fork, save and load."""
    from tests.zoo import table

    found = [table.row_of(family) for family in table.main_heads()]
    return [
        Comparison(
            "every type of model: best at step 3, killed, resumed, forked, saved, loaded",
            "bit by bit against the uninterrupted run; answers by plain transformers",
            0.0,
            1e-5,
            sum(row.result == table.PASSED for row in found),
            sum(row.result == table.REFUSED for row in found),
            [f"{row.model_type}: {row.reason}" for row in found if row.result == table.FAULT],
        )
    ]


PARTS: dict[str, Part] = {
    "zoo": of_zoo,
    "batches": of_batches,
    "exports": of_exports,
    "attention": of_attention,
    "trainer": steps.against_trainer,
    "steps": steps.against_one_batch,
    "scores": scores.against_libraries,
}


def compare(name: str) -> tuple[str, list[Comparison], float]:
    """Return a part's name, its comparisons, and the seconds that they took."""
    import torch
    import transformers

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    began = time.monotonic()
    return name, PARTS[name](), time.monotonic() - began


def page(found: list[Comparison]) -> str:
    """Return the comparisons as a page in Markdown."""
    import torch
    import transformers

    lines = [
        "# Correctness",
        "",
        "What the workbench computes, against something that is not the workbench. Made by "
        f"`make correctness` with torch {torch.__version__.partition('+')[0]} and transformers "
        f"{transformers.__version__}, in fp32 on a processor, with tiny models and random weights. "
        "Differences are relative where a number is larger than 1. A part that cannot be right is "
        "refused with a reason that the user reads; it is counted under *refused*.",
        "",
        "| What | Against what | Compared | Refused | Largest difference | Limit | |",
        "|---|---|---|---|---|---|---|",
        *(one.line() for one in found),
        "",
        "The core of each part is in `make test`. [training-loop.md](training-loop.md) names the "
        "two places where transformers' Trainer itself is wrong.",
    ]
    if wrong := [fault for one in found for fault in one.faults]:
        lines += ["", "## Not equal", "", *(f"- {fault}" for fault in wrong)]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Compare the named parts, or all, and write the page; return 1 if one is too far off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    names = asked.parts or list(PARTS)
    by_part: dict[str, list[Comparison]] = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for name, comparisons, seconds in pool.map(compare, names):
            by_part[name] = comparisons
            for one in comparisons:
                print(one.line(), flush=True)
                for fault in one.faults:
                    print(f"  {fault}")
            print(f"({name}: {seconds:.0f} s)", flush=True)
    found = [one for comparisons in by_part.values() for one in comparisons]
    if asked.out:
        asked.out.write_text(page(found), "utf-8")
    return int(not all(one.holds for one in found))
