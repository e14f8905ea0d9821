"""A new task costs three files: its own, and its words in both languages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
import tiers

from tests.tiny_runs import GOOD, THINGS, tiny_spec
from workbench.spec import to_yaml

WORDS = {"en": "Off by one grade at most", "zh": "至多差一级"}


@pytest.fixture
def copy(tmp_path):
    """Return a folder with a copy of the package, to which the three files are added."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(tiers.ROOT / "workbench", tmp_path / "workbench", ignore=ignore)
    shutil.copy(tiers.ROOT / "tests/tasks/star_rating.py", tmp_path / "workbench/tasks")
    for lang, words in WORDS.items():
        path = tmp_path / "workbench/language" / lang / "figures.yaml"
        known = path.read_text("utf-8")
        path.write_text(
            known.replace("\nmetric:\n", f"\nmetric:\n  within_one: {words}\n"), "utf-8"
        )
    return tmp_path


def in_copy(copy, *words):
    return subprocess.run(
        [sys.executable, *words], check=False, cwd=copy, capture_output=True, encoding="utf-8",
        env=tiers.utf8_environment(PYTHONPATH=str(copy)),
    )  # fmt: skip


def test_a_new_task_runs_from_a_file_to_its_report_and_keeps_all_promises(copy):
    shutil.copy(tiers.ROOT / "tests/tasks/test_contract.py", copy)
    done = in_copy(copy, "-m", "pytest", "-q", "test_contract.py", "-k", "star-rating")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    (copy / "rows.csv").write_text(
        "text,stars\n"
        + "".join(f"the {t} was {w},{n + 1}\n" for t in THINGS for n, w in enumerate(GOOD)),
        "utf-8",
    )
    short = {"train.num_train_epochs": 2, "train.eval_steps": 0, "inspect.probes": []}
    spec = to_yaml(tiny_spec(copy, **short, **{"output.run_name": "rated"}))
    spec = spec.replace("task: text-classification", "task: star-rating")
    (copy / "spec.yaml").write_text(spec, "utf-8")
    done = in_copy(copy, "-m", "workbench", "train", "spec.yaml")
    assert done.returncode == 0, done.stderr
    run = copy / "runs" / "rated"
    metrics = json.loads((run / "evaluation/metrics.json").read_text("utf-8"))["metrics"]
    assert metrics["within_one"] >= metrics["accuracy"]
    assert WORDS["en"] in (run / "report.html").read_text("utf-8")
    done = in_copy(copy, "-m", "workbench", "predict", str(run), "the film was good")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\tthe film was good\n")
