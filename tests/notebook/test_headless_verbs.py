"""What a headless notebook starts has ended before the cell does."""

import subprocess
import sys

import nbformat
import papermill
import pytest
from tiers import ROOT

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.runs import ask, read_state
from workbench.spec import to_yaml

pytestmark = pytest.mark.notebook

CELLS = (
    "import workbench as wb\nrun = wb.start('spec.yaml')\nprint(run.summary.status, run.name)",
    "child = run.fork(20, **{'train.learning_rate': 1e-3})\n"
    "print(child.summary.status, child.name)",
    "from pathlib import Path\nfrom workbench.notebook.handle import Run\n"
    "broken = Run(Path('runs/broken'))\nbroken.resume()\nprint(broken.summary.status)",
)


def said(cell):
    """Return the words of the last line that a cell printed: progress stands above it."""
    printed = "".join(o.get("text", "") for o in cell.outputs if o.get("name") == "stdout")
    return printed.splitlines()[-1].split()


def test_starting_forking_and_resuming_end_within_their_cells(tmp_path, monkeypatch):
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 4, "output.runs_dir": "runs"})
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    monkeypatch.chdir(tmp_path)
    pipeline.prepare_run(spec.replace({"output.run_name": "broken"}))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbformat.write(book, tmp_path / "verbs.ipynb")
    done = papermill.execute_notebook(
        "verbs.ipynb", "done.ipynb", cwd=tmp_path, kernel_name="python3", progress_bar=False
    )
    started, forked, resumed = map(said, done.cells)
    assert started[0] == forked[0] == resumed[0] == "finished"
    assert "-fork-20" in forked[1]


def test_the_studio_replays_what_was_done_by_hand(tmp_path):
    """The studio's own line, `-p replay RUN`, and the command line's `--replay`."""
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 4})
    run, prepared = pipeline.prepare_run(spec)
    ask(run, "learning_rate", 1e-3, who="by hand")
    pipeline.train_prepared(run, prepared)
    assert [act["knob"] for act in read_state(run).commands] == ["learning_rate"]
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    lines = (
        ["run", str(ROOT / "notebooks" / "studio.ipynb"), "-f", "spec.yaml",
         "-p", "replay", str(run.path), "-p", "run_name", "by-studio"],
        ["train", "spec.yaml", "--replay", str(run.path), "--set", "output.run_name=by-line"],
    )  # fmt: skip
    for line in lines:
        command = [sys.executable, "-m", "workbench", *line]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for name in ("by-studio", "by-line"):
        again = read_state(type(run)(tmp_path / "runs" / name))
        assert [act["new"] for act in again.commands] == [1e-3]
        assert [e["loss"] for e in again.steps] == [e["loss"] for e in read_state(run).steps]


def test_one_answer_to_all_rows_is_reported_in_the_executed_notebook(tmp_path, monkeypatch):
    spec = tiny_spec(
        tmp_path,
        **{"train.learning_rate": 0.1, "train.warmup_steps": 0, "train.num_train_epochs": 4,
           "train.eval_steps": 5, "output.runs_dir": "runs"},
    )  # fmt: skip
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    monkeypatch.chdir(tmp_path)
    cell = nbformat.v4.new_code_cell("import workbench as wb\nrun = wb.train('spec.yaml')")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "train.ipynb")
    done = papermill.execute_notebook(
        "train.ipynb", "done.ipynb", cwd=tmp_path, kernel_name="python3", progress_bar=False
    )
    result = "".join(o.text for o in done.cells[0].outputs if o.get("name") == "stderr")
    assert result.count("all validation rows the same answer") == 1
