"""A file that is read is never written by the same command, under whatever name it goes."""

from __future__ import annotations

import io
import os

import pytest

from tests.tiny_runs import write_csv
from workbench.cli import main
from workbench.errors import InputError
from workbench.evaluation.labels import open_labels
from workbench.runs import note_read, one_command, refuse_if_read
from workbench.runs.folder import require_writable, write_output
from workbench.spec import RunSpec


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_csv(tmp_path / "rows.csv")


@pytest.fixture(params=["itself", "link", "hard link", "relative"])
def alias(request, source, tmp_path):
    if request.param == "relative":
        return f"./{source.name}"
    path = tmp_path / "alias.csv"
    if request.param == "link":
        path.symlink_to(source)
    elif request.param == "hard link":
        os.link(source, path)
    return path if path.exists() else source


@pytest.mark.parametrize(
    "command",
    [
        ("data", "export", "{source}", "--out", "{alias}", "--journal", "j.jsonl"),
        ("data", "clean", "{source}", "--step", "fix_text", "-o", "{alias}"),
        ("data", "label", "{source}", "--journal", "{alias}"),
    ],
    ids=lambda c: c[1],
)
def test_a_command_leaves_what_it_reads_as_it_is(command, source, alias, capsys, monkeypatch):
    before = source.read_bytes()
    (source.parent / "j.jsonl").touch()
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n1\n"))
    code = main([part.format(source=source, alias=alias) for part in command])
    said = capsys.readouterr().err
    assert (code, source.read_bytes()) == (2, before), said
    assert "stays as it is; write to another place" in said


def test_labels_are_not_exported_over_their_own_journal(source, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\nq\n"))
    assert main(["data", "label", str(source), "--journal", "j.jsonl"]) == 0
    journal = (source.parent / "j.jsonl").read_bytes()
    assert journal
    for out in ("j.jsonl", "./j.jsonl"):
        assert main(["data", "export", str(source), "--journal", "j.jsonl", "--out", out]) == 2
    assert (source.parent / "j.jsonl").read_bytes() == journal
    assert main(["data", "import", str(source), "j.jsonl", "--journal", "j.jsonl"]) == 2
    assert (source.parent / "j.jsonl").read_bytes() == journal


def test_in_a_notebook_the_journal_is_not_the_source(source):
    spec = RunSpec().replace({"data.source": str(source)})
    with pytest.raises(InputError, match="is read by the same command"):
        open_labels(spec, journal=source)
    assert open_labels(spec, journal="other.jsonl").journal.path.name == "other.jsonl"


def test_what_one_command_has_read_another_may_write(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("read")
    with one_command():
        note_read(path)
        for write in (require_writable, lambda p: write_output(p, "new"), refuse_if_read):
            with pytest.raises(InputError, match="is read by the same command"):
                write(path)
    write_output(path, "new")
    assert path.read_text() == "new"
