from __future__ import annotations

import numpy as np
import pyarrow.parquet
import pytest
from figures.examples import contenders

from tests.tasks.outcomes import outcome_of
from workbench.evaluation.paired import pair_scores
from workbench.evaluation.run import write_predictions
from workbench.figures import compared_metric, to_svg
from workbench.runs import RunFolder
from workbench.spec import RunSpec
from workbench.tasks import load_task

LABELS = ["no", "yes"]


def logits(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 2))


def run_of(folder, name: str, said: np.ndarray, labels: list[int]) -> RunFolder:
    run = RunFolder(folder / name)
    run.path.mkdir()
    run.write_spec(RunSpec(), {"labels": LABELS})
    outcome = outcome_of(said, LABELS, label=labels)
    write_predictions(
        run.evaluation_path / "predictions.parquet",
        load_task("text-classification").predictions(outcome),
    )
    return run


def test_what_only_some_rows_have_is_kept(tmp_path):
    write_predictions(tmp_path / "a" / "p.parquet", [{"row": 2}, {"row": 1, "rouge_l": 0.5}])
    rows = pyarrow.parquet.read_table(tmp_path / "a" / "p.parquet").to_pylist()
    assert rows == [{"row": 2, "rouge_l": None}, {"row": 1, "rouge_l": 0.5}]


def test_scores_of_all_rows_are_those_of_the_evaluation():
    labels = [0, 1, 1, 1] * 10
    outcome = outcome_of(logits(40, 1), LABELS, label=labels)
    task = load_task("text-classification")
    found = task.rescore(task.predictions(outcome))(np.arange(40))
    known = task.evaluate(outcome)["metrics"]
    assert found.keys() == {"loss", "accuracy", "f1_macro"}
    assert found == pytest.approx({name: known[name] for name in found})


def test_numbers_are_scored_as_the_evaluation_scores_them():
    true = [[float(n)] for n in range(20)]
    said = np.asarray(true) + np.random.default_rng(2).normal(size=(20, 1))
    outcome = outcome_of(said, ["likeness"], RunSpec().replace({"task": "text-regression"}),
                         label=true)  # fmt: skip
    task = load_task("text-regression")
    found = task.rescore(task.predictions(outcome))(np.arange(20))
    known = task.evaluate(outcome)["metrics"]
    assert {"spearman", "pearson", "mse"} <= found.keys()
    assert found == pytest.approx({name: known[name] for name in found})


def test_the_standard_error_of_an_accuracy_is_that_of_a_share(tmp_path):
    labels = [0, 1] * 200
    right = np.eye(2)[labels] * 4
    said = np.where((np.arange(400) % 5 == 0)[:, None], -right, right)  # one of five is wrong
    first, second = run_of(tmp_path, "a", said, labels), run_of(tmp_path, "b", right, labels)
    rows, scores = pair_scores(first, second)
    found = scores["accuracy"]
    assert rows == 400
    assert (found.first, found.second) == (0.8, 1.0)
    assert found.first_error == pytest.approx((0.8 * 0.2 / 400) ** 0.5, rel=0.1)
    assert found.second_error == 0
    assert found.difference_error == pytest.approx(found.first_error)


def test_what_two_runs_share_does_not_count_as_chance(tmp_path):
    labels = [0, 1] * 100
    said = logits(200, 3)
    first, second = run_of(tmp_path, "a", said, labels), run_of(tmp_path, "b", said, labels)
    found = pair_scores(first, second)[1]["accuracy"]
    assert found.first_error > 0.02
    assert (found.difference, found.difference_error) == (0, 0)


def test_runs_that_were_asked_other_rows_are_not_paired(tmp_path):
    first = run_of(tmp_path, "a", logits(20, 1), [0, 1] * 10)
    second = run_of(tmp_path, "b", logits(20, 1), [1, 0] * 10)
    assert pair_scores(first, second) == (0, {})


def test_both_scores_stand_beside_the_curves_with_their_errors(tmp_path):
    labels = [0, 1] * 50
    runs = [
        run_of(tmp_path, name, logits(100, seed), labels) for name, seed in (("a", 1), ("b", 2))
    ]
    paired = pair_scores(*runs)[1]["accuracy"]
    figure = compared_metric(contenders(("<b>a", "b")), "accuracy", paired)
    kept = [trace for trace in figure.data if trace.xaxis == "x2"]
    assert [trace.y[0] for trace in kept] == [paired.first, paired.second]
    assert [trace.error_y.array[0] for trace in kept] == [paired.first_error, paired.second_error]
    assert f"{paired.difference:+.3f} ± {paired.difference_error:.3f}" in to_svg(figure)
    assert "<b>a" not in to_svg(figure)
