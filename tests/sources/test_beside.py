"""A path is looked for here and beside the notebook, and what is not found names both folders."""

import pytest

import workbench as wb
from tests.tiny_runs import write_csv
from workbench.errors import SourceError
from workbench.notebook.beside import with_files_found
from workbench.sources import find_data
from workbench.sources.beside import beside_notebook
from workbench.sources.paths import NOTEBOOK_FOLDER
from workbench.spec import RunSpec


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """Return the notebook's folder, below the one we work in."""
    folder = tmp_path / "notebooks"
    (folder / "reviews").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOK_FOLDER, str(folder))
    write_csv(folder / "mine.csv")
    write_csv(folder / "reviews" / "a.csv")
    write_csv(tmp_path / "root.csv")
    return folder


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mine.csv", "notebooks/mine.csv"),
        ("./mine.csv", "notebooks/mine.csv"),
        ("reviews", "notebooks/reviews"),
        ("reviews/*.csv", "notebooks/reviews/*.csv"),
        ("**/a.csv", "**/a.csv"),  # it is below this folder, too
        ("mine.csv#sheet", "notebooks/mine.csv#sheet"),
        ("mine.csv; root.csv;reviews", "notebooks/mine.csv;root.csv;notebooks/reviews"),
        ("root.csv", "root.csv"),
        ("none.csv", "none.csv"),
        ("wheel:tweets", "wheel:tweets"),
        ("sqlite:///mine.csv", "sqlite:///mine.csv"),
        ("nyu-mll/glue:sst2", "nyu-mll/glue:sst2"),
        ("x" * 5000, "x" * 5000),
        ("", ""),
    ],
)
def test_what_is_not_here_is_looked_for_beside_the_notebook(notebooks, text, found):
    assert beside_notebook(text) == found


def test_the_file_here_comes_first(notebooks):
    write_csv(notebooks / "root.csv")
    assert beside_notebook("root.csv") == "root.csv"


def test_all_paths_of_a_spec_are_found(notebooks):
    (notebooks / "tiny-bert").mkdir()
    spec = RunSpec().replace(
        {
            "data.source": "mine.csv",
            "model.source": "tiny-bert",
            "data.validation_split": "reviews/a.csv",
        }
    )
    (notebooks / "labels.jsonl").touch()
    spec = spec.replace({"data.corrections": "labels.jsonl@12"})
    found = with_files_found(spec)
    assert found.data.source == "notebooks/mine.csv"
    assert found.data.validation_split == "notebooks/reviews/a.csv"
    assert found.data.corrections == "notebooks/labels.jsonl@12"
    assert found.model.source == "notebooks/tiny-bert"


def test_verbs_read_what_lies_beside_the_notebook(notebooks):
    wb.split("mine.csv", notebooks / "divided")
    names = {path.stem for path in (notebooks / "divided").iterdir()}
    assert {"train", "validation", "test"} <= names


def test_what_is_nowhere_names_both_folders_and_what_is_near_in_either(notebooks, tmp_path):
    with pytest.raises(SourceError) as caught:
        find_data("mines.csv")
    assert str(caught.value) == (
        f"file not found: mines.csv; searched in {tmp_path} and {notebooks}; did you mean mine.csv?"
    )
