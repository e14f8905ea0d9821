"""Scores of a classifier, against hand-counted cases and scikit-learn."""

import numpy as np
import pytest

from workbench.spec import RunSpec
from workbench.tasks import load_task

from .outcomes import outcome_of

TASK = load_task("text-classification")


def logits_of(*rows):
    return np.log(np.array(rows) + 1e-12)


def evaluated(logits, labels, names, bins=10):
    spec = RunSpec().replace({"evaluate.calibration_bins": bins})
    return TASK.evaluate(outcome_of(logits, names, spec, label=labels))


def test_accuracy_precision_recall_are_as_counted_by_hand():
    logits = logits_of([0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7])
    labels = np.array([0, 0, 0, 1])  # one of three zeros is missed, the only one is found
    scores = TASK.score(logits, labels, None)
    assert scores["accuracy"] == pytest.approx(3 / 4)
    assert scores["recall_macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["precision_macro"] == pytest.approx((1 + 1 / 2) / 2)
    assert scores["loss"] == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.7]).mean())


def test_the_whole_evaluation_agrees_with_scikit_learn():
    from sklearn.metrics import f1_score, log_loss, roc_auc_score

    chance = np.random.default_rng(1)
    logits, labels = chance.normal(size=(300, 3)), chance.integers(0, 3, 300)
    found = evaluated(logits, labels, ["a", "b", "c"])
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert found["metrics"]["loss"] == pytest.approx(log_loss(labels, shares))
    assert found["metrics"]["f1_weighted"] == pytest.approx(
        f1_score(labels, logits.argmax(-1), average="weighted")
    )
    assert found["metrics"]["roc_auc_macro"] == pytest.approx(
        roc_auc_score(labels, shares, multi_class="ovr")
    )
    assert np.sum(found["confusion"]) == 300
    assert sum(bin["count"] for bin in found["calibration"]["bins"]) == 300


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    logits = logits_of(*[[0.8, 0.2]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    found = evaluated(logits, labels, ["no", "yes"])
    assert found["calibration"]["ece"] == pytest.approx(0.2)
    full = [b for b in found["calibration"]["bins"] if b["count"]]
    assert len(full) == 1
    assert full[0]["accuracy"] == pytest.approx(0.6)
    assert full[0]["confidence"] == pytest.approx(0.8)


def test_a_class_without_rows_has_no_curve_and_breaks_nothing():
    found = evaluated(logits_of([0.5, 0.3, 0.2], [0.1, 0.8, 0.1]), np.array([0, 1]), list("abc"), 5)
    assert found["roc"]["c"]["auc"] is None
    assert found["per_class"][2]["support"] == 0
    assert found["metrics"]["roc_auc_macro"] == pytest.approx(1.0)


def test_curves_are_thinned_but_keep_their_ends():
    chance = np.random.default_rng(2)
    logits, labels = chance.normal(size=(5000, 2)), chance.integers(0, 2, 5000)
    curve = evaluated(logits, labels, ["a", "b"])["roc"]["a"]
    assert len(curve["fpr"]) == 200
    assert (curve["fpr"][0], curve["fpr"][-1]) == (0.0, 1.0)


def test_predictions_name_label_confidence_and_loss():
    (answer,) = TASK.predictions(outcome_of(logits_of([0.25, 0.75]), ["no", "yes"], label=[0]))
    assert (answer["row"], answer["text"]) == (1, "text 1")
    assert answer["predicted"] == "yes"
    assert answer["confidence"] == pytest.approx(0.75)
    assert answer["label"] == "no"
    assert answer["loss"] == pytest.approx(-np.log(0.25))


def test_without_labels_nothing_is_said_of_a_loss():
    (answer,) = TASK.predictions(outcome_of(logits_of([0.25, 0.75]), ["no", "yes"]))
    assert "loss" not in answer
    assert TASK.line(answer) == "yes\t0.7500\ttext 1"


def test_the_baseline_says_the_training_shares_for_every_row():
    from datasets import Dataset

    outcome = outcome_of(logits_of([0.5, 0.5], [0.5, 0.5]), ["no", "yes"], label=[0, 1])
    ((name, logits),) = TASK.baselines(outcome, Dataset.from_dict({"label": [1, 1, 1, 0]})).items()
    assert name == "majority"
    assert np.exp(logits) == pytest.approx(np.array([[0.25, 0.75]] * 2))
