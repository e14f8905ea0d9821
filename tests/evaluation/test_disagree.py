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


def test_where_both_are_as_sure_the_order_is_that_of_the_rows(tmp_path):
    first = make(tmp_path, "1", [("good", 0.7), ("bad", 0.9), ("good", 0.8), ("bad", 0.8)])
    second = make(tmp_path, "2", [("bad", 0.7), ("good", 0.6), ("bad", 0.7), ("good", 0.9)])
    # The less sure of each: 0.7, 0.6, 0.7, 0.8.
    assert [e["row"] for e in find_disagreements(first, second).examples] == [3, 0, 2, 1]
    swapped = find_disagreements(second, first)
    assert [e["row"] for e in swapped.examples] == [3, 0, 2, 1]
    assert (swapped.only_first, swapped.only_second) == (2, 2)


def test_who_is_right_goes_by_the_run_that_is_asked_first(tmp_path):
    first = make(tmp_path, "1", [("good", 0.9), ("good", 0.9), ("good", 0.9)])
    second = make(tmp_path, "2", [("bad", 0.8), ("bad", 0.8), ("good", 0.9)])
    found = find_disagreements(first, second)
    assert (found.rows, found.differing, found.only_first, found.only_second) == (3, 2, 2, 0)
    back = find_disagreements(second, first)
    assert (back.only_first, back.only_second) == (0, 2)
    assert (back.examples[0]["first"], back.examples[0]["first_confidence"]) == ("bad", 0.8)
    assert back.examples[0]["right"] == "second"


def test_both_texts_of_a_pair_are_asked_and_shown(tmp_path):
    runs = []
    for name, pairs, said in (("1", "xy", "good"), ("2", "xy", "bad"), ("3", "xz", "bad")):
        run = make(tmp_path, name, [])
        rows = [
            {"row": n, "text": "t", "text_pair": pairs[n], "predicted": said, "confidence": 0.9,
             "label": "good"} for n in range(2)
        ]  # fmt: skip
        write_predictions(run.evaluation_path / "predictions.parquet", rows)
        runs.append(run)
    found = find_disagreements(runs[0], runs[1])
    assert [e["text_pair"] for e in found.examples] == ["x", "y"]
    assert find_disagreements(runs[0], runs[2]).reason == "other_rows"


@pytest.mark.parametrize("missing", ["row", "text", "label", "predicted", "confidence"])
def test_predictions_of_another_kind_are_none(tmp_path, missing):
    first, second = make(tmp_path, "1", [("bad", 0.9)]), make(tmp_path, "2", [])
    whole = {"row": 0, "text": "a", "label": "good", "predicted": "good", "confidence": 0.9}
    del whole[missing]
    write_predictions(second.evaluation_path / "predictions.parquet", [whole])
    assert find_disagreements(first, second).reason == "no_predictions"
    assert find_disagreements(second, first).reason == "no_predictions"


def test_labels_that_only_one_run_noted_are_no_reason(tmp_path):
    first = make(tmp_path, "1", [("bad", 0.9)])
    second = make(tmp_path, "2", [("good", 0.9)], labels=None)
    assert find_disagreements(first, second).differing == 1
    assert find_disagreements(second, first).differing == 1


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
