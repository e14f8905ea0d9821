from __future__ import annotations

import pytest

from figures.examples import metrics
from workbench import figures, language


@pytest.fixture(autouse=True)
def english():
    language.use("en")


MANY = tuple(f"class {n}" for n in range(40))


def test_a_confusion_matrix_shows_counts_and_colours_by_the_true_label():
    known = metrics() | {"confusion": [[30, 10], [0, 0]]}
    cells = figures.confusion_matrix(known).data[0]
    assert [list(row) for row in cells.text] == [["30", "10"], ["0", "0"]]
    assert [list(row) for row in cells.z] == [[0.75, 0.25], [0.0, 0.0]]


def test_the_first_true_label_stands_on_top():
    figure = figures.confusion_matrix(metrics())
    assert figure.layout.yaxis.range == (1.5, -0.5)
    assert figure.layout.yaxis.ticktext == ("negative", "positive")


def test_a_large_confusion_matrix_has_no_numbers_in_its_cells():
    assert figures.confusion_matrix(metrics(MANY)).data[0].texttemplate is None


def test_roc_curves_are_one_a_class_beside_guessing():
    known = metrics()
    first, second, rng = figures.roc_curves(known).data
    assert first.name == "negative (AUC 0.930)"
    assert first.y == tuple(known["roc"]["negative"]["tpr"])
    assert second.name == "positive (AUC 0.920)"
    assert (rng.name, rng.x, rng.y) == ("Random guessing", (0, 1), (0, 1))


def test_a_class_without_a_curve_is_left_out():
    known = metrics()
    known["roc"]["negative"] = {"fpr": [], "tpr": [], "auc": None}
    assert [trace.name for trace in figures.roc_curves(known).data] == [
        "positive (AUC 0.920)", "Random guessing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draw", "key", "empty"),
    [
        (figures.roc_curves, "roc", {"fpr": [], "tpr": [], "auc": None}),
        (
            figures.precision_recall_curves,
            "pr",
            {"recall": [], "precision": [], "average_precision": None},
        ),
    ],
)
def test_rows_of_one_class_give_no_curves_and_the_figure_says_why(draw, key, empty):
    figure = draw(metrics(("only",)) | {key: {"only": empty}})
    assert figure.layout.annotations[0].text == "A curve needs rows of at least two classes."


def test_of_many_classes_the_hardest_are_drawn():
    figure = figures.precision_recall_curves(metrics(MANY))
    assert len(figure.data) == 5
    assert figure.data[0].name == "class 39 (AP 0.510)"
    assert figure.layout.title.subtitle.text == "The 5 classes with the lowest scores, of 40"


def test_reliability_leaves_out_empty_bins_and_counts_the_rest():
    perfect, measured, counts = figures.reliability(metrics()).data
    assert perfect.y == (0, 1)
    assert measured.x == pytest.approx((0.55, 0.65, 0.75, 0.85, 0.95))
    assert measured.y == (0.5, 0.6, 0.7, 0.8, 0.9)
    assert counts.y == (4, 16, 64, 256, 1024)
    assert counts.yaxis == "y2"


def test_reliability_states_the_calibration_error():
    subtitle = figures.reliability(metrics()).layout.title.subtitle.text
    assert subtitle == "Expected calibration error 0.041"


def test_baselines_stand_beside_the_model():
    majority, before, after = figures.baselines(metrics()).data
    assert (majority.name, majority.y) == ("Most frequent class", (0.5, 0.333))
    assert (before.name, before.y) == ("Before fine-tuning", (0.484, None))
    assert (after.name, after.y) == ("After fine-tuning", (0.873, 0.861))
    assert before.text == ("48.4%", "")


def test_a_rule_without_any_of_the_scores_is_left_out():
    known = metrics()
    known["baselines"]["copy"] = {"rouge_l": 0.3}
    assert "copy" not in {trace.name for trace in figures.baselines(known).data}
    assert len(figures.baselines(known).data) == 3


def test_each_aspect_stands_beside_its_own_baselines():
    drawn = figures.aspects(metrics())
    assert [(trace.name, trace.y) for trace in drawn.data] == [
        ("Most frequent class", (0.5, 0.5)),
        ("Before fine-tuning", (0.4, 0.4)),
        ("After fine-tuning", (0.8, 0.7000000000000001)),
    ]
    assert drawn.layout.xaxis.ticktext == ("negative (40)", "positive (41)")
    alone = metrics()
    for own in alone["aspects"].values():
        own.pop("baselines")
    assert [trace.name for trace in figures.aspects(alone).data] == ["After fine-tuning"]


def test_without_baselines_the_model_stands_alone():
    known = metrics()
    known.pop("baselines")
    assert [trace.name for trace in figures.baselines(known).data] == ["After fine-tuning"]


def test_per_class_scores_name_the_rows_of_each_class():
    figure = figures.per_class(metrics())
    assert [trace.name for trace in figure.data] == ["Precision", "Recall", "F1"]
    assert figure.data[0].x == (0.9, 0.88)
    assert figure.layout.yaxis.ticktext == ("negative (100)", "positive (100)")


def test_of_very_many_classes_the_hardest_are_listed():
    figure = figures.per_class(metrics(MANY))
    assert len(figure.data[2].x) == 30
    assert figure.data[2].x[0] == min(entry["f1"] for entry in metrics(MANY)["per_class"])


@pytest.mark.parametrize(
    "draw",
    [
        figures.confusion_matrix,
        figures.roc_curves,
        figures.precision_recall_curves,
        figures.reliability,
        figures.baselines,
        figures.per_class,
    ],
)
def test_metrics_without_the_part_give_a_figure_that_says_so(draw):
    figure = draw({})
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text
    assert figures.to_svg(figure).startswith("<svg")


def test_several_numbers_share_axes_whatever_their_size():
    lengths = {"true": [100.0, 300.0], "predicted": [200.0, 300.0]}
    shares = {"true": [0.1, 0.3], "predicted": [0.2, 0.3]}
    known = {"rows": 2, "points": {"length": lengths, "share": shares}}
    figure = figures.predicted_against_true(known)
    for dots in figure.data[:2]:
        assert dots.x == pytest.approx((-1, 1))
        assert dots.y == pytest.approx((0, 1))
    assert "standard deviations" in figure.layout.title.subtitle.text
    alone = figures.predicted_against_true({"rows": 2, "points": {"length": lengths}})
    assert alone.data[0].x == (100, 300)
