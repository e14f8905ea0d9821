"""Lines to copy into a shell: one command of ours, whatever a folder is called."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs import RunFolder
from workbench.runs.commands import line, quoted, rerun_line
from workbench.spec import RunSpec

NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0/"), min_size=1)


@given(NAMES)
def test_a_shell_reads_back_the_words_that_a_line_is_made_of(name):
    path = Path("runs") / name / "p"
    assert shlex.split(line("runs", "resume", path)) == ["workbench", "runs", "resume", str(path)]
    assert shlex.split(quoted(path)) == [str(path)]


def test_a_folder_that_looks_like_an_option_is_none():
    assert line("train", Path("-x")) == "workbench train ./-x"


@pytest.mark.parametrize(
    "noted",
    [
        "workbench train a; rm -rf ~", "rm -rf ~", "workbench train $(touch x)", "workbench 'a",
        "workbench train a\nrm -rf b", "workbench train `x`", 3, None, "", ["workbench"],
        "workbench train a \x1b[2K", "workbench train a | sh", "workbench train a > b",
    ],
)  # fmt: skip
def test_the_line_of_a_record_is_shown_only_if_it_is_one_command_of_ours(noted):
    path = Path("my runs/p/spec.yaml")
    assert rerun_line(path, {"command": noted}) == "workbench train 'my runs/p/spec.yaml'"


def test_a_line_that_is_ours_is_shown_as_it_is():
    noted = "workbench train 'my runs/p/spec.yaml' --set 'train.replay=my runs/p'"
    assert rerun_line(Path("other"), {"command": noted}) == noted


def test_the_line_stands_unbroken_in_the_file(tmp_path):
    run = RunFolder(tmp_path)
    result = line("train", Path("/".join(["a folder with blanks"] * 12)) / "spec.yaml")
    run.write_spec(RunSpec(), {"command": result})
    assert f"  command: {result}\n" in run.spec_path.read_text()
    assert run.record() == {"command": result}
