"""Scores of a classifier, against hand-counted cases and scikit-learn."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from tests.tiny_writers import WRITERS
from workbench import pipeline
from workbench.errors import DataError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.reporting import render
from workbench.spec import RunSpec
from workbench.tasks import Setup, load_task
from workbench.training.prepare import prepare

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
    scores = TASK.score(logits, labels, Setup(RunSpec(), None, ["a", "b"], 128))
    assert scores["accuracy"] == pytest.approx(3 / 4)
    assert scores["recall_macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["precision_macro"] == pytest.approx((1 + 1 / 2) / 2)
    assert scores["loss"] == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.7]).mean())


def test_the_whole_evaluation_agrees_with_scikit_learn():
    from sklearn.metrics import f1_score, log_loss, roc_auc_score

    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(300, 3)), rng.integers(0, 3, 300)
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
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(5000, 2)), rng.integers(0, 2, 5000)
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


# Losses


def setup_of(names, counts=None, **changes):
    spec = RunSpec().replace(changes)
    counts = counts or dict.fromkeys(names, 1)
    return Setup(spec, None, names, 128, counts, train_rows=sum(counts.values()))


def learned(setup, shares, labels):
    import torch

    outputs = SimpleNamespace(logits=torch.tensor(logits_of(*shares)))
    objective = TASK.loss(setup)
    assert objective.count(torch.tensor(labels)) == len(labels)
    return objective.mean(outputs, torch.tensor(labels)).item()


def test_plain_cross_entropy_is_as_counted_by_hand():
    for changes in ({}, {"train.class_weights": "balanced"}):
        setup = setup_of(["no", "yes"], **changes)
        loss = learned(setup, ([0.9, 0.1], [0.4, 0.6]), [0, 1])
        assert loss == pytest.approx(-(np.log(0.9) + np.log(0.6)) / 2, rel=1e-5)


def test_the_focal_loss_is_as_counted_by_hand_and_is_what_is_followed():
    setup = setup_of(["no", "yes"], **{"train.loss": "focal", "train.focal_gamma": 2})
    shares, labels = ([0.9, 0.1], [0.4, 0.6]), [0, 0]
    by_hand = [-(0.1**2) * np.log(0.9), -(0.6**2) * np.log(0.4)]
    assert learned(setup, shares, labels) == pytest.approx(np.mean(by_hand), rel=1e-5)
    scores = TASK.score(logits_of(*shares), np.array(labels), setup)
    assert scores["loss"] == pytest.approx(np.mean(by_hand))


def test_the_focal_loss_has_a_slope_where_the_model_is_sure():
    import torch

    setup = setup_of(["no", "yes"], **{"train.loss": "focal", "train.focal_gamma": 0.5})
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    TASK.loss(setup).mean(SimpleNamespace(logits=logits), torch.tensor([0])).backward()
    assert torch.isfinite(logits.grad).all()


def test_balanced_weights_are_those_of_scikit_learn_and_given_ones_come_on_top():
    from sklearn.utils.class_weight import compute_class_weight

    classes = np.array([0] * 6 + [1] * 2)
    expected = compute_class_weight("balanced", classes=np.arange(2), y=classes)
    shares, counts = [[0.7, 0.3], [0.2, 0.8]], {"ham": 6, "spam": 2}
    weighted = {"train.class_weights": "balanced"}
    setup = setup_of(["ham", "spam"], counts, **weighted)
    losses = -np.log([0.7, 0.8])
    assert learned(setup, shares, [0, 1]) == pytest.approx((expected * losses).mean())
    setup = setup_of(["ham", "spam"], counts, **weighted, **{"train.label_weights": {"spam": 5}})
    assert learned(setup, shares, [0, 1]) == pytest.approx((expected * [1, 5] * losses).mean())
    # What is measured stays the same, so that runs with other weights can be compared.
    scores = TASK.score(logits_of(*shares), np.array([0, 1]), setup)
    assert scores["loss"] == pytest.approx(losses.mean())


def test_smoothing_is_that_of_torch_also_with_a_loss_of_our_own():
    import torch

    setup = setup_of(
        ["a", "b", "c"],
        **{"train.label_weights": {"a": 3.0, "b": 3.0, "c": 3.0},
           "train.label_smoothing_factor": 0.2},
    )  # fmt: skip
    shares = [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits_of(*shares)), torch.tensor([0, 1]), label_smoothing=0.2
    )
    assert learned(setup, shares, [0, 1]) == pytest.approx(3 * expected.item())


def test_weights_of_unknown_labels_are_refused(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.label_weights": {"spam": 5}})
    with pytest.raises(DataError) as caught:
        prepare(spec)
    assert str(caught.value) == (
        "train.label_weights: no row has the label 'spam'; there are negative, positive; "
        "choose from these"
    )
    with pytest.raises(DataError, match="positive has the weight -1; choose at least 0"):
        prepare(spec.replace({"train.label_weights": {"positive": -1}}))


def test_a_rare_class_is_found_sooner_with_weights(tmp_path):
    import torch

    rows = make_rows()
    rare = [row for row in rows if row[1] == "positive"] + rows[-4:]
    write_csv(tmp_path / "rows.csv", rare)
    prepared = [
        prepare(tiny_spec(tmp_path, **{"train.class_weights": weights}))
        for weights in ("none", "balanced")
    ]
    slopes = []
    for one in prepared:
        model = one.new_model().eval()
        batch = one.collate(one.train.to_list())
        one.objective().mean(one.task.forward(model, batch), batch["labels"]).backward()
        slopes.append(model.classifier.bias.grad)
    # Unweighted, the head is first of all pulled towards the frequent class.
    assert torch.linalg.norm(slopes[1]) < torch.linalg.norm(slopes[0]) / 3


# Several labels a row

SEVERAL = {"data.multi_label": True, "train.metric_for_best_model": "f1_micro"}


def sets_spec(folder, **changes):
    """Texts of praise have two labels, all others none."""
    sets = {"positive": "good|happy", "negative": ""}
    write_csv(folder / "rows.csv", [(text, sets[label]) for text, label in make_rows()])
    return tiny_spec(folder, **{"data.label_separator": "|", **SEVERAL, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(sets_spec(tmp_path_factory.mktemp("sets")))


def test_sets_are_scored_as_scikit_learn_scores_them():
    from sklearn.metrics import f1_score, roc_auc_score

    rng = np.random.default_rng(4)
    logits, truth = rng.normal(size=(200, 3)), rng.integers(0, 2, (200, 3))
    labels = [np.flatnonzero(row).tolist() for row in truth]
    spec = RunSpec().replace({**SEVERAL, "evaluate.threshold": 0.3})
    outcome = outcome_of(logits, ["a", "b", "c"], spec, label=labels)
    found = TASK.evaluate(outcome)
    shares = 1 / (1 + np.exp(-logits))
    given = shares >= 0.3
    scores = found["metrics"]
    assert scores["f1_micro"] == pytest.approx(f1_score(truth, given, average="micro"))
    assert scores["f1_macro"] == pytest.approx(f1_score(truth, given, average="macro"))
    assert scores["subset_accuracy"] == pytest.approx((given == truth).all(axis=1).mean())
    right = np.where(truth, shares, 1 - shares)
    assert scores["loss"] == pytest.approx(-np.log(right).mean())
    assert scores["roc_auc_macro"] == pytest.approx(roc_auc_score(truth, shares))
    assert [entry["support"] for entry in found["per_class"]] == truth.sum(axis=0).tolist()
    followed = TASK.score(logits, truth.astype(float), outcome.setup)
    assert followed == {name: scores[name] for name in followed}


def test_the_losses_of_sets_are_as_counted_by_hand():
    import torch

    logits = torch.tensor([[0.0, 2.0]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0]])
    p = 1 / (1 + np.exp(-2.0))
    plain = setup_of(["a", "b"], {"a": 2, "b": 8}, **SEVERAL)

    def of(setup):
        return TASK.loss(setup).mean(SimpleNamespace(logits=logits), labels).item()

    assert of(plain) == pytest.approx((-np.log(0.5) - np.log(1 - p)) / 2, rel=1e-5)
    focal = setup_of(["a", "b"], {"a": 2, "b": 8}, **SEVERAL, **{"train.loss": "focal"})
    by_hand = (-(0.5**2) * np.log(0.5) - p**2 * np.log(1 - p)) / 2
    assert of(focal) == pytest.approx(by_hand, rel=1e-5)
    balanced = setup_of(
        ["a", "b"], {"a": 2, "b": 8}, **SEVERAL, **{"train.class_weights": "balanced"}
    )  # of 10 rows 2 have "a"
    assert of(balanced) == pytest.approx((-4 * np.log(0.5) - np.log(1 - p)) / 2, rel=1e-5)


def test_a_run_learns_sets_and_beats_the_most_frequent_label(run):
    metrics = run.metrics()
    assert metrics["labels"] == ["good", "happy"]
    assert metrics["metrics"]["f1_micro"] > 0.8
    assert metrics["metrics"]["f1_micro"] > metrics["baselines"]["majority"]["f1_micro"] > 0
    evaluated = [event for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]["metrics"]) == {
        "loss", "subset_accuracy", "f1_micro", "precision_macro", "recall_macro", "f1_macro",
    }  # fmt: skip


def test_a_run_answers_texts_and_further_files_with_sets(run, tmp_path):
    found = predict_texts(run, ["the food was great", "the film was awful"])
    assert found[0]["predicted"] == ["good", "happy"]
    assert found[1]["predicted"] == []
    assert TASK.line(found[0]) == "good, happy\tthe food was great"
    further = tmp_path / "more.csv"
    further.write_text("text,label\nthe film was great,happy|good\nthe film was awful,\n", "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == 2
    assert sorted(row["label"] for row in rows) == [[], ["good", "happy"]]


def test_the_report_of_sets_shows_no_confusion_of_classes(run):
    page = render(run)
    assert "F1 (micro) of the fine-tuned model on" in page
    assert "Subset accuracy" in page
    assert "Confusion matrix" not in page
    assert "Scores by class" in page


def test_a_metric_of_the_other_kind_of_rows_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        prepare(sets_spec(tmp_path, **{"train.metric_for_best_model": "accuracy"}))
    assert str(caught.value) == (
        "train.metric_for_best_model: 'accuracy' is not measured where rows have several labels; "
        "choose loss | f1_macro | subset_accuracy | f1_micro"
    )
    with pytest.raises(DataError, match="'f1_micro' is not measured where rows have one label"):
        write_csv(tmp_path / "rows.csv")
        prepare(tiny_spec(tmp_path, **{"train.metric_for_best_model": "f1_micro"}))


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_a_model_with_a_decoder_learns_to_classify(tmp_path, kind):
    model = WRITERS[kind](tmp_path / kind)
    spec = tiny_spec(tmp_path, **{"model.source": str(model), "train.max_steps": 2})
    assert pipeline.train(spec).metrics()["metrics"]["loss"] > 0
