"""Ranking labels that are likely wrong."""

import re

import numpy as np
import pytest
from tiers import ROOT

from workbench.dynamics import (
    RANKINGS,
    Dynamics,
    expected_precision,
    flagged_indices,
    measure,
    rank,
)
from workbench.dynamics.label_issues import MEASURED_PRECISION, confident_learning, settled
from workbench.errors import InputError
from workbench.figures import dataset_map


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
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=rows)
    logits = rng.normal(size=(2, rows, classes)) + 3 * np.eye(classes)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wrong = rng.random(rows) < flipped
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


def test_of_no_pass_nothing_is_settled():
    assert settled(np.zeros((0, 3))).tolist() == [0, 0, 0]
    assert settled(np.zeros((0, 2, 4))).shape == (2, 4)


def test_later_passes_count_alike():
    table = np.array([[9.0, 9.0], [0.1, 0.3], [0.2, np.nan], [0.6, 0.5]])
    assert settled(table).tolist() == pytest.approx([0.3, 0.4])


def by_the_paper(shares, given):
    """Return thresholds, and the class that each row is counted in: eq. 1 and 2, row by row."""
    thresholds = [
        np.mean([row[k] for row, g in zip(shares, given, strict=True) if g == k])
        if k in given
        else np.inf
        for k in range(len(shares[0]))
    ]
    meant = []
    for row, own in zip(shares, given, strict=True):
        reached = [k for k in range(len(row)) if row[k] >= thresholds[k]]
        meant.append(max(reached, key=lambda k: row[k]) if reached else own)
    return meant


@pytest.mark.parametrize("seed", range(8))
def test_confident_learning_is_that_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(4), size=25)
    given = rng.integers(3, size=25)  # the fourth class is given to none
    wrong, doubt = confident_learning(shares, given)
    meant = by_the_paper(shares.tolist(), given.tolist())
    assert wrong.tolist() == [m != g for m, g in zip(meant, given, strict=True)]
    expected = [
        max(p for k, p in enumerate(row) if k != own) - row[own]
        for row, own in zip(shares.tolist(), given.tolist(), strict=True)
    ]
    assert doubt.tolist() == pytest.approx(expected)


def test_the_threshold_of_a_class_with_one_row_is_what_that_row_has():
    # Thresholds .85 and .3: the second row reaches neither, though half of .3 it would.
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    assert confident_learning(shares, np.array([0, 0, 1]))[0].tolist() == [False, False, False]


def test_one_later_pass_is_enough():
    assert settled(np.array([[0.9, 0.9], [0.3, np.nan]])).tolist() == [0.3, 0.9]


def test_a_class_at_its_threshold_is_meant():
    # One row a class: each reaches its own threshold exactly.
    wrong, _ = confident_learning(np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([0, 1]))
    # Row 0: both reached, class 1 likelier. Row 1: both reached and alike, the first counts.
    assert wrong.tolist() == [True, True]


def test_the_ranking_puts_the_flagged_first_each_part_by_its_doubt():
    shares = [[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.1, 0.9], [0.6, 0.4], [0.2, 0.8]]
    given = [0, 0, 0, 1, 1, 1]
    found = dynamics([shares, shares], given)
    ranking = rank(found)
    # Means: (.9 + .2 + .45) / 3 = .517 and (.9 + .4 + .8) / 3 = .7. Row 1 reaches 1, row 4 reaches
    # 0; row 2 neither. Doubts: -.8 .6 .1 -.8 .2 -.6.
    assert ranking.name == "confident_learning"
    assert ranking.flagged == 2
    assert ranking.order.tolist() == [1, 4, 2, 5, 0, 3]
    assert ranking.scores.tolist() == pytest.approx([-0.8, 0.6, 0.1, -0.8, 0.2, -0.6], abs=1e-6)
    assert ranking.likely.tolist() == [1, 1, 1, 0, 0, 0]
    assert flagged_indices(found).tolist() == [1, 4]


def test_alike_label_issues_stand_in_the_order_of_their_rows():
    shares = [[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.5, 0.5]]
    found = dynamics([shares], [0, 0, 0, 0])
    found = Dynamics(**{**vars(found), "rows": np.array([40, 10, 20, 30])})
    for name in ("loss", "area_under_margin", "confident_learning"):
        assert rank(found, name).order.tolist() == [1, 3, 0, 2]


def test_margin_and_loss_rank_by_their_means_over_all_passes():
    shares = [[[0.9, 0.1], [0.75, 0.25], [0.5, 0.5]], [[0.2, 0.8], [0.75, 0.25], [0.7, 0.3]]]
    found = dynamics(shares, [0, 0, 0])
    losses = -np.log([[0.9, 0.75, 0.5], [0.2, 0.75, 0.7]]).mean(axis=0)
    assert rank(found, "loss").scores.tolist() == pytest.approx(losses.tolist())
    assert rank(found, "loss").order.tolist() == [0, 2, 1]
    margins = np.log([[9, 3, 1], [0.25, 3, 7 / 3]]).mean(axis=0)
    ranking = rank(found, "area_under_margin")
    assert ranking.scores.tolist() == pytest.approx((-margins).tolist(), rel=1e-5)
    assert ranking.order.tolist() == [0, 2, 1]
    assert ranking.flagged is None


def test_a_random_ranking_is_drawn_from_its_seed():
    found = noisy(rows=30)[0]
    drawn = np.random.default_rng(7).random(30)
    assert rank(found, "random", seed=7).scores.tolist() == drawn.tolist()
    assert rank(found, "random").scores.tolist() == np.random.default_rng(0).random(30).tolist()


def test_without_probabilities_the_last_pass_says_what_is_likelier():
    shares = [[[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.3, 0.3, 0.4]],
              [[0.1, 0.9, 0.0], [0.1, 0.9, 0.0], [0.3, 0.3, 0.4]]]  # fmt: skip
    found = dynamics(np.array(shares) + 1e-6, [0, 1, 0])
    bare = Dynamics(**{**vars(found), "probabilities": None})
    bare.predicted[1, 2] = np.nan
    ranking = rank(bare)
    assert ranking.name == "area_under_margin"
    assert ranking.likely.tolist() == [1, -1, -1]
    assert len(flagged_indices(bare)) == 0
    assert ranking.likely.dtype == flagged_indices(bare).dtype == np.int64
    with pytest.raises(InputError, match=r"3 classes were not kept.*; rank by area_under_margin"):
        rank(bare, "confident_learning")


def test_the_last_of_many_passes_counts_and_of_none_nothing_does():
    shares = np.array([[[0.9, 0.1]], [[0.9, 0.1]], [[0.2, 0.8]]])
    bare = Dynamics(**{**vars(dynamics(shares, [0])), "probabilities": None})
    assert rank(bare).likely.tolist() == [1]
    none = np.zeros((0, 0), np.float32)
    tables = dict.fromkeys(("loss", "confidence", "margin", "correct", "predicted"), none)
    empty = Dynamics(["a"], np.zeros(0, int), np.zeros(0, int), **tables, probabilities=None)
    ranking = rank(empty)
    assert (ranking.likely.tolist(), ranking.order.tolist()) == ([], [])


def test_rows_of_several_labels_have_no_likelier_one():
    found, _, _ = noisy(rows=4)
    several = Dynamics(**{**vars(found), "given": np.array([0, -1, -1, -1])})
    assert rank(several).likely.tolist() == [-1] * 4
    with pytest.raises(InputError, match="one label each"):
        rank(several, "confident_learning")


def test_rows_without_labels_are_ranked_by_loss():
    found, _, _ = noisy(rows=4)
    bare = Dynamics(**{**vars(found), "labels": [], "given": np.full(4, -1), "probabilities": None})
    assert rank(bare).name == "loss"
    for name in ("confident_learning", "area_under_margin"):
        with pytest.raises(InputError, match=f"{name} ranks labels.*rank by loss"):
            rank(bare, name)


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
    assert len(flagged_indices(several)) == 0
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


def test_before_a_second_pass_there_is_neither_a_count_nor_a_map():
    found, _, _ = noisy(rows=60)
    once = dynamics(found.probabilities[:1], found.given)
    assert not once.repeated
    assert rank(once).flagged is None
    assert len(flagged_indices(once)) == 0
    assert "two epochs" in dataset_map(once).layout.annotations[0].text
    assert len(dataset_map(once).data) == 0
    begun = dynamics(found.probabilities, found.given)
    begun.loss[1, 30:] = np.nan  # the second pass is half done
    assert not begun.repeated
    assert rank(begun).flagged is None
    ended = dynamics(found.probabilities, found.given)
    ended.loss[1, 58:] = np.nan  # a last batch was dropped
    assert ended.repeated
    assert rank(ended).flagged == len(flagged_indices(ended)) > 0
    assert len(dataset_map(ended).data) > 0


def test_the_count_stands_with_the_precision_that_was_measured():
    """The numbers are those of the page, and go down to nothing with the count."""
    page = (ROOT / "docs" / "label-errors.md").read_text("utf-8")
    rows = re.findall(r"^\| confident learning [^|]*\|(.*)\|$", page, re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    measured = [(int(flagged) / 2000, float(precision)) for *_, flagged, precision, _ in cells]
    assert ((0.0, 0.0), *measured) == MEASURED_PRECISION
    assert expected_precision(0, 2000) == 0
    assert expected_precision(206, 2000) == pytest.approx(0.621)
    assert expected_precision(1000, 2000) == 0.708
    shown = dataset_map(noisy()[0])
    names = " ".join(one.name for one in shown.data)
    assert re.search(r"label likely wrong \(\d+, about [567]\d% expected", names)
