"""The studio headless: the same notebook, through papermill, without a widget or a click."""

import json
import os
import subprocess
import sys

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from tiers import ROOT
from traitlets.config import Config

from tests.tiny_runs import tiny_spec, write_csv
from workbench.cli.notebooks import run_folder_of
from workbench.runs import RunFolder, RunState
from workbench.spec import RunSpec, changes, to_cell, to_yaml

STUDIO = ROOT / "notebooks" / "studio.ipynb"
pytestmark = pytest.mark.notebook


def run_studio(folder, *arguments, **environment):
    command = [sys.executable, "-m", "workbench", "run", str(STUDIO), *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def done(place):
    """The studio, run by the command line from a spec file, in Chinese."""
    spec = place / "spec.yaml"
    spec.write_text(to_yaml(tiny_spec(place, **{"output.language": "zh"})), encoding="utf-8")
    # With a kernel as everyone has it, not one of `tests.warm_kernels`.
    return run_studio(place, "-f", spec, "-p", "run_name", "headless", JUPYTER_PATH="")


def test_the_parameters_cell_is_the_spec_with_its_defaults():
    notebook = nbformat.read(STUDIO, as_version=4)
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert cell.source == to_cell(RunSpec()).strip()


def test_the_command_prints_metrics_and_where_everything_is(place, done):
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    for name in ("run", "model", "report", "metrics", "notebook"):
        assert f"\n{name} " in done.stdout
    assert (place / "runs" / "headless" / "studio.ipynb").is_file()
    assert RunState().fold(RunFolder(place / "runs" / "headless").events()).status == "finished"


def test_the_executed_notebook_has_figures_and_no_widget(place, done):
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(place / "runs" / "headless" / "studio.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    shown = [output.get("data", {}) for output in outputs(notebook)]
    assert not any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    figures = [data for data in shown if "application/vnd.plotly.v1+json" in data]
    assert len(figures) >= 10
    assert all(data["image/svg+xml"].startswith("<svg") for data in figures)
    printed = [output for output in outputs(notebook) if output.output_type == "stream"]
    assert {output.name for output in printed} == {"stdout"}  # progress, and no warning
    size = (place / "runs" / "headless" / "studio.ipynb").stat().st_size
    assert size < 1_000_000


def test_lines_of_progress_come_while_it_trains_and_are_kept(place, done):
    notebook = nbformat.read(place / "runs" / "headless" / "studio.ipynb", as_version=4)
    lines = "".join(o.text for o in outputs(notebook) if o.output_type == "stream").splitlines()
    total = RunState().fold(RunFolder(place / "runs" / "headless").events()).total_steps
    assert any(f"共 {total} 步" in line and "损失 0." in line for line in lines)
    assert any("验证集准确率" in line for line in lines)
    assert lines[-1].startswith("已完成")
    assert [line for line in done.stderr.splitlines() if line in lines] == lines


def test_metrics_stand_in_the_notebook_for_programs(place, done):
    run = RunFolder(place / "runs" / "headless")
    notebook = nbformat.read(run.path / "studio.ipynb", as_version=4)
    scraps = read_scraps(notebook)
    scores = {n: v for n, v in run.metrics()["metrics"].items() if v is not None}
    assert scores["accuracy"] > 0.5
    assert scores.items() <= scraps.items()
    assert scraps["run"] == "headless"
    assert notebook.metadata["workbench"] == scraps


def read_scraps(notebook):
    """Return what scrapbook's `read_notebook(path).scraps` finds (its models.py, in short)."""
    found = {}
    for output in outputs(notebook):
        about = output.get("metadata", {}).get("scrapbook", {})
        for mime, data in output.get("data", {}).items():
            if mime.startswith("application/scrapbook.scrap.json") and about.get("data"):
                assert {"name", "data", "encoder", "version"} == set(data)
                found[about["name"]] = data["data"]
    return found


def test_exports_can_leave_the_parameters_cell_out(place, done):
    from nbconvert import HTMLExporter

    notebook = place / "runs" / "headless" / "studio.ipynb"
    settings = {"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"hide-input"}}}
    whole, _ = HTMLExporter().from_filename(str(notebook))
    short, _ = HTMLExporter(config=Config(settings)).from_filename(str(notebook))
    assert "whole_word_mask</span>" in whole
    assert "whole_word_mask</span>" not in short


def test_the_executed_notebook_speaks_chinese(place, done):
    assert done.returncode == 0, done.stderr
    text = (place / "runs" / "headless" / "studio.ipynb").read_text("utf-8")
    for words in ("验证", "混淆矩阵", "学习率", "错得最厉害的例子", "## 2 · 数据"):
        assert words in text, words
    for words in ("Estimated time and memory", "Where the model attends", "<span lang"):
        assert words not in text


def test_plain_papermill_does_the_same(place, tmp_path):
    parameters = changes(tiny_spec(place, **{"output.runs_dir": str(tmp_path / "runs")}))
    executed = papermill.execute_notebook(
        STUDIO, tmp_path / "out.ipynb", parameters=parameters, cwd=tmp_path, progress_bar=False
    )
    run = RunFolder(run_folder_of(executed))
    assert run.path.parent == tmp_path / "runs"
    assert run.metrics()["metrics"]["accuracy"] > 0.5


def test_a_parameter_that_papermill_only_warns_of_fails_the_notebook(tmp_path):
    with pytest.raises(PapermillExecutionError, match="did you mean") as failed:
        papermill.execute_notebook(
            STUDIO,
            tmp_path / "out.ipynb",
            parameters={"learning_rte": 1e-4},
            cwd=tmp_path,
            progress_bar=False,
        )
    (line,) = failed.value.traceback
    assert line.startswith("SpecError: ")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "learning_rte", "1e-4"), "did you mean train.learning_rate"),
        (("-p", "learning_rate", "7"), "choose at most 0.1"),
        (("-p", "data_source", "absent.csv"), "absent.csv"),
        (("--recipe", "no-such"), "no spec file and no recipe"),
    ],
)
def test_a_fault_ends_with_exit_code_2_and_leaves_nothing(tmp_path, arguments, words):
    done = run_studio(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_learn_fails_the_notebook(place, tmp_path):
    data = write_csv(tmp_path / "one.csv", [(f"the film was number {n}", "good") for n in range(9)])
    parameters = changes(tiny_spec(place)) | {"data_source": str(data)}
    arguments = []
    for name, value in parameters.items():
        arguments += ["-p", name, value if isinstance(value, str) else json.dumps(value)]
    done = run_studio(tmp_path, *arguments)
    assert done.returncode == 2
    assert "good" in done.stderr
