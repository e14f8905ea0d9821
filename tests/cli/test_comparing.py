from __future__ import annotations

import json

import pytest
from reporting.folders import run_folder

from workbench.cli import main


@pytest.fixture
def folders(tmp_path):
    runs = [run_folder(tmp_path / name) for name in ("x", "y")]
    runs[1].write_spec(runs[1].spec().replace({"train.learning_rate": 2e-5}), runs[1].record())
    return [str(run.path) for run in runs]


def test_what_differs_is_printed_with_all_its_digits(folders, capsys):
    assert main(["runs", "compare", *folders]) == 0
    shown = capsys.readouterr().out
    assert "train.learning_rate" in shown and "2e-05" in shown
    assert "data.source" not in shown
    assert "0 of 4 rows" in shown


def test_a_program_reads_the_comparison_as_json(folders, capsys):
    assert main(["runs", "compare", *folders, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["spec"] == {"train.learning_rate": [1e-4, 2e-5]}


def test_the_page_is_written_where_it_was_asked_for(folders, tmp_path, capsys):
    target = tmp_path / "out" / "page.html"
    assert main(["runs", "compare", *folders, "--html", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert target.read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("given", [[0], [0, 0], [0, None]])
def test_what_cannot_be_compared_is_reported_in_one_line(folders, given, capsys):
    names = ["no-such-run" if n is None else folders[n] for n in given]
    assert main(["runs", "compare", *names]) == 2
    error = capsys.readouterr().err
    assert error.startswith("workbench: ") and error.count("\n") == 1
