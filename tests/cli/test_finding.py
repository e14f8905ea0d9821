from __future__ import annotations

import json

import pytest

from tests.tiny_runs import tiny_spec
from workbench.cli import main
from workbench.spec import to_yaml


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("find-lr")
    path = folder / "spec.yaml"
    path.write_text(to_yaml(tiny_spec(folder)), "utf-8")
    return str(path)


def test_a_suggestion_is_printed_with_the_option_that_takes_it(spec, capsys):
    assert main(["find-lr", spec]) == 0
    sentence, option = capsys.readouterr().out.splitlines()
    assert sentence.startswith("Try a learning rate of ")
    assert option.startswith("--set train.learning_rate=")


def test_nothing_is_left_behind(spec, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (
        main(["find-lr", spec, "--steps", "20", "--set", f"output.runs_dir={tmp_path}/runs"]) == 0
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".html", ".svg", ".json"])
def test_the_curve_is_written_as_asked(spec, tmp_path, ending, capsys):
    target = tmp_path / f"found{ending}"
    assert main(["find-lr", spec, "--steps", "20", "--json", "--out", str(target)]) == 0
    answer = json.loads(capsys.readouterr().out)
    content = target.read_text("utf-8")
    if ending == ".json":
        assert json.loads(content) == answer
    else:
        assert content.startswith({".html": "<!DOCTYPE html>", ".svg": "<svg"}[ending])
        assert "http://" not in content.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "found.png"], "end it in .html, .svg, .json"),
        (["--low", "1"], "choose at most 0.1"),
        (["--steps", "3"], "take at least 20"),
        (["--set", "train.learning_rat=1"], "learning_rate"),
    ],
)
def test_what_is_mistyped_is_reported_before_any_work(spec, arguments, message, capsys):
    assert main(["find-lr", spec, *arguments]) == 2
    assert message in capsys.readouterr().err
