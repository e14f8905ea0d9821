"""The hub-free recipes that write texts, thirty steps of each, through the studio headless."""

import subprocess
import sys

import pytest
from tiers import ROOT

from workbench.runs import RunFolder, RunState
from workbench.spec import load, to_yaml

pytestmark = [pytest.mark.notebook, pytest.mark.wheel]

SHORT = {
    "data.max_train_rows": 60, "data.max_validation_rows": 6, "data.max_tokens": 32,
    "train.max_steps": 30, "train.per_device_train_batch_size": 2, "train.eval_steps": 30,
    "generate.max_new_tokens": 12, "output.run_name": "short", "output.language": "en",
}  # fmt: skip


@pytest.mark.parametrize("name", ["xsum", "aclsum", "interface-en-zh"])
def test_a_recipe_runs_from_its_data_to_its_scores(name, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(load(name).replace(SHORT)), "utf-8")
    studio = str(ROOT / "notebooks" / "studio.ipynb")
    command = [sys.executable, "-m", "workbench", "run", studio, "-f", str(spec)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = RunFolder(tmp_path / "runs" / "short")
    assert RunState().fold(run.events()).status == "finished"
    metrics = run.metrics()
    assert metrics["rows"] == 6
    assert set(metrics["baselines"]) >= {"copy", "before"}
    assert metrics["metrics"]["loss"] < metrics["baselines"]["before"]["loss"]
