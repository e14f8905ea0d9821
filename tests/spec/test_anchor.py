"""A run that is used from another folder still means the files that it began with."""

from __future__ import annotations

import shutil

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.runs import open_run
from workbench.spec import RunSpec, load
from workbench.spec.anchor import anchored


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run that began in another folder, with relative paths."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    spec = tiny_spec(home, **{"train.max_steps": 2, "inspect.probes": []})
    spec = spec.replace(
        {"data.source": "rows.csv", "model.source": "tiny-bert", "output.runs_dir": "runs"}
    )
    made = pipeline.train(spec)
    assert made.spec().model.source == "tiny-bert"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    return open_run(home / made.path)


def test_each_verb_finds_what_the_run_began_with(run, tmp_path, capsys):
    home = tmp_path / "home"
    assert run.spec().data.source == str(home / "rows.csv")
    assert load(run.spec_path).model.source == str(home / "tiny-bert")
    changes = ["--set", "output.run_name=again", "--set", "train.max_steps=1"]
    assert main(["train", str(run.spec_path), *changes]) == 0
    assert main(["runs", "fork", str(run.path), "--set", "train.max_steps=3"]) == 0
    assert main(["attend", str(run.path), "good", "--against", "before", "--out", "a.json"]) == 0
    assert capsys.readouterr().err.count("hub") == 0


def test_what_is_gone_is_named_with_the_folder_it_was_in(run, tmp_path, capsys):
    shutil.rmtree(tmp_path / "home" / "tiny-bert")
    assert main(["train", str(run.spec_path)]) == 2
    said = capsys.readouterr().err
    assert f"file not found: {tmp_path / 'home' / 'tiny-bert'}" in said
    assert "hub" not in said


def tree(**sections):
    record = {"folder": "/elsewhere/begun", "paths": ["model.source"]}
    return RunSpec().model_dump(mode="json") | {"record": record} | sections


@pytest.mark.parametrize(
    ("source", "placed"),
    [
        ("tiny", "/elsewhere/begun/tiny"),
        ("models#a.gguf", "/elsewhere/begun/models#a.gguf"),
        ("/there/tiny", "/there/tiny"),
        ("~/tiny", "~/tiny"),
    ],
)
def test_a_model_that_was_a_path_stays_that_path(source, placed):
    assert anchored(tree(model={"source": source}))["model"]["source"] == placed


@pytest.mark.parametrize("source", ["org/name", "wheel:tweets", "sqlite:///a.db#t", "a;b", "\0"])
def test_what_was_no_path_stays_as_it_is(source):
    assert anchored(tree(data={"source": source}))["data"]["source"] == source


@pytest.mark.parametrize("record", [None, [], {"folder": 3}, {"folder": "x"}, {"folder": "/a\0"}])
def test_a_record_that_names_no_folder_changes_nothing(record):
    given = tree() | {"record": record}
    assert anchored(given) == given
