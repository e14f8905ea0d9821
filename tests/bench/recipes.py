"""Train recipes as anybody would, and write what came of it into docs/recipes.md.

Each is one `workbench train NAME` in a process of its own. What is written of it: the score of the
kept checkpoint on the validation rows with its 95 % interval (bootstrap over the rows), the same
score of each baseline, the rows, the minutes from the start of the command to its end, and the
largest resident memory of the process. A recipe that needs files finds them in the folder given,
under the names that the recipe has; one whose files are not there is passed by, and said.

    python tests/bench/recipes.py [--data FOLDER] [--only NAME …] [--set NAME:FIELD=VALUE …]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from workbench.evaluation.paired import pair_scores
from workbench.language import text
from workbench.runs import RunFolder
from workbench.spec import load, recipe_names
from workbench.tasks import load_task

ROOT = Path(__file__).resolve().parents[2]
RECORDS, PAGE = ROOT / "docs" / "recipes.json", ROOT / "docs" / "recipes.md"
BEGIN, END = "<!-- table: make recipes -->", "<!-- end of table -->"


def measure(name: str, data: Path, changes: list[str]) -> dict[str, Any]:
    """Train a recipe and return what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = [f"output.runs_dir={folder}", "output.run_name=recipe", *changes]
        command = [sys.executable, "-m", "workbench", "train", name]
        command += [part for setting in settings for part in ("--set", setting)]
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=data, env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.PIPE
        )
        said = process.stderr.read().decode(errors="replace")
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if os.waitstatus_to_exitcode(status):
            return {"failed": said.strip().splitlines()[-1] if said.strip() else "no message"}
        found = read(RunFolder(Path(folder) / "recipe"))
    return found | {
        "minutes": round(seconds / 60, 1),
        "peak_megabytes": round(used.ru_maxrss / 1024),
        "settings": changes,
    }


def read(run: RunFolder) -> dict[str, Any]:
    """Return a run's score with its interval, its baselines, and how many rows there were."""
    spec, metrics = run.spec(), run.metrics()
    task = load_task(spec.task)
    scores = metrics["metrics"]
    leading = [spec.train.metric_for_best_model, *task.leading]
    metric = next(name for name in leading if name != "loss" and scores.get(name) is not None)
    _, resampled = pair_scores(run, run)
    error = resampled[metric].first_error if metric in resampled else None
    rows = json.loads((run.path / "data.json").read_text("utf-8"))["rows"]
    return {
        "task": spec.task,
        "model": spec.model.source,
        "metric": metric,
        "greater_is_better": task.metric(metric).greater_is_better,
        "score": scores[metric],
        "standard_error": error,
        "baselines": {
            name: found[metric]
            for name, found in metrics.get("baselines", {}).items()
            if found.get(metric) is not None
        },
        "train_rows": rows["train"],
        "validation_rows": metrics["rows"],
    }


def beats_every_baseline(record: dict[str, Any]) -> bool:
    """Say whether a recipe's score is better than each of its baselines'."""
    sign = 1 if record["greater_is_better"] else -1
    return all(sign * record["score"] > sign * rival for rival in record["baselines"].values())


def baseline_name(name: str) -> str:
    """Return what a figure calls a baseline, in both languages."""
    return " · ".join(text(f"figures.series.{name}", language) for language in ("en", "zh"))


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the records as a table of Markdown."""
    lines = [
        "| recipe · 配方 | model · 模型 | metric · 指标 | fine-tuned · 微调后 | baselines · 基线 "
        "| rows · 样本数 | minutes · 分钟 | memory · 内存 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in sorted(records.items()):
        spread = f" ± {1.96 * one['standard_error']:.3f}" if one["standard_error"] else ""
        digits = "{:.3f}" if abs(one["score"]) < 10 else "{:.1f}"
        rivals = "; ".join(
            f"{digits.format(value)} {baseline_name(rival)}"
            for rival, value in sorted(one["baselines"].items())
        )
        lines.append(
            f"| `{name}` | `{one['model']}` | {one['metric']} "
            f"| {digits.format(one['score'])}{spread} | {rivals} "
            f"| {one['train_rows']:,} + {one['validation_rows']:,} | {one['minutes']} "
            f"| {one['peak_megabytes']:,} MB |"
        )
    return "\n".join(lines)


def write(records: dict[str, dict[str, Any]]) -> None:
    """Write the records, and the table between its marks in the page."""
    RECORDS.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n", "utf-8")
    page = PAGE.read_text("utf-8")
    held = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    PAGE.write_text(held.sub(lambda _: f"{BEGIN}\n{table(records)}\n{END}", page), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path.cwd())
    parser.add_argument("--only", nargs="+", default=None, metavar="NAME")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME:FIELD=VALUE")
    options = parser.parse_args()
    records = json.loads(RECORDS.read_text("utf-8")) if RECORDS.exists() else {}
    for name in options.only or recipe_names():
        changes = [one.partition(":")[2] for one in options.set if one.startswith(f"{name}:")]
        source = load(name).data.source
        if not source.startswith("wheel:") and not changes and not (options.data / source).exists():
            print(f"{name}: {source} is not in {options.data}; passed by", flush=True)
            continue
        found = measure(name, options.data, changes)
        print(name, json.dumps(found), flush=True)
        if "failed" not in found:
            records[name] = found
            write(records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
