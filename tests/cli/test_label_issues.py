"""`workbench data label-issues` and `correct`, and `workbench runs retrain`."""

import json

import pytest

from tests.noisy_runs import FLIPPED, OTHER, noisy_run
from workbench.cli import main
from workbench.cli.label_issues import _as_csv
from workbench.dynamics.rows import LearnedRows
from workbench.notebook.handle import hold


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return noisy_run(tmp_path_factory.mktemp("home"))


def answer(capsys, *arguments):
    code = main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_label_issues_are_listed_for_people_and_for_programs(run, capsys):
    _, said, _ = answer(capsys, "data", "label-issues", run.path, "--top", 4)
    assert "area_under_margin" in said.splitlines()[0]
    assert "labels are counted as likely wrong" in said
    _, said, _ = answer(capsys, "data", "label-issues", run.path, "--top", 4, "--json")
    assert {one["row"] for one in json.loads(said)} == set(FLIPPED)
    _, said, _ = answer(
        capsys, "data", "label-issues", run.path, "--by", "loss", "--top", 1, "--json"
    )
    assert json.loads(said)[0]["row"] in FLIPPED


@pytest.mark.parametrize(("ending", "begins"), [("csv", "rank,"), ("svg", "<svg")])
def test_label_issues_and_map_are_written_to_files(run, capsys, tmp_path, ending, begins):
    target = tmp_path / f"issues.{ending}"
    assert answer(capsys, "data", "label-issues", run.path, "--out", target)[0] == 0
    assert target.read_text("utf-8").startswith(begins)


def test_a_cell_that_a_spreadsheet_would_compute_is_written_as_text():
    assert _as_csv([{"rank": 1, "text": "=HYPERLINK(1)"}]).splitlines()[1] == "1,'=HYPERLINK(1)"


def test_what_cannot_be_listed_or_corrected_is_said(run, capsys, tmp_path):
    for line, result in (
        (
            ("label-issues", run.path, "--by", "guess"),
            "no ranking 'guess'; choose confident_learning",
        ),
        (("label-issues", run.path, "--out", "map.docx"), "end it in .csv, .svg or .html"),
        (("correct", run.path, "x=positive"), "'x' names no row and label"),
        (("correct", run.path, "3=meh"), "no label 'meh'"),
        (("correct", run.path, "999=positive"), "row 999 is not in the training data"),
    ):
        code, _, said = answer(capsys, "data", *line)
        assert (code, result in said) == (2, True), said


def test_labels_are_corrected_taken_back_and_trained_on(run, capsys):
    rows = LearnedRows(run)
    pairs = [f"{row}={OTHER[rows.label(row)]}" for row in FLIPPED]
    assert hold(run).correct({FLIPPED[0]: rows.label(FLIPPED[0])}) == 0  # it was right, we thought
    _, said, _ = answer(capsys, "data", "correct", run.path, *pairs)
    assert said.startswith("4 labels differ from what noisy learned")
    _, said, _ = answer(capsys, "data", "correct", run.path, "--undo", "--json")
    found = json.loads(said)
    assert set(found["labels"]) == {str(row) for row in FLIPPED[:-1]}
    assert found["version"].endswith("@6")
    _, said, _ = answer(
        capsys, "runs", "retrain", run.path, "--set", "train.num_train_epochs=1", "--json"
    )
    assert json.loads(said)["run"] == "noisy-corrected"
