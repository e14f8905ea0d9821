from __future__ import annotations

import pytest

from workbench.evaluation.disagree import find_disagreements
from workbench.evaluation.run import write_predictions
from workbench.runs import RunFolder
from workbench.spec import RunSpec

LABELS = ["bad", "good"]


def make(root, name, answers, texts="abcdef", truth="good", labels=LABELS):
    """Write a run that answers each text as `answers` says: a label and how sure."""
    run = RunFolder(root / name)
    run.path.mkdir()
    run.write_spec(RunSpec(), {"labels": labels})
    rows = [
        {"row": n, "text": texts[n], "predicted": label, "confidence": sure, "label": truth,
         "probabilities": [sure, 1 - sure], "loss": 1.0}
        for n, (label, sure) in enumerate(answers)
    ]  # fmt: skip
    if rows:
        write_predictions(run.evaluation_path / "predictions.parquet", rows)
    return run


def test_rows_answered_differently_are_found_the_surest_first(tmp_path):
    first = make(tmp_path, "1", [("good", 0.9), ("good", 0.99), ("bad", 0.7), ("good", 0.6)])
    second = make(tmp_path, "2", [("bad", 0.8), ("bad", 0.51), ("good", 0.75), ("good", 0.9)])
    found = find_disagreements(first, second)
    assert (found.reason, found.rows, found.differing) == ("", 4, 3)
    assert (found.only_first, found.only_second) == (2, 1)
    assert [(e["row"], e["right"]) for e in found.examples] == [
        (0, "first"), (2, "second"), (1, "first"),
    ]  # fmt: skip
    assert found.examples[0] == {
        "row": 0, "text": "a", "label": "good", "first": "good", "first_confidence": 0.9,
        "second": "bad", "second_confidence": 0.8, "right": "first",
    }  # fmt: skip


def test_two_wrong_answers_can_differ(tmp_path):
    labels = ["bad", "good", "so-so"]
    first = make(tmp_path, "1", [("bad", 0.9)], labels=labels)
    second = make(tmp_path, "2", [("so-so", 0.9)], labels=labels)
    found = find_disagreements(first, second)
    assert (found.differing, found.only_first, found.only_second) == (1, 0, 0)
    assert found.examples[0]["right"] == "neither"


def test_runs_that_agree_have_no_examples(tmp_path):
    runs = [make(tmp_path, name, [("bad", 0.9)]) for name in "12"]
    assert find_disagreements(*runs).differing == 0


def test_the_order_of_the_rows_does_not_matter(tmp_path):
    first = make(tmp_path, "1", [("good", 0.9), ("bad", 0.9)])
    second = make(tmp_path, "2", [])
    rows = [
        {"row": n, "text": "ab"[n], "predicted": "good", "confidence": 0.8, "label": "good"}
        for n in (1, 0)
    ]
    write_predictions(second.evaluation_path / "predictions.parquet", rows)
    assert [e["row"] for e in find_disagreements(first, second).examples] == [1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"texts": "xyz"}, "other_rows"),
        ({"truth": "bad"}, "other_rows"),
        ({"answers": [("bad", 0.9)]}, "other_rows"),
        ({"labels": ["good", "bad", "ugly"]}, "other_labels"),
        ({"answers": []}, "no_predictions"),
    ],
)
def test_runs_that_cannot_be_compared_row_by_row_say_why(tmp_path, changes, reason):
    plain = {"answers": [("bad", 0.9), ("good", 0.8)]}
    found = find_disagreements(make(tmp_path, "1", **plain), make(tmp_path, "2", **plain | changes))
    assert found.reason == reason


def test_the_same_labels_in_another_order_are_the_same(tmp_path):
    first = make(tmp_path, "1", [("bad", 0.9)])
    second = make(tmp_path, "2", [("good", 0.9)], labels=["good", "bad"])
    assert find_disagreements(first, second).differing == 1


@pytest.mark.parametrize("content", [b"", b"not parquet", b"PAR1" + b"\0" * 40])
def test_damaged_predictions_are_none(tmp_path, content):
    first, second = make(tmp_path, "1", [("bad", 0.9)]), make(tmp_path, "2", [("bad", 0.9)])
    (second.evaluation_path / "predictions.parquet").write_bytes(content)
    assert find_disagreements(first, second).reason == "no_predictions"


def test_runs_of_different_tasks_are_not_compared(tmp_path, monkeypatch):
    runs = [make(tmp_path, name, [("bad", 0.9)]) for name in "12"]
    specs = {run.path: RunSpec().model_copy(update={"task": run.name}) for run in runs}
    monkeypatch.setattr(RunFolder, "spec", lambda run: specs[run.path])
    assert find_disagreements(*runs).reason == "other_task"
