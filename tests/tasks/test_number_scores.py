"""Scores of predicted numbers against scipy, scikit-learn, torch, and values worked by hand."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from torch.nn.functional import huber_loss

from workbench.spec import RunSpec
from workbench.tasks import Setup
from workbench.tasks import _number_scores as scores


def setup(labels=("score",), means=None, stds=None, **train) -> Setup:
    spec = RunSpec().replace(
        {"task": "text-regression"} | {f"train.{name}": value for name, value in train.items()}
    )
    return Setup(spec, None, list(labels), 128, label_means=means or {}, label_stds=stds or {})


def two_columns() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    true = rng.normal(size=(30, 2)) * [1, 50] + [0, 200]
    return true + rng.normal(size=(30, 2)) * [0.5, 40], true


def test_the_scale_is_that_of_the_training_rows_and_never_zero():
    means, stds = scores.scale_of(
        setup("abc", means={"a": 3.0, "b": -1.0}, stds={"a": 2.0, "b": 0.0})
    )
    assert means.tolist() == [3.0, -1.0, 0.0]
    assert stds.tolist() == [2.0, 1.0, 1.0]
    assert (means.dtype, stds.dtype) == (np.float64, np.float64)
    whole = scores.scale_of(setup("a", means={"a": 3}, stds={"a": 2}))
    assert [one.dtype for one in whole] == [np.float64, np.float64]


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_the_huber_loss_is_that_of_torch(delta):
    error = np.array([[-3.0, -0.3, 0.0, 0.3, 1.0, 2.5, 4.0]], np.float32)
    expected = huber_loss(
        torch.from_numpy(error).double(), torch.zeros(1, 7).double(), reduction="none", delta=delta
    ).numpy()
    found = scores.losses_of(error, setup(loss="huber", huber_delta=delta))
    assert found == pytest.approx(expected, rel=1e-12)
    assert found.dtype == np.float64


def test_without_it_the_loss_is_the_square():
    assert scores.losses_of(np.array([-3.0, 0.5]), setup()).tolist() == [9.0, 0.25]
    assert scores.losses_of(np.array([-3.0]), setup(loss="mse")).tolist() == [9.0]


def test_the_whole_evaluation_is_that_of_scipy_and_scikit_learn():
    predicted, true = two_columns()
    stds = {"a": 2.0, "b": 40.0}
    found = scores.all_scores(predicted, true, setup("ab", stds=stds))
    assert (found["rows"], found["labels"]) == (30, ["a", "b"])
    for n, entry in enumerate(found["per_number"]):
        p, t = predicted[:, n], true[:, n]
        assert entry.pop("label") == "ab"[n]
        assert entry == pytest.approx(
            {
                "pearson": stats.pearsonr(p, t).statistic,
                "spearman": stats.spearmanr(p, t).statistic,
                "mse": mean_squared_error(t, p),
                "mae": mean_absolute_error(t, p),
                "r2": r2_score(t, p),
            },
            rel=1e-9,
        )
    metrics = found["metrics"]
    for name in ("pearson", "spearman", "mse", "mae", "r2"):
        both = [entry[name] for entry in found["per_number"]]
        assert metrics[name] == pytest.approx(sum(both) / 2, rel=1e-12)
    assert metrics["loss"] == pytest.approx((((predicted - true) / [2, 40]) ** 2).mean(), rel=1e-12)
    assert scores.mean_scores(predicted, true) == {
        name: value for name, value in metrics.items() if name != "loss"
    }


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_equal_numbers_share_their_rank(pairs):
    predicted, true = np.array(pairs, float).T
    assume(np.ptp(predicted) and np.ptp(true))
    found = scores.mean_scores(predicted[:, None], true[:, None])
    assert found["spearman"] == pytest.approx(stats.spearmanr(predicted, true).statistic, abs=1e-9)
    assert found["pearson"] == pytest.approx(stats.pearsonr(predicted, true).statistic, abs=1e-9)


def test_what_rows_cannot_give_is_none():
    constant = scores.mean_scores(np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]]))
    assert constant == {"pearson": None, "spearman": None, "mse": 2.5, "mae": 1.5, "r2": None}
    same = scores.mean_scores(np.array([[3.0], [3.0]]), np.array([[1.0], [2.0]]))
    assert same == {"pearson": None, "spearman": None, "mse": 2.5, "mae": 1.5, "r2": -9.0}
    alone = scores.mean_scores(np.array([[1.0]]), np.array([[2.0]]))
    assert alone == {"pearson": None, "spearman": None, "mse": 1.0, "mae": 1.0, "r2": None}


def test_two_rows_have_a_correlation():
    found = scores.mean_scores(np.array([[1.0], [2.0]]), np.array([[5.0], [3.0]]))
    assert found["pearson"] == pytest.approx(-1)
    assert found["spearman"] == pytest.approx(-1)


def test_a_mean_over_the_numbers_leaves_out_what_is_not_known():
    predicted, true = two_columns()
    true[:, 1] = 7
    found = scores.mean_scores(predicted, true)
    assert found["r2"] == pytest.approx(r2_score(true[:, 0], predicted[:, 0]))
    assert found["mae"] == pytest.approx(np.abs(predicted - true).mean())


def test_the_followed_scores_are_the_mean_over_the_numbers():
    predicted, true = two_columns()
    found = scores.quick_scores(predicted, true, setup("ab"))
    assert found == pytest.approx(
        {
            "loss": ((predicted - true) ** 2).mean(),
            "pearson": np.mean([stats.pearsonr(predicted[:, n], true[:, n])[0] for n in (0, 1)]),
            "spearman": np.mean([stats.spearmanr(predicted[:, n], true[:, n])[0] for n in (0, 1)]),
        },
        rel=1e-9,
    )


def test_a_correlation_that_is_not_known_is_followed_as_none():
    found = scores.quick_scores(np.array([[1.0], [1.0]]), np.array([[1.0], [3.0]]), setup())
    assert found == {"loss": 2.0, "pearson": 0.0, "spearman": 0.0}


def test_small_floats_lose_nothing_in_the_scores():
    predicted = np.array([[1.0], [2.0], [4.0]], np.float32) + np.float32(4096)
    true = np.array([[4097.1], [4098.0], [4099.9]])
    expected = (predicted.astype(float) - true)[:, 0]
    found = scores.mean_scores(predicted, true)
    assert found["mae"] == pytest.approx(np.abs(expected).mean(), rel=1e-9)
    assert scores.quick_scores(predicted, true, setup())["loss"] == pytest.approx(
        (expected**2).mean(), rel=1e-9
    )


def test_of_many_rows_a_thousand_points_are_drawn_with_both_ends():
    true = np.arange(2500, dtype=float)[:, None]
    points = scores.all_scores(true + 0.123456, true, setup())["points"]["score"]
    assert (len(points["true"]), len(points["predicted"])) == (1000, 1000)
    assert (points["true"][0], points["true"][1], points["true"][-1]) == (0, 3, 2499)
    assert points["predicted"][:2] == [0.12346, 3.1235]
    assert points["predicted"][-1] == 2499.1


def test_of_few_rows_every_point_is_drawn():
    predicted, true = two_columns()
    points = scores.all_scores(predicted, true, setup("ab"))["points"]
    assert points["b"]["true"] == [float(f"{value:.4e}") for value in true[:, 1]]
    assert points["a"]["predicted"] == [float(f"{value:.4e}") for value in predicted[:, 0]]
