"""`workbench lab`: one root for the file browser, the studio and the runs; it ends when asked."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from tiers import ROOT

from tests.tiny_runs import tiny_spec, write_csv
from workbench.cli import main
from workbench.cli.notebooks import lab_root
from workbench.spec import to_cell

CELL = """
import workbench as wb
studio = wb.studio(globals())
studio.data()
studio.train()
studio.report()
"""


@pytest.fixture
def project(tmp_path):
    """Return a folder with a notebook in a folder of its own, and rows beside the notebook."""
    (tmp_path / "notebooks").mkdir()
    cells = [nbformat.v4.new_code_cell(source) for source in ("data_source = ''", CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "mine.ipynb")
    write_csv(tmp_path / "notebooks" / "uploaded.csv")
    return tmp_path


def test_the_root_is_this_folder_unless_the_notebook_lies_elsewhere(project, monkeypatch):
    monkeypatch.chdir(project)
    assert lab_root(Path("notebooks/mine.ipynb")) == project
    assert lab_root(Path("notebooks")) == project / "notebooks"
    monkeypatch.chdir("/")
    assert lab_root(project / "notebooks" / "mine.ipynb") in (project / "notebooks", Path("/"))
    (project / "other").mkdir()
    monkeypatch.chdir(project / "other")
    assert lab_root(Path("../notebooks/mine.ipynb")).resolve() == project / "notebooks"


def test_a_notebook_that_is_not_there_is_reported_with_the_folder(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["lab", "notebooks/none.ipynb"]) == 2
    said = capsys.readouterr().err
    assert "no notebook 'notebooks/none.ipynb'" in said
    assert str(project) in said


@pytest.mark.notebook
def test_its_server_has_the_root_of_the_studio_and_ends_with_the_command(project):
    log = project / "lab.log"
    command = [
        sys.executable, "-m", "workbench", "lab", "notebooks/mine.ipynb", "--no-browser",
        "--allow-root", "--port=0", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=secret",
    ]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(project / "runtime"),
        "JUPYTER_CONFIG_DIR": str(project / "config"),
    }  # fmt: skip
    with log.open("wb") as file:
        lab = subprocess.Popen(command, cwd=project, env=environment, stdout=file, stderr=file)
    try:
        address = wait_for_address(lab, log)
        held = {one["name"] for one in ask(address, "/api/contents/")["content"]}
        assert {"notebooks", "lab.log"} <= held
        lab.send_signal(signal.SIGTERM)
        assert lab.wait(30) is not None
        with pytest.raises(OSError):
            ask(address, "/api")
    finally:
        lab.kill()
        lab.wait()


def wait_for_address(lab, log):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and lab.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text("utf-8", "replace")):
            return found[0].rstrip("/")
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8", "replace")[-2000:])


def ask(address, path):
    request = urllib.request.Request(address + path, headers={"Authorization": "token secret"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.notebook
def test_rows_beside_the_notebook_are_found_headless_from_the_root(project):
    spec = tiny_spec(project, **{"data.source": "uploaded.csv", "train.max_steps": 2})
    notebook = project / "notebooks" / "mine.ipynb"
    held = nbformat.read(notebook, as_version=4)
    held.cells[0].source = to_cell(spec.replace({"output.runs_dir": "runs"}))
    held.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(held, notebook)
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "run", "notebooks/mine.ipynb"],
        cwd=project, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = (project / "runs").glob("*/spec.yaml")
    assert "source: notebooks/uploaded.csv" in run.read_text("utf-8")
