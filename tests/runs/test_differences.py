from __future__ import annotations

import math

import pytest

from workbench.errors import RunError
from workbench.runs import RunFolder, RunState, write_json
from workbench.runs.differences import (
    environment_differences,
    fork_tree,
    metrics_table,
    names,
    parent_paths,
    progress_table,
    spec_differences,
)
from workbench.spec import RunSpec


def make(root, name, changes=None, record=None, parent=None):
    run = RunFolder(root / name)
    run.path.mkdir(parents=True)
    fork = {"parent": dict(zip(("run", "path", "step"), parent, strict=True))} if parent else {}
    run.write_spec(
        RunSpec().replace(changes or {}), {"precision": "fp32", **(record or {}), **fork}
    )
    return run


def shape(branches):
    return [(b.run.name, b.step, shape(b.children)) for b in branches]


def test_only_fields_that_differ_are_listed(tmp_path):
    runs = [
        make(tmp_path, "a"),
        make(tmp_path, "b", {"train.learning_rate": 5e-5, "data.columns": {"text": "tweet"}}),
        make(tmp_path, "c", {"train.learning_rate": 5e-5}),
    ]
    assert spec_differences(runs) == {
        "data.columns": [{}, {"text": "tweet"}, {}],
        "train.learning_rate": [1e-4, 5e-5, 5e-5],
    }


def test_the_name_of_a_run_is_no_difference(tmp_path):
    runs = [make(tmp_path, n, {"output.run_name": n}) for n in ("a", "b")]
    assert spec_differences(runs) == {}


def test_versions_and_data_that_differ_are_listed_and_noise_is_not(tmp_path):
    def record(torch, fingerprint, speed):
        return {
            "data_fingerprint": fingerprint,
            "precision_reason": f"measured {speed} GFLOP/s",
            "command": f"workbench train {speed}",
            "environment": {"torch": torch, "python": "3.11"},
        }

    runs = [
        make(tmp_path, "a", record=record("2.12", "f1", 1)),
        make(tmp_path, "b", record=record("2.13", "f1", 2), parent=("a", "a", 3)),
        make(tmp_path, "c", record={"data_fingerprint": "f1"}),
    ]
    assert environment_differences(runs[:2]) == {"torch": ["2.12", "2.13"]}
    assert environment_differences(runs) == {
        "torch": ["2.12", "2.13", None],
        "python": ["3.11", "3.11", None],
    }


def test_scores_stand_side_by_side_and_gaps_are_none(tmp_path):
    runs = [make(tmp_path, n) for n in ("a", "b", "c")]
    for run, scores in zip(runs, ({"loss": 0.3, "ece": 0.1}, {"loss": 0.2}), strict=False):
        write_json(run.evaluation_path / "metrics.json", {"metrics": scores})
    assert metrics_table(runs) == {"loss": [0.3, 0.2, None], "ece": [0.1, None, None]}


def test_damaged_scores_are_named(tmp_path):
    run = make(tmp_path, "a")
    run.evaluation_path.mkdir()
    (run.evaluation_path / "metrics.json").write_text("{", "utf-8")
    with pytest.raises(RunError, match=r"metrics\.json is damaged"):
        metrics_table([run])


def test_progress_is_read_from_what_happened():
    state = RunState(status="stopped", step=30, total_steps=90, active_seconds=12.3456)
    state.steps = [{"step": 29, "loss": 0.5}, {"step": 30, "loss": math.nan}]
    # The run followed another score: its best passes are not those of the lowest loss.
    passes = ((0.6, True), (math.nan, False), (0.4, False), (0.5, True), (0.7, False))
    state.evaluations = [
        {"step": 1, "metrics": {"loss": loss}, "best": best} for loss, best in passes
    ]
    assert progress_table([state, RunState()]) == {
        "status": ["stopped", "new"],
        "step": [30, 0],
        "total_steps": [90, 0],
        "best_step": [None, None],
        "active_seconds": [12.35, 0.0],
        "last_training_loss": [None, None],
        "best_validation_loss": [0.5, None],
    }


def test_runs_of_the_same_name_are_kept_apart_by_their_folders(tmp_path):
    runs = [make(tmp_path / "x", "a"), make(tmp_path / "y", "a"), make(tmp_path, "b")]
    assert names(runs) == [(tmp_path / f / "a").as_posix() for f in "xy"] + ["b"]


def test_forks_stand_below_the_run_they_left(tmp_path):
    root = make(tmp_path, "root")
    child = make(tmp_path, "child", parent=("root", "root", 40))
    other = make(tmp_path, "other", parent=("root", "root", 80))
    grandchild = make(tmp_path, "grandchild", parent=("child", "child", 60))
    runs = [grandchild, other, root, child]
    assert shape(fork_tree(runs)) == [
        ("root", None, [("other", 80, []), ("child", 40, [("grandchild", 60, [])])])
    ]
    assert parent_paths(runs) == [(3, 60), (2, 80), None, (2, 40)]


def test_a_parent_may_lie_in_another_folder(tmp_path):
    root = make(tmp_path / "old", "root")
    child = make(tmp_path / "new", "child", parent=("root", "../old/root", 40))
    assert parent_paths([root, child]) == [None, (0, 40)]


def test_a_fork_whose_parent_is_not_compared_keeps_its_name(tmp_path):
    (branch,) = fork_tree([make(tmp_path, "child", parent=("gone", "gone", 40))])
    assert (branch.parent, branch.step, branch.children) == ("gone", 40, [])


@pytest.mark.parametrize(
    "parents",
    [
        {"a": ("b", "b", 1), "b": ("a", "a", 1)},
        {"a": ("a", "a", 1), "b": ("a", "a", 1)},
        {"a": ("b", 7, "x"), "b": ("a", None, 1)},
    ],
)
def test_records_that_go_in_circles_or_are_damaged_lose_no_run(tmp_path, parents):
    runs = [make(tmp_path, name, parent=parents[name]) for name in ("a", "b")]

    def count(branches):
        return sum(1 + count(branch.children) for branch in branches)

    assert count(fork_tree(runs)) == 2
