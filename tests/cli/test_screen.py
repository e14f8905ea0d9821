"""What a terminal would obey is shown: escape sequences, marks that mirror or hide text."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench
from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import pipeline
from workbench.cli import main
from workbench.cli.screen import Shown, print_json
from workbench.errors import plain
from workbench.runs import RunFolder
from workbench.spec import to_yaml

HOSTILE = "\x1b]0;OWNED\x07\x1b[31m a\u202eb \u2066c\u200bd\rover \x9b2J e\x7f"
HARMLESS = "中文，全角　空格 naïve ✓ é 👍 ا"


def is_obeyed(text):
    return any(
        unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t" for c in text
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run whose rows, labels and probes hold what a terminal would obey."""
    folder = tmp_path_factory.mktemp("hostile")
    names = {"positive": "pos\x1b[31m\u202e", "negative": "neg\u2067"}
    rows = [(f"{text} {HOSTILE}", names[label]) for text, label in make_rows()]
    write_csv(folder / "rows.csv", rows)
    return pipeline.train(tiny_spec(folder, **{"train.max_steps": 2, "inspect.probes": []}))


COMMANDS = [
    ("predict", "{run}", HOSTILE),
    ("predict", "{run}", HOSTILE, "--json"),
    ("evaluate", "{run}"),
    ("evaluate", "{run}", "--json"),
    ("data", "show", "{data}"),
    ("data", "show", "{data}", "--json"),
    ("data", "profile", "{data}"),
    ("data", "clean", "{data}", "--step", "fix_text"),
    ("data", "label", "{data}", "--journal", "{folder}/j.jsonl"),
    ("runs", "show", "{run}"),
    ("runs", "compare", "{run}", "{run}"),
    ("runs", "list", "--runs-dir", "{runs}"),
    ("data", "label-issues", "{run}"),
    ("predict", HOSTILE, "text"),
    ("runs", "steer", "{run}", HOSTILE),
    ("data", "show", HOSTILE),
    ("train", HOSTILE),
    ("train", "--set", f"{HOSTILE}=1"),
    ("train", "{data}", f"--{HOSTILE}"),
]


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda c: " ".join(c[:2]).encode("unicode_escape").decode()[:30]
)
def test_no_command_prints_what_a_terminal_obeys(command, finished, tmp_path, capsys, monkeypatch):
    run = RunFolder(shutil.copytree(finished.path, tmp_path / "runs" / "ru\u202en"))
    spec = finished.spec()
    held = {
        "run": run.path, "data": spec.data.source, "folder": tmp_path, "runs": tmp_path / "runs",
    }  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\nnothing\x1b\nq\n"))
    with contextlib.suppress(SystemExit):
        main([part.format(**held) if "{" in part else part for part in command])
    said = capsys.readouterr()
    assert said.out + said.err
    assert not is_obeyed(said.out.replace("\r\n", "\n"))
    assert not is_obeyed(said.err)


def test_an_answer_for_programs_is_the_same_value(finished, capsys):
    assert main(["predict", str(finished.path), HOSTILE, HARMLESS, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == [HOSTILE, HARMLESS]
    assert HARMLESS in lines[1]


def test_what_is_harmless_stays_as_it_is():
    assert plain(HARMLESS) == HARMLESS
    assert plain("a\tb\nc") == "a\tb\nc"


@given(st.text())
def test_nothing_that_is_obeyed_passes_and_programs_read_the_same(text):
    stream = io.StringIO()
    Shown(stream).write(text)
    assert not is_obeyed(stream.getvalue())


@given(st.recursive(st.text(st.characters(blacklist_categories=("Cs",))), st.lists))
def test_json_is_printed_without_loss(value):
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        print_json(value)
    assert json.loads(stream.getvalue()) == value
    assert not is_obeyed(stream.getvalue())


@pytest.mark.parametrize("name", ["runs [v2]", "runs [", "[bold]", "[red]x[", ":smile:", "a\\[b]"])
def test_a_folder_is_reported_by_its_own_name(name, tmp_path, capsys):
    spec = tiny_spec(tmp_path)
    file = tmp_path / "spec.yaml"
    file.write_text(to_yaml(spec), "utf-8")
    folder = tmp_path / name
    changes = ["train.max_steps=1", f"output.runs_dir={folder}", "output.run_name=p"]
    assert main(["train", str(file), *(w for c in changes for w in ("--set", c))]) == 0
    assert f"run      {folder / 'p'}\n" in capsys.readouterr().out


def test_nothing_is_written_to_a_terminal_elsewhere():
    """What runs tell goes through `runs.telling`, what commands print through `cli.screen`."""
    package = Path(workbench.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("print", "sys.stderr.write", "sys.stdout.write")
    }
    assert {place for place in found if not place.startswith("cli/")} == {
        "runs/telling.py",
        "notebook/headless.py",  # lines of progress in a notebook, through `plain`
        "notebook/labelling.py",  # in a notebook, through `plain`
    }
