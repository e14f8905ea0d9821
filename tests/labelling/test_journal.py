import json
import os
import subprocess
import sys

import pytest

from workbench.errors import DataError
from workbench.labelling import Journal, row_key
from workbench.labelling.journal import open_journal


def label(journal, row, value, who="ann", **more):
    return journal.decide(row, "all", f"key{row}", value, who=who, **more)


def test_a_decision_is_on_the_disk_when_it_returns(tmp_path):
    journal = Journal(tmp_path / "new" / "labels.jsonl")
    made = label(journal, 3, "spam", was="ham", note="clear", why="margin, rank 1")
    held = json.loads(journal.path.read_text("utf-8"))
    assert held == {
        "seq": 0, "time": made.time, "who": "ann", "row": 3, "split": "all", "key": "key3",
        "act": "label", "value": "spam", "was": "ham", "note": "clear", "why": "margin, rank 1",
    }  # fmt: skip
    assert made.time.endswith("+00:00")
    assert Journal(journal.path).records() == [made]


def test_the_last_decision_counts_and_a_skip_only_where_nobody_labelled(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    label(journal, 1, "ham")
    label(journal, 1, "spam")
    label(journal, 2, "ham")
    label(journal, 2, None, act="skip")
    label(journal, 1, None, who="bob", act="skip")
    label(journal, 3, "ham", who="bob")
    label(journal, 3, None, act="note", note="odd")
    found = {row: (one.act, one.value) for (_, row), one in journal.decisions().items()}
    assert found == {1: ("label", "spam"), 2: ("skip", None), 3: ("label", "ham")}
    assert journal.decisions("bob")["all", 1].act == "skip"
    assert [list(own) for own in journal.by_person().values()] == [[("all", 1)], [("all", 3)]]
    assert journal.notes() == {("all", 3): ["odd"]}


def test_undo_takes_back_ones_own_acts_one_after_the_other(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    label(journal, 1, "ham")
    label(journal, 1, "spam")
    label(journal, 2, "ham", who="bob")
    assert journal.undo("ann").value == "spam"
    assert journal.decisions()["all", 1].value == "ham"
    assert journal.undo("ann").value == "ham"
    assert journal.undo("ann") is None
    assert list(journal.decisions()) == [("all", 2)]
    assert len(journal.records()) == 5


def test_a_torn_or_foreign_line_is_passed_over_and_the_next_writer_goes_on(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    label(journal, 1, "ham")
    with journal.path.open("a") as file:
        file.write('{"seq": 1, "row": "x"}\n[1]\n\n{"seq": 1, "who": "a')
    again = Journal(journal.path)
    assert len(again) == 1
    label(again, 2, "spam")
    assert [one.row for one in Journal(journal.path).records()] == [1, 2]
    assert len(journal.path.read_text().splitlines()) == 5


def test_two_kernels_may_write_one_journal(tmp_path):
    first, second = Journal(tmp_path / "l.jsonl"), Journal(tmp_path / "l.jsonl")
    label(first, 1, "ham")
    label(second, 2, "ham", who="bob")
    label(first, 3, "ham")
    assert [one.seq for one in Journal(first.path).records()] == [0, 1, 2]


def test_a_killed_process_loses_no_decision(tmp_path):
    script = (
        "import os, sys; from workbench.labelling import Journal; j = Journal(sys.argv[1])\n"
        "for n in range(1, 4): j.decide(n, 'all', 'k', 'ham', who='ann')\n"
        "os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "l.jsonl"
    done = subprocess.run([sys.executable, "-c", script, str(path)], env=os.environ, check=False)
    assert done.returncode != 0
    assert len(Journal(path)) == 3


def test_a_version_stays_as_it_was_and_takes_nothing_in(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    label(journal, 1, "ham")
    version = journal.version
    label(journal, 1, "spam")
    old = open_journal(version)
    assert version == f"{journal.path}@1"
    assert old.decisions()["all", 1].value == "ham"
    assert open_journal(str(journal.path)).decisions()["all", 1].value == "spam"
    with pytest.raises(DataError, match="write to"):
        label(old, 1, "ham")
    with pytest.raises(DataError, match="has 2 records, not the 9"):
        open_journal(f"{journal.path}@9")
    with pytest.raises(DataError, match="journal not found"):
        open_journal(str(tmp_path / "absent.jsonl"))


def test_case_and_blanks_make_no_other_text():
    one = row_key({"text": "Good  film", "label": "pos"}, ["text"])
    assert one == row_key({"text": "good film "}, ["text"])
    assert one != row_key({"text": "bad film"}, ["text"])
    assert row_key({"a": "x", "b": "y"}, ["a", "b"]) != row_key({"a": "xy"}, ["a", "b"])
    assert row_key({"tokens": ["a", "b"]}, ["tokens"]) == row_key({"tokens": "a b"}, ["tokens"])
