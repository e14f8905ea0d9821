"""The attention notebook headless, with its smallest parameters; `attend` and its answers."""

import json
import subprocess
import sys

import nbformat
import pytest
from tiers import ROOT

from tests.tiny_runs import tiny_spec

NOTEBOOK = ROOT / "notebooks" / "attention.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    place = tmp_path_factory.mktemp("attention")
    spec = tiny_spec(place)
    values = {
        "model": spec.model.source, "data": spec.data.source, "language": "zh",
        "sentence": "the film was wonderful", "changed": "the film was terrible",
        "num_train_epochs": 2, "learning_rate": 0.005, "eval_steps": 3,
    }  # fmt: skip
    asked = [part for name, value in values.items() for part in ("-p", name, str(value))]
    out = place / "executed.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "run", str(NOTEBOOK), *asked, "-o", str(out)],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "unknown parameter" not in done.stderr
    return out


@pytest.mark.notebook
def test_the_notebook_runs_headless_and_shows_desks_without_widgets(executed):
    notebook = nbformat.read(executed, as_version=4)
    assert "widgets" not in notebook.metadata
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert not [one for one in outputs if one.output_type == "error"]
    shown = [one["data"] for one in outputs if "text/html" in one.get("data", {})]
    desks = [data for data in shown if "wb-desk" in data["text/html"]]
    assert len(desks) == 4
    for data in desks:
        assert "application/vnd.jupyter.widget-view+json" not in data
        html = data["text/html"]
        assert html.index("<img") < html.index("<script")
        assert "模型关注哪里" in html
        assert "http" not in html
        assert len(json.dumps(data)) < 1_000_000
        assert data["image/png"].startswith("iVBOR")


@pytest.mark.notebook
def test_the_desk_of_the_run_holds_what_was_kept_along_the_way(executed):
    result = executed.read_text("utf-8")
    assert "records, from step 0 to step" in result
    assert '\\"loss\\":[[' in result
