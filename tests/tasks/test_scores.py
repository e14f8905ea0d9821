"""Scores of classifiers against torch, scipy, and values worked by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import accuracy_score, f1_score
from torch.nn.functional import cross_entropy as torch_cross_entropy

from workbench.tasks import _scores as scores

# Six rows of three classes. Class a: 2 of 3 found, 2 of 2 said rightly; class b: 1 of 2 found, 1 of
# 3 said rightly; class c: 0 of 1 found, 0 of 1 said rightly.
LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 1])
PER_CLASS = {
    "precision": [Fraction(1), Fraction(1, 3), Fraction(0)],
    "recall": [Fraction(2, 3), Fraction(1, 2), Fraction(0)],
    "f1": [Fraction(4, 5), Fraction(2, 5), Fraction(0)],
}
SUPPORT = [3, 2, 1]


def logits_for(predicted: np.ndarray, classes: int = 3, seed: int = 1) -> np.ndarray:
    """Return logits whose highest column is the predicted one, by various distances."""
    rng = np.random.default_rng(seed)
    found = rng.uniform(-1, 1, size=(len(predicted), classes))
    found[np.arange(len(predicted)), predicted] = rng.uniform(1.5, 4, size=len(predicted))
    return found.astype(np.float32)


def expected_error(confidence: list[float], right: list[bool], bins: int) -> float:
    """Return the expected calibration error as Guo et al. write it, row by row."""
    places = [min(int(c * bins), bins - 1) for c in confidence]
    total = 0.0
    for place in set(places):
        inside = [n for n, own in enumerate(places) if own == place]
        accuracy = sum(right[n] for n in inside) / len(inside)
        mean = sum(confidence[n] for n in inside) / len(inside)
        total += len(inside) / len(places) * abs(accuracy - mean)
    return total


def test_probabilities_are_those_of_scipy_and_large_logits_do_not_overflow():
    logits = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32) * 3
    found = scores.softmax(logits)
    assert found.dtype == np.float64
    assert found == pytest.approx(scipy_softmax(logits.astype(np.float64), axis=-1), rel=1e-14)
    found = scores.softmax(FAR)
    assert found[0] == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e), 0])
    assert found[1] == pytest.approx([1 / (1 + math.e), 1 / (1 + math.exp(-1)), 0])


# The largest of one row is far from that of the other, and far above its own smallest.
FAR = np.array([[1e4, 1e4 - 1, -1e4], [-1e4, 1 - 1e4, -3e4]], np.float32)


def test_losses_of_large_logits_do_not_overflow():
    found = scores.cross_entropy(FAR, np.array([1, 2]))
    assert found == pytest.approx([1 + math.log(1 + math.exp(-1)), 20001 + math.log1p(1 / math.e)])


@pytest.mark.parametrize("scale", [1, 300])
def test_losses_are_those_of_torch(scale):
    logits = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32) * scale
    expected = torch_cross_entropy(
        torch.from_numpy(logits).double(), torch.from_numpy(LABELS), reduction="none"
    )
    assert scores.cross_entropy(logits, LABELS) == pytest.approx(expected.numpy(), rel=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
def test_the_focal_loss_is_its_formula(gamma):
    logits = logits_for(PREDICTED)
    shares = scipy_softmax(logits.astype(np.float64), axis=-1)[np.arange(6), LABELS]
    expected = -((1 - shares) ** gamma) * np.log(shares)
    assert scores.cross_entropy(logits, LABELS, gamma) == pytest.approx(expected, rel=1e-9)
    assert scores.quick_scores(logits, LABELS, gamma)["loss"] == pytest.approx(expected.mean())
    whole = scores.all_scores(logits, LABELS, list("abc"), 10, gamma)
    assert whole["metrics"]["loss"] == pytest.approx(expected.mean())


def test_the_followed_scores_by_hand():
    logits = logits_for(PREDICTED)
    found = scores.quick_scores(logits, LABELS)
    plain = torch_cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(LABELS))
    assert found == pytest.approx(
        {
            "loss": plain.item(),
            "accuracy": 3 / 6,
            "precision_macro": float(sum(PER_CLASS["precision"]) / 3),
            "recall_macro": float(sum(PER_CLASS["recall"]) / 3),
            "f1_macro": float(sum(PER_CLASS["f1"]) / 3),
        },
        rel=1e-12,
    )


def test_without_a_gamma_the_loss_is_cross_entropy():
    logits = logits_for(PREDICTED)
    plain = torch_cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(LABELS))
    whole = scores.all_scores(logits, LABELS, list("abc"), 10)
    assert whole["metrics"]["loss"] == pytest.approx(plain.item(), rel=1e-12)


def test_a_share_of_nothing_is_no_warning_but_zero(recwarn):
    found = scores.quick_scores(logits_for(np.array([0, 0]), 2), np.array([0, 1]))
    assert found["precision_macro"] == 1 / 4
    assert found["recall_macro"] == 1 / 2
    logits = logits_for(np.array([0, 0]), 2)
    whole = scores.all_scores(logits, np.array([0, 1]), ["a", "b"], 5)["metrics"]
    assert whole["precision_weighted"] == 1 / 4
    assert whole["f1_weighted"] == pytest.approx(2 / 3 / 2)
    # Nobody has class b, and it is said once: its recall is a share of nothing.
    alone = scores.all_scores(logits_for(np.array([0, 1]), 2), np.array([0, 0]), ["a", "b"], 5)
    assert alone["metrics"]["recall_macro"] == 1 / 4
    assert alone["per_class"][1]["recall"] == 0
    assert not recwarn.list


def test_the_areas_of_an_evaluation_are_shares_of_pairs():
    logits = logits_for(PREDICTED)
    shares = scipy_softmax(logits.astype(np.float64), axis=-1)
    found = scores.all_scores(logits, LABELS, ["a", "b", "c"], 4)
    for n, entry in enumerate(found["per_class"]):
        inside, outside = shares[n == LABELS, n], shares[n != LABELS, n]
        pairs = [(a > b) + (a == b) / 2 for a in inside for b in outside]
        assert entry["roc_auc"] == pytest.approx(sum(pairs) / len(pairs))
        ordered = (n == LABELS)[np.argsort(-shares[:, n])]
        precisions = [ordered[: k + 1].mean() for k in np.flatnonzero(ordered)]
        assert entry["average_precision"] == pytest.approx(np.mean(precisions))


def test_the_whole_evaluation_by_hand():
    found = scores.all_scores(logits_for(PREDICTED), LABELS, ["a", "b", "c"], 4)
    assert (found["rows"], found["labels"]) == (6, ["a", "b", "c"])
    for place, entry in enumerate(found["per_class"]):
        assert entry["label"] == "abc"[place]
        assert entry["support"] == SUPPORT[place]
        for name, values in PER_CLASS.items():
            assert entry[name] == pytest.approx(float(values[place]), rel=1e-12)
    weights = [Fraction(n, 6) for n in SUPPORT]
    for name, values in PER_CLASS.items():
        weighted = sum(w * v for w, v in zip(weights, values, strict=True))
        assert found["metrics"][f"{name}_weighted"] == pytest.approx(float(weighted), rel=1e-12)
    # Rows are what is true, columns what was said.
    assert found["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 1, 0]]


def test_a_class_that_no_row_has_keeps_its_place_and_has_no_area():
    found = scores.all_scores(logits_for(PREDICTED, 4), LABELS, ["a", "b", "c", "d"], 4)
    assert [entry["support"] for entry in found["per_class"]] == [3, 2, 1, 0]
    assert [len(row) for row in found["confusion"]] == [4, 4, 4, 4]
    assert found["per_class"][3]["roc_auc"] is None
    assert found["per_class"][3]["average_precision"] is None
    assert found["roc"]["d"] == {"fpr": [], "tpr": [], "auc": None}
    assert found["pr"]["d"] == {"recall": [], "precision": [], "average_precision": None}
    known = [entry["roc_auc"] for entry in found["per_class"][:3]]
    assert found["metrics"]["roc_auc_macro"] == pytest.approx(sum(known) / 3)
    known = [entry["average_precision"] for entry in found["per_class"][:3]]
    assert found["metrics"]["average_precision_macro"] == pytest.approx(sum(known) / 3)


def test_a_class_that_all_rows_have_has_no_area():
    found = scores.all_scores(logits_for(np.array([0, 1, 0]), 2), np.zeros(3, int), ["a", "b"], 4)
    assert found["roc"]["a"] == {"fpr": [], "tpr": [], "auc": None}
    assert found["metrics"]["roc_auc_macro"] is None
    assert found["metrics"]["average_precision_macro"] is None


def test_areas_are_shares_of_pairs_and_steps_of_precision():
    # Scores of class a: 0.9 and 0.4 where it is true, 0.4 and 0.1 where it is not.
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6], [0.1, 0.9]])
    truths = np.array([[True, False], [True, False], [False, True], [False, True]])
    roc, pr = scores.curves(probabilities, truths, ["a", "b"])
    # Of 4 pairs, 3 are in order and one is a tie.
    assert roc["a"]["auc"] == pytest.approx(3.5 / 4)
    assert (roc["a"]["fpr"], roc["a"]["tpr"]) == ([0, 0, 0.5, 1], [0, 0.5, 1, 1])
    # Recall rises by 1/2 at precision 1, and by 1/2 at precision 2/3.
    assert pr["a"]["average_precision"] == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    assert pr["a"]["recall"] == [1, 1, 0.5, 0]
    assert pr["a"]["precision"] == [0.5, 0.66667, 1, 1]
    # Class b: 0.9 and 0.6 where it is true, 0.6 and 0.1 where it is not: the mirror image.
    assert roc["b"]["auc"] == pytest.approx(3.5 / 4)
    assert roc.keys() == pr.keys() == {"a", "b"}


def test_a_long_curve_keeps_its_ends_and_two_hundred_points():
    values = np.linspace(0, 1, 1001)
    thin = scores._thin(values)
    assert len(thin) == 200
    # 1000 / 199 apart, rounded to the nearest point.
    assert (thin[0], thin[1], thin[2], thin[-2], thin[-1]) == (0, 0.005, 0.01, 0.995, 1)
    assert scores._thin(values[:201])[100] == 0.101
    assert scores._thin(np.linspace(0, 1, 200) / 3) == [round(n / 199 / 3, 5) for n in range(200)]


def test_the_calibration_error_is_the_mean_over_rows_not_the_worst_bin():
    # Bin 0.5 to 0.75: three rows at 0.6, one right: |1/3 - 0.6|. Last bin: 0.8, right: |1 - 0.8|.
    found = scores.calibration(np.array([0.6, 0.6, 0.6, 0.8]), np.array([1, 0, 0, 1]) > 0, 4)
    assert found["ece"] == pytest.approx(3 / 4 * (0.6 - 1 / 3) + 1 / 4 * 0.2, rel=1e-12)
    assert found["bins"] == [
        {"low": 0.0, "high": 0.25, "count": 0, "confidence": None, "accuracy": None},
        {"low": 0.25, "high": 0.5, "count": 0, "confidence": None, "accuracy": None},
        {"low": 0.5, "high": 0.75, "count": 3, "confidence": pytest.approx(0.6),
         "accuracy": pytest.approx(1 / 3)},
        {"low": 0.75, "high": 1.0, "count": 1, "confidence": 0.8, "accuracy": 1.0},
    ]  # fmt: skip


def test_a_bin_holds_its_lower_edge_and_the_last_one_holds_certainty():
    found = scores.calibration(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), 2)
    assert [entry["count"] for entry in found["bins"]] == [1, 2]
    assert found["ece"] == pytest.approx(2 / 3 * 0.25)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40),
    st.integers(2, 12),
)
def test_the_calibration_error_is_that_of_the_paper(answers, bins):
    confidence, right = [c for c, _ in answers], [r for _, r in answers]
    found = scores.calibration(np.array(confidence), np.array(right), bins)
    assert found["ece"] == pytest.approx(expected_error(confidence, right, bins), abs=1e-12)
    assert sum(entry["count"] for entry in found["bins"]) == len(answers)


def test_the_calibration_of_a_classifier_is_of_its_likeliest_class():
    logits, names = logits_for(PREDICTED), ["a", "b", "c"]
    found = scores.all_scores(logits, LABELS, names, 7)
    shares = scipy_softmax(logits.astype(np.float64), axis=-1)
    right = (PREDICTED == LABELS).tolist()
    expected = expected_error(shares.max(-1).tolist(), right, 7)
    assert found["metrics"]["ece"] == pytest.approx(expected, rel=1e-12)
    assert found["calibration"]["ece"] == found["metrics"]["ece"]
    assert len(found["calibration"]["bins"]) == 7


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_the_fast_scores_are_those_of_scikit_learn(pairs):
    labels, predicted = np.array(pairs).T
    accuracy, f1 = scores.accuracy_and_f1(labels, predicted, 5)
    assert accuracy == pytest.approx(accuracy_score(labels, predicted), rel=1e-12)
    expected = f1_score(labels, predicted, average="macro", zero_division=0)
    assert f1 == pytest.approx(expected, rel=1e-12)


def test_a_mean_is_of_what_is_known():
    assert scores.mean([1.0, None, 4.0]) == 2.5
    assert scores.mean([0.0, None]) == 0.0
    assert scores.mean([None]) is None
    assert scores.mean([]) is None
