from __future__ import annotations

import json
import statistics

import numpy as np
import pyarrow.parquet
import pytest
from figures.examples import contenders

from tests.tasks.outcomes import outcome_of
from workbench.evaluation.paired import _resampled, pair_scores
from workbench.evaluation.run import write_predictions
from workbench.figures import compared_metric, to_svg
from workbench.runs import RunFolder
from workbench.spec import RunSpec
from workbench.tasks import load_task
from workbench.tasks._tags import entity_scores

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


def test_tags_of_some_sentences_are_scored_as_those_sentences_alone():
    task, rng = load_task("token-classification"), np.random.default_rng(3)
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    lengths = rng.integers(1, 9, size=30)
    true, said = ([list(rng.choice(tags, n)) for n in lengths] for _ in range(2))
    records = [{"label": a, "predicted": b} for a, b in zip(true, said, strict=True)]
    scores = task.rescore(records)
    for places in (np.arange(30), rng.integers(30, size=30), np.array([4, 4])):
        known = entity_scores([true[n] for n in places], [said[n] for n in places])
        assert scores(places) == {name: known[name] for name in ("precision", "recall", "f1")}
    assert task.rescore([{"label": ["O"], "predicted": ["O"]}])(np.array([0, 0]))["f1"] == 0


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


def better_and_worse(folder, rows: int = 400) -> tuple[RunFolder, RunFolder]:
    """Return a run that is wrong in one row of five, and one that is wrong in one of ten."""
    labels = [0, 1] * (rows // 2)
    right = np.eye(2)[labels] * 4
    worse, better = (np.where((np.arange(rows) % n == 0)[:, None], -right, right) for n in (5, 10))
    return run_of(folder, "worse", worse, labels), run_of(folder, "better", better, labels)


def test_the_difference_is_the_second_less_the_first(tmp_path):
    worse, better = better_and_worse(tmp_path)
    found = pair_scores(worse, better)[1]
    assert found["accuracy"].difference == pytest.approx(0.1, rel=1e-12)
    assert found["loss"].difference < 0
    assert (found["accuracy"].first, found["accuracy"].second) == (0.8, 0.9)
    back = pair_scores(better, worse)[1]
    for name in ("accuracy", "loss", "f1_macro"):
        assert back[name].difference == pytest.approx(-found[name].difference)
        assert (back[name].first, back[name].second) == (found[name].second, found[name].first)
        assert back[name].first_error == pytest.approx(found[name].second_error)
        assert back[name].difference_error == pytest.approx(found[name].difference_error)


def test_errors_are_sample_deviations_over_the_same_draws_for_both(tmp_path):
    # The bootstrap as it is written: 500 draws with replacement from a generator seeded with 0.
    worse, better = better_and_worse(tmp_path, rows=40)
    found = pair_scores(worse, better)[1]["accuracy"]
    right = np.array([[n % 5 != 0, n % 10 != 0] for n in range(40)], float)
    rng = np.random.default_rng(0)
    means = np.array([right[rng.integers(40, size=40)].mean(axis=0) for _ in range(500)])
    deviations = [statistics.stdev(column) for column in (*means.T, means[:, 1] - means[:, 0])]
    assert [found.first_error, found.second_error, found.difference_error] == pytest.approx(
        deviations, rel=1e-9
    )


def test_the_error_of_a_perplexity_is_that_of_a_ratio_of_sums():
    """Rows are drawn, tokens count. By hand: the error of Σ losses / Σ tokens (Cochran 1977, 2.46).

    Perplexity is e to its power, so its error is as many times larger (the delta method).
    """
    rng = np.random.default_rng(5)
    tokens = rng.integers(1, 60, size=400)
    # Long answers are easier, so that the mean over rows would be another number.
    losses = 3 - tokens / 30 + rng.normal(scale=0.4, size=400)
    records = [
        {"loss": loss, "tokens": int(count)} for loss, count in zip(losses, tokens, strict=True)
    ]
    scores = load_task("text-generation").rescore(records)
    found = _resampled(scores, scores, 400)
    mean = (losses * tokens).sum() / tokens.sum()
    rest = losses * tokens - mean * tokens
    error = np.sqrt((rest**2).sum() / 399 / 400) / tokens.mean()
    assert abs(mean - losses.mean()) > 5 * error
    assert found["loss"].first == pytest.approx(mean)
    assert found["loss"].first_error == pytest.approx(error, rel=0.1)
    assert found["perplexity"].first == pytest.approx(np.exp(mean))
    assert found["perplexity"].first_error == pytest.approx(np.exp(mean) * error, rel=0.1)


def test_rows_in_which_nothing_was_guessed_do_not_count():
    records = [{"loss": 1.0, "tokens": 3}, {"rouge_l": 0.5}, {"loss": None, "tokens": 0}]
    scores = load_task("text-generation").rescore(records)
    assert scores(np.arange(3)) == pytest.approx({"loss": 1, "perplexity": np.e, "rouge_l": 0.5})
    assert scores(np.array([1, 1])) == {"rouge_l": 0.5}
    assert scores(np.array([2])) == {}
    before = [{"loss": 1.0, "perplexity": np.e}]  # predictions that were kept without `tokens`
    assert load_task("text-generation").rescore(before)(np.array([0])) == {}


def test_a_better_second_run_is_reported_as_better_wherever_it_is_reported(tmp_path, capsys):
    from workbench.adaptation import Adaptation
    from workbench.cli.training import _print_adaptation

    worse, better = better_and_worse(tmp_path)
    paired = pair_scores(worse, better)[1]["accuracy"]
    svg = to_svg(compared_metric(contenders(("plain", "adapted")), "accuracy", paired))
    assert f"adapted minus plain: +0.100 ± {paired.difference_error:.3f}" in svg
    done = Adaptation(reading=worse, without=worse, adapted=better)
    _print_adaptation(done, as_json=True)
    result = json.loads(capsys.readouterr().out)["scores"]["accuracy"]
    assert (result["first"], result["second"]) == (0.8, 0.9)
    assert result["difference"] == pytest.approx(0.1)
    _print_adaptation(done, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    heads = [head.strip() for head in lines[0].split("  ") if head.strip()]
    cells = next(line for line in lines if line.strip().startswith("accuracy"))
    cells = [cell.strip() for cell in cells.split("  ") if cell.strip()]
    result = dict(zip(heads, cells, strict=True))
    assert result["without"].startswith("0.8000 ± ")
    assert result["adapted"].startswith("0.9000 ± ")
    assert result["difference"].startswith("+0.1000 ± ")


def predictions_of(
    run: RunFolder, rows: list[dict], task: str = "text-classification"
) -> RunFolder:
    run.path.mkdir()
    run.write_spec(RunSpec().replace({"task": task}), {"labels": LABELS})
    write_predictions(run.evaluation_path / "predictions.parquet", rows)
    return run


def row(number: int, **changes) -> dict:
    return {"row": number, "text": f"t{number}", "label": "no", "predicted": "no", "loss": 1.0,
            **changes}  # fmt: skip


def test_rows_are_paired_by_their_number_whatever_their_order(tmp_path):
    first = [row(1, loss=1.0), row(2, loss=3.0, predicted="yes"), row(3, loss=5.0)]
    second = [row(3, loss=4.0), row(1, loss=0.0), row(2, loss=2.0, predicted="yes")]
    runs = [
        predictions_of(RunFolder(tmp_path / name), rows)
        for name, rows in (("a", first), ("b", second))
    ]
    count, found = pair_scores(*runs)
    assert count == 3
    # Each row is better by one, so that no draw of rows changes the difference.
    assert found["loss"].difference == -1
    assert found["loss"].difference_error == pytest.approx(0, abs=1e-12)
    assert found["accuracy"].difference_error == 0


@pytest.mark.parametrize(
    "changes", [{"text": "other"}, {"label": "yes"}, {"row": 7}], ids=["text", "label", "row"]
)
def test_what_was_asked_otherwise_is_not_paired(tmp_path, changes):
    first = predictions_of(RunFolder(tmp_path / "a"), [row(1), row(2)])
    second = predictions_of(RunFolder(tmp_path / "b"), [row(1), row(2, **changes)])
    assert pair_scores(first, second) == (0, {})


@pytest.mark.parametrize("missing", ["row", "label", "predicted", "loss"])
def test_predictions_without_what_is_needed_are_not_paired(tmp_path, missing):
    whole = predictions_of(RunFolder(tmp_path / "a"), [row(1), row(2)])
    part = [{name: held for name, held in row(n).items() if name != missing} for n in (1, 2)]
    second = predictions_of(RunFolder(tmp_path / "b"), part)
    assert pair_scores(whole, second) == (0, {})
    assert pair_scores(second, whole) == (0, {})


def test_a_run_without_readable_predictions_is_not_paired(tmp_path):
    whole = predictions_of(RunFolder(tmp_path / "a"), [row(1), row(2)])
    broken = predictions_of(RunFolder(tmp_path / "b"), [row(1), row(2)])
    (broken.evaluation_path / "predictions.parquet").write_bytes(b"PAR1")
    for pair in ((whole, broken), (broken, whole)):
        assert pair_scores(*pair) == (0, {})
    (broken.evaluation_path / "predictions.parquet").unlink()
    assert pair_scores(whole, broken) == (0, {})


def test_runs_of_different_tasks_are_not_paired(tmp_path):
    rows = [row(n, label=[1.0], predicted=[float(n)]) for n in (1, 2, 3)]
    first = predictions_of(RunFolder(tmp_path / "a"), rows)
    second = predictions_of(RunFolder(tmp_path / "b"), rows, task="text-regression")
    assert pair_scores(first, second) == (0, {})
    assert pair_scores(second, first) == (0, {})


def test_a_score_that_a_draw_cannot_give_is_left_out_of_the_errors():
    """A correlation is not known where a draw of three rows is three times the same."""
    true = np.array([[0.0], [1.0], [2.0]])
    held = {"a": true[::-1].copy(), "b": np.array([[0.0], [2.0], [2.0]])}
    task = load_task("text-regression")
    rescore = {
        name: task.rescore(
            [
                {"predicted": p.tolist(), "label": t.tolist()}
                for p, t in zip(said, true, strict=True)
            ]
        )
        for name, said in held.items()
    }
    found = _resampled(rescore["a"], rescore["b"], 3)
    rng = np.random.default_rng(0)
    draws = [rng.integers(3, size=3) for _ in range(500)]
    known = []
    for places in draws:
        both = [rescore[name](places).get("pearson") for name in ("a", "b")]
        if None not in both:
            known.append(both)
    assert 2 < len(known) < 500
    assert found["pearson"].first_error == pytest.approx(
        statistics.stdev(one for one, _ in known), rel=1e-9, abs=1e-12
    )
    assert found["pearson"].difference_error == pytest.approx(
        statistics.stdev(b - a for a, b in known), rel=1e-9
    )


def test_a_score_of_one_run_alone_is_not_compared_and_the_others_are():
    first = lambda places: {"only": 1.0, "both": 2.0, "last": 3.0}  # noqa: E731
    second = lambda places: {"both": 5.0, "last": 1.0, "other": 2.0}  # noqa: E731
    found = _resampled(first, second, 4)
    assert list(found) == ["both", "last"]
    assert (found["both"].difference, found["last"].difference) == (3.0, -2.0)


@pytest.mark.parametrize(("known", "kept"), [(1, False), (2, True), (3, True)])
def test_an_error_needs_two_draws(known, kept):
    def scores():
        calls = iter(range(10_000))
        return lambda places: {"x": 1.0} if next(calls) <= known else {}

    assert ("x" in _resampled(scores(), scores(), 4)) == kept


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
