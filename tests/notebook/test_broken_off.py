"""A notebook that breaks off says in a line how to go on, without the traces of its kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

pytestmark = [
    pytest.mark.notebook,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL and SIGINT are POSIX's"),
]


def notebook(folder, code):
    path = folder / "n.ipynb"
    cells = [nbformat.v4.new_code_cell(code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, path)
    return [sys.executable, "-m", "workbench", "run", str(path), "-o", str(folder / "out.ipynb")]


def test_a_kernel_that_died_is_reported_in_a_line(tmp_path):
    command = notebook(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("workbench: ")]
    assert said == [
        "workbench: the notebook's kernel died; what was executed is kept as "
        f"{tmp_path / 'out.ipynb'}; run it again: no run had started"
    ]
    assert "Traceback" not in done.stderr
    assert "zmq" not in done.stderr


def test_a_cell_that_runs_over_its_limit_is_told_in_a_line(tmp_path):
    command = [*notebook(tmp_path, "import time\ntime.sleep(300)"), "--execution-timeout", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("workbench: ")]
    assert said == [
        f"workbench: a cell ran over its time limit; what was executed is kept as "
        f"{tmp_path / 'out.ipynb'}; run it again: no run had started"
    ]
    assert "Traceback" not in done.stderr
    assert "zmq" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_notebook_is_reported_in_a_line(number, tmp_path):
    waits = "import pathlib, time\npathlib.Path('here').touch()\ntime.sleep(300)"
    process = subprocess.Popen(
        notebook(tmp_path, waits), stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "here").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "the notebook was interrupted; what was executed is kept as " in said
    assert "Traceback" not in said
    assert "zmq" not in said
