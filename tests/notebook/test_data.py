"""The data notebook headless, in Chinese, on data with faults of every kind it tells of."""

import subprocess
import sys

import nbformat
import pytest
from tiers import ROOT

from tests.data.examples import csv, write
from tests.tiny_models import make_tiny_bert

NOTEBOOK = ROOT / "notebooks" / "data.ipynb"
ROWS = [
    (f"sentence {n} about {'the crew' if n % 2 else 'the food'} {chr(97 + n % 26) * 9} {n * 7919}",
     "pos" if n % 2 else "neg")
    for n in range(60)
]  # fmt: skip
FAULTY = [
    *ROWS,
    (ROWS[0][0], "pos"),
    (ROWS[1][0] + "!", "pos"),
    ("<script>alert(1)</script>", "neg"),
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    place = tmp_path_factory.mktemp("data")
    write(place / "reviews.csv", csv(FAULTY))
    model = make_tiny_bert(place / "model")
    values = {
        "data": "reviews.csv",
        "model": str(model),
        "max_tokens": 64,
        "language": "zh",
        "cleaning": "[whitespace, duplicates]",
        "decided": '{6: "neg"}',
        "num_train_epochs": 2,
    }
    asked = [part for name, value in values.items() for part in ("-p", name, str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "run", str(NOTEBOOK), *asked, "-o", "out.ipynb"],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "unknown parameter" not in done.stderr
    return place


@pytest.mark.notebook
def test_the_notebook_runs_headless_shows_the_page_and_builds_no_widget(executed):
    notebook = nbformat.read(executed / "out.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert not [one for one in outputs if one.output_type == "error"]
    shown = [one["data"] for one in outputs if "data" in one]
    pages = [
        data["text/html"] for data in shown if "workbench-profile" in data.get("text/html", "")
    ]
    assert len(pages) == 2
    assert "<script" not in pages[0]
    assert "&lt;script&gt;alert(1)" in pages[0]
    assert "标有不同的答案" in pages[0]
    assert len([data for data in shown if "image/svg+xml" in data]) >= 6


@pytest.mark.notebook
def test_what_the_notebook_divided_has_no_leak(executed):
    result = (executed / "out.ipynb").read_text("utf-8")
    assert "leaks: 0" in result
    folder = executed / "data-desk"
    assert sorted(path.name for path in (folder / "divided").iterdir()) == [
        "split.yaml", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip
    lines = [len((folder / "divided" / f"{name}.jsonl").read_text("utf-8").splitlines())
             for name in ("train", "validation", "test")]  # fmt: skip
    assert sum(lines) == len(FAULTY)
    assert "<details>" in (folder / "profile.html").read_text("utf-8")
