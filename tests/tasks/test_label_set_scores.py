"""Scores of rows with several labels against torch, scipy, and values worked by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch.nn.functional import binary_cross_entropy_with_logits

from workbench.tasks import _label_sets as sets

# Four rows, three labels. Said at a threshold of one half: a and b; a; b; nothing.
LOGITS = np.array([[2, 1, -1], [0.5, -2, -3], [-1, 0.25, -0.5], [-2, -1, -4]], np.float32)
TRUTH = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], np.float32)
NAMES = ["a", "b", "c"]


def losses() -> np.ndarray:
    return binary_cross_entropy_with_logits(
        torch.from_numpy(LOGITS).double(), torch.from_numpy(TRUTH).double(), reduction="none"
    ).numpy()


def test_numbers_of_labels_become_rows_of_zero_and_one():
    assert sets.as_sets([[0, 2], [], [1]], 3) == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_probabilities_are_those_of_scipy_and_never_overflow(recwarn):
    logits = np.array([[-800, -2, 0, 0.5, 900]], np.float32)
    found = sets.sigmoid(logits)
    assert found.dtype == np.float64
    assert found == pytest.approx(expit(logits.astype(np.float64)), rel=1e-12)
    assert not recwarn.list


def test_losses_are_those_of_torch():
    assert sets.binary_losses(LOGITS, TRUTH) == pytest.approx(losses(), rel=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
def test_the_focal_loss_is_its_formula(gamma):
    share = np.where(TRUTH > 0.5, expit(LOGITS.astype(float)), expit(-LOGITS.astype(float)))
    expected = -((1 - share) ** gamma) * np.log(share)
    assert sets.binary_losses(LOGITS, TRUTH, gamma) == pytest.approx(expected, rel=1e-9)
    assert sets.quick_scores(LOGITS, TRUTH, 0.5, gamma)["loss"] == pytest.approx(expected.mean())
    whole = sets.all_scores(LOGITS, TRUTH, NAMES, 5, 0.5, gamma)
    assert whole["metrics"]["loss"] == pytest.approx(expected.mean())


def test_a_label_is_given_from_the_threshold_on():
    assert sets.given(np.array([[0.0, -1e-6]]), 0.5).tolist() == [[True, False]]
    assert sets.given(np.array([[0.0, 2.0]]), 0.8).tolist() == [[False, True]]


# At one half a: 2 of 3 found, 2 of 2 rightly; b: 1 of 1 found, 1 of 2 rightly; c is never true.
FOLLOWED = {
    "subset_accuracy": 2 / 4,
    "f1_micro": 2 * 3 / (4 + 4),
    "precision_macro": (1 + 1 / 2 + 0) / 3,
    "recall_macro": (2 / 3 + 1 + 0) / 3,
    "f1_macro": (4 / 5 + 2 / 3 + 0) / 3,
}


def test_the_followed_scores_by_hand(recwarn):
    found = sets.quick_scores(LOGITS, TRUTH, 0.5)
    assert found == pytest.approx({"loss": losses().mean(), **FOLLOWED}, rel=1e-12)
    assert not recwarn.list


def test_nothing_true_and_nothing_said_is_no_warning_but_zero(recwarn):
    found = sets.quick_scores(np.full((2, 2), -3.0), np.zeros((2, 2)), 0.5)
    assert (found["f1_micro"], found["subset_accuracy"]) == (0, 1)
    assert not recwarn.list


def test_the_whole_evaluation_by_hand(recwarn):
    found = sets.all_scores(LOGITS, TRUTH, NAMES, 5, 0.5)
    assert (found["rows"], found["labels"], found["threshold"]) == (4, NAMES, 0.5)
    assert found["figures"] == ["per_class", "roc_curves", "precision_recall_curves", "reliability"]
    per_class = {entry["label"]: entry for entry in found["per_class"]}
    assert [e["support"] for e in found["per_class"]] == [3, 1, 0]
    assert [e["precision"] for e in found["per_class"]] == pytest.approx([1, 1 / 2, 0])
    assert [e["recall"] for e in found["per_class"]] == pytest.approx([2 / 3, 1, 0])
    assert [e["f1"] for e in found["per_class"]] == pytest.approx([4 / 5, 2 / 3, 0])
    # a: of 3 pairs with the one row without it (-2) all are in order. b: 0.25 is above two of the
    # other three, and below the 1 of the first row.
    assert per_class["a"]["roc_auc"] == pytest.approx(1)
    assert per_class["b"]["roc_auc"] == pytest.approx(2 / 3)
    assert per_class["b"]["average_precision"] == pytest.approx(1 / 2)
    assert per_class["c"]["roc_auc"] is None
    assert found["metrics"]["roc_auc_macro"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["metrics"]["average_precision_macro"] == pytest.approx((1 + 1 / 2) / 2)
    assert {name: found["metrics"][name] for name in FOLLOWED} == pytest.approx(FOLLOWED)
    assert found["roc"]["b"]["auc"] == per_class["b"]["roc_auc"]
    assert found["pr"]["b"]["average_precision"] == per_class["b"]["average_precision"]
    assert not recwarn.list


def test_without_a_gamma_the_loss_is_cross_entropy():
    found = sets.all_scores(LOGITS, TRUTH, NAMES, 5, 0.5)
    assert found["metrics"]["loss"] == pytest.approx(losses().mean(), rel=1e-12)


def test_every_yes_or_no_counts_in_the_calibration():
    found = sets.all_scores(LOGITS, TRUTH, NAMES, 2, 0.5)
    low = [(1 / (1 + math.exp(-x)), y) for x, y in zip(LOGITS.flat, TRUTH.flat, strict=True)]
    halves = [[pair for pair in low if (pair[0] >= 0.5) == upper] for upper in (False, True)]
    expected = sum(abs(sum(p for p, _ in half) - sum(y for _, y in half)) for half in halves) / 12
    assert found["metrics"]["ece"] == pytest.approx(expected, rel=1e-6)
    assert [entry["count"] for entry in found["calibration"]["bins"]] == [8, 4]


def test_another_threshold_changes_what_is_said_and_nothing_else():
    found = sets.all_scores(LOGITS, TRUTH, NAMES, 5, 0.25)
    assert [e["recall"] for e in found["per_class"]] == pytest.approx([1, 1, 0])
    assert found["per_class"][0]["roc_auc"] == pytest.approx(1)
