"""Ranking labels that are likely wrong."""

import numpy as np
import pytest

from workbench.dynamics import RANKINGS, Dynamics, flagged_places, measure, rank
from workbench.dynamics.suspects import confident_learning, settled
from workbench.errors import InputError


def dynamics(probabilities, given):
    """Dynamics that follow from probabilities (E, N, C)."""
    shares = np.asarray(probabilities, np.float32)
    given = np.asarray(given)
    rows = np.arange(shares.shape[1])
    own = shares[:, rows, given]
    others = shares.copy()
    others[:, rows, given] = 0
    predicted = shares.argmax(-1).astype(np.float32)
    return Dynamics(
        labels=[f"class {n}" for n in range(shares.shape[2])],
        rows=10 * (rows + 1),
        given=given,
        loss=-np.log(own),
        confidence=own,
        margin=np.log(own) - np.log(others.max(-1)),
        correct=(predicted == given).astype(np.float32),
        predicted=predicted,
        probabilities=shares,
    )


def noisy(rows=400, classes=3, flipped=0.1, seed=3):
    """Rows that a fair model judges, some of them given a wrong label; and which."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(classes, size=rows)
    logits = chance.normal(size=(2, rows, classes)) + 3 * np.eye(classes)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wrong = chance.random(rows) < flipped
    given = np.where(wrong, (truth + 1) % classes, truth)
    return dynamics(shares, given), wrong, truth


def test_the_confident_joint_of_a_small_set_worked_by_hand():
    probabilities = np.array(
        [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.8, 0.2]]
    )
    given = np.array([0, 0, 0, 1, 1, 1])
    # Thresholds: mean of .9 .7 .2 = .6 for class 0, of .9 .7 .2 = .6 for class 1.
    wrong, doubt = confident_learning(probabilities, given)
    assert wrong.tolist() == [False, False, True, False, False, True]
    assert doubt.tolist() == pytest.approx([-0.8, -0.4, 0.6, -0.8, -0.4, 0.6])


def test_a_class_whose_rows_are_all_unsure_has_a_lower_threshold():
    # 0.4 is below one half, yet above what class 1 reaches among its own rows.
    probabilities = np.array([[0.6, 0.4], [0.95, 0.05], [0.65, 0.35], [0.7, 0.3]])
    wrong, _ = confident_learning(probabilities, np.array([0, 0, 1, 1]))
    assert wrong.tolist() == [True, False, False, False]


def test_a_class_that_no_row_is_given_is_never_meant():
    wrong, _ = confident_learning(np.array([[0.2, 0.1, 0.7], [0.3, 0.6, 0.1]]), np.array([0, 1]))
    assert wrong.tolist() == [False, False]


@pytest.mark.parametrize("name", ["confident_learning", "area_under_margin", "loss"])
def test_planted_errors_come_first(name):
    found, wrong, truth = noisy()
    ranking = rank(found, name)
    first = ranking.order[: wrong.sum()]
    assert wrong[first].mean() > 0.8
    assert wrong.mean() < 0.2
    assert (ranking.likely[first] == truth[first])[wrong[first]].mean() > 0.9


def test_what_confident_learning_flags_is_mostly_planted_and_most_of_it():
    found, wrong, _ = noisy()
    ranking = rank(found)
    flagged = wrong[ranking.order[: ranking.flagged]]
    assert flagged.mean() > 0.6
    assert flagged.sum() / wrong.sum() > 0.7


def test_the_first_pass_counts_only_for_rows_without_a_second():
    table = np.array([[0.9, 0.8], [0.1, np.nan], [0.3, np.nan]])
    assert settled(table).tolist() == pytest.approx([0.2, 0.8])
    assert settled(table[:1]).tolist() == [0.9, 0.8]


def test_a_random_ranking_depends_on_its_seed_alone():
    found, wrong, _ = noisy()
    assert (
        rank(found, "random", seed=1).order.tolist() == rank(found, "random", seed=1).order.tolist()
    )
    assert (
        rank(found, "random", seed=1).order.tolist() != rank(found, "random", seed=2).order.tolist()
    )
    assert wrong[rank(found, "random").order[:100]].mean() < 0.3


@pytest.mark.parametrize("name", RANKINGS)
def test_every_ranking_holds_each_row_once(name):
    found, _, _ = noisy(rows=50)
    assert sorted(rank(found, name).order.tolist()) == list(range(50))


def test_an_unknown_ranking_names_those_there_are():
    with pytest.raises(InputError, match=r"no ranking 'guess'.*area_under_margin"):
        rank(noisy()[0], "guess")


def test_rows_with_several_labels_are_ranked_by_margin_only():
    found, _, _ = noisy(rows=20)
    several = Dynamics(**{**vars(found), "given": np.full(20, -1)})
    assert rank(several).name == "area_under_margin"
    assert len(flagged_places(several)) == 0
    with pytest.raises(InputError, match="one label each; rank by area_under_margin"):
        rank(several, "confident_learning")


def test_the_map_is_mean_and_deviation_over_the_passes_that_reached_a_row():
    shares = np.array([[[0.2, 0.8], [0.6, 0.4]], [[0.4, 0.6], [np.nan, np.nan]]])
    measures = measure(dynamics(np.nan_to_num(shares, nan=0.5), [0, 0]))
    assert measures.confidence.tolist() == pytest.approx([0.3, 0.55])
    assert measures.variability.tolist() == pytest.approx([0.1, 0.05])
    assert measures.correctness.tolist() == [0, 1]
    assert measures.area_under_margin[0] == pytest.approx(
        (np.log(0.2 / 0.8) + np.log(0.4 / 0.6)) / 2
    )
