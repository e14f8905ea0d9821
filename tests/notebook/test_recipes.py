"""Each recipe that needs nothing but the package index, through papermill, for thirty steps."""

import pytest
from tiers import ROOT

from workbench.cli import main
from workbench.runs import RunFolder, read_state
from workbench.spec import load, recipe_names, to_yaml
from workbench.tasks import load_task

BUILT_IN = [
    name
    for name in recipe_names()
    if name != "quickstart"  # test_studio.py runs it whole
    and load(name).data.source.startswith("wheel:")
    and load(name).model.source.startswith(("wheel:", "scratch:"))
]
SHORT = {
    "data.max_train_rows": 100, "data.max_validation_rows": 16, "data.max_tokens": 32,
    "train.max_steps": 30, "train.eval_steps": 30, "train.per_device_train_batch_size": 2,
    "evaluate.baselines": False, "output.run_name": "short", "output.language": "en",
}  # fmt: skip
pytestmark = [pytest.mark.notebook, pytest.mark.wheel]


def test_there_are_such_recipes():
    assert {"toxicity", "boolq", "conll-sample", "xsum"} <= set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_recipe_runs_from_notebook_to_report(name, tmp_path, monkeypatch, capsys):
    recipe = load(name)
    writes = "generate.max_new_tokens" in load_task(recipe.task).options
    short = SHORT | ({"generate.max_new_tokens": 12} if writes else {})
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(recipe.replace(short)), "utf-8")
    studio = str(ROOT / "notebooks" / "studio.ipynb")
    monkeypatch.chdir(tmp_path)
    assert main(["run", studio, "-f", str(spec)]) == 0, capsys.readouterr().err
    run = RunFolder(tmp_path / "runs" / "short")
    state = read_state(run)
    assert (state.status, state.step) == ("finished", 30)
    metrics = run.metrics()
    assert metrics["rows"] > 0
    assert metrics["metrics"]["loss"] > 0
    assert run.report_path.stat().st_size > 50_000
