"""Each recipe that needs nothing but the package index, through papermill, for thirty steps."""

import json
import subprocess
import sys

import pytest
from tiers import ROOT

from workbench.spec import load, recipe_names

BUILT_IN = [
    name
    for name in recipe_names()
    if load(name).data.source.startswith("wheel:")
    and load(name).model.source.startswith(("wheel:", "scratch:"))
]
SMALL = {
    "max_steps": 30, "max_train_rows": 300, "max_validation_rows": 40, "eval_steps": 15,
    "max_tokens": 64, "baselines": "false", "run_name": "short",
}  # fmt: skip
pytestmark = [pytest.mark.notebook, pytest.mark.wheel]


def test_there_are_such_recipes():
    assert {"quickstart", "toxicity", "boolq", "pubmedqa", "conll-sample"} <= set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_recipe_runs_from_notebook_to_report(name, tmp_path):
    settings = [part for key, value in SMALL.items() for part in ("-p", key, str(value))]
    command = [
        sys.executable, "-m", "workbench", "run", str(ROOT / "notebooks" / "studio.ipynb"),
        "--recipe", name, *settings,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "short"
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text("utf-8"))
    assert metrics["rows"] > 0
    assert metrics["metrics"]["loss"] > 0
    assert (run / "report.html").stat().st_size > 50_000
