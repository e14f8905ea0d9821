from __future__ import annotations

import itertools
import json
import math
import random
import re
import xml.etree.ElementTree as ET

import pytest

from figures.examples import state
from workbench import figures, language
from workbench.figures import theme
from workbench.figures.curves import smooth, thin
from workbench.runs import RunState
from workbench.runs.columns import Steps


@pytest.fixture(autouse=True)
def english():
    language.use("en")


def _trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def _logged(losses):
    return RunState(
        steps=Steps({"step": n + 1, "loss": loss} for n, loss in enumerate(losses)),
        step=len(losses),
    )


def test_the_raw_loss_is_drawn_as_it_was_logged_and_a_lost_one_is_a_gap():
    figure = figures.loss_curves(_logged([0.9, math.nan, 0.7, math.inf]))
    raw = _trace(figure, "Training loss")
    assert raw.x == (1, 2, 3, 4)
    assert raw.y == (0.9, None, 0.7, None)
    assert raw.connectgaps is False


def test_validation_loss_and_its_best_step_are_marked():
    run = state(120)
    figure = figures.loss_curves(run)
    validation = _trace(figure, "Validation loss")
    best = _trace(figure, "Best (step 80)")
    assert validation.x == (20, 40, 60, 80, 100, 120)
    assert validation.y == pytest.approx([e["metrics"]["loss"] for e in run.evaluations], rel=1e-5)
    assert best.x == (80,)
    assert best.y == (run.evaluations[3]["metrics"]["loss"],)


def test_the_raw_losses_of_a_long_run_are_a_band_from_lowest_to_highest():
    losses = [1.0 - n / 10_000 for n in range(3000)]
    losses[1000], losses[2000], losses[2001] = 5.0, math.nan, -3.0
    figure = figures.loss_curves(_logged(losses))
    band = _trace(figure, "Training loss")
    assert band.fill == "toself"
    assert len(band.x) == 200
    assert (max(band.y), min(band.y)) == (5.0, -3.0)
    assert band.y[0] == 1.0
    assert band.y[-1] == pytest.approx(losses[29])
    assert f'fill="{band.fillcolor}"' in figures.to_svg(figure)


def test_without_evaluations_there_is_no_validation_curve():
    figure = figures.loss_curves(_logged([0.9, 0.8]))
    assert [trace.name for trace in figure.data] == ["Training loss", "Training loss, smoothed"]


@pytest.mark.parametrize(
    "draw",
    [
        figures.loss_curves,
        figures.metric_curves,
        figures.learning_rate_curve,
        figures.gradient_norm_curve,
        figures.training_curves,
    ],
)
def test_a_run_that_has_only_begun_says_so(draw):
    figure = draw(RunState())
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text == "Nothing to show yet."
    assert "Nothing to show yet." in figures.to_svg(figure)


def test_metric_curves_show_every_score_but_the_loss_and_ring_the_best_step():
    figure = figures.metric_curves(state())
    assert [trace.name for trace in figure.data] == [
        "Accuracy", "F1 (macro)", "Precision (macro)", "Recall (macro)", "Best (step 80)",
    ]  # fmt: skip
    assert figure.data[-1].x == (80,) * 4
    assert figure.data[-1].y == tuple(trace.y[3] for trace in figure.data[:4])


@pytest.mark.parametrize(("name", "result"), [("f1_macro", True), ("rouge_l", False)])
def test_only_scores_of_classes_are_explained_by_classes(name, result):
    run = state()
    for point in run.evaluations:
        point["metrics"] = {"loss": 1.0, name: 0.5}
    assert ("rare class" in figures.metric_curves(run).layout.meta["look"]) is result


def test_a_metric_that_the_catalogue_does_not_know_keeps_its_own_name_escaped():
    run = RunState(evaluations=[{"step": 5, "metrics": {"<b>odd</b>": 0.5}, "best": False}], step=5)
    assert figures.metric_curves(run).data[0].name == "&lt;b&gt;odd&lt;/b&gt;"


def test_gradient_norms_stand_on_a_log_axis_unless_all_are_zero():
    run = RunState(steps=Steps({"step": n, "grad_norm": 2.0} for n in (1, 2)), step=2)
    assert figures.gradient_norm_curve(run).layout.yaxis.type == "log"
    run = RunState(steps=Steps({"step": n, "grad_norm": 0.0} for n in (1, 2)), step=2)
    assert figures.gradient_norm_curve(run).layout.yaxis.type is None


def test_few_steps_have_whole_numbers_on_their_axis():
    figure = figures.loss_curves(_logged([0.9, 0.8]))
    assert figure.layout.xaxis.dtick == 1


def test_smoothing_keeps_a_constant_and_leaves_gaps():
    assert smooth([2.0] * 50) == pytest.approx([2.0] * 50)
    assert smooth([1.0, None, 3.0]) == pytest.approx([1.0, None, 3.0])


def test_smoothing_averages_over_a_twentieth_of_the_values():
    jagged = [1.0, 0.0] * 200
    assert smooth(jagged)[-1] == pytest.approx(0.5, abs=0.03)


def test_thinning_keeps_ends_extremes_and_gaps():
    values = [math.sin(n / 500) for n in range(20_000)]
    values[7777], values[12_345] = 9.0, None
    steps, kept = thin(range(20_000), values, 1000)
    assert len(steps) <= 1002
    assert (steps[0], steps[-1]) == (0, 19_999)
    assert kept[steps.index(7777)] == 9.0
    assert kept[steps.index(12_345)] is None


def test_thinning_leaves_short_curves_alone():
    assert thin([1, 2], [0.5, None]) == ([1, 2], [0.5, None])


def test_a_planned_schedule_is_drawn_point_by_point():
    figure = figures.schedule([0, 1, 2], [0.0, 5e-5, 2.5e-5])
    assert figure.data[0].x == (0, 1, 2)
    assert figure.data[0].y == (0.0, 5e-5, 2.5e-5)


def test_a_schedule_of_no_steps_says_so():
    assert figures.schedule([], []).layout.annotations[0].text == "Nothing to show yet."


def _long_run(steps, evaluations=100, acts=20):
    """Return a run with noise, scores, acts and checkpoints, as long as wished."""
    rng = random.Random(0)
    run = RunState(step=steps, total_steps=steps, best_step=steps // 2)
    run.steps = Steps(
        {
            "step": n,
            "loss": 0.3 + math.exp(-3 * n / steps) + rng.gauss(0, 0.1),
            "learning_rate": 5e-5 * (1 - n / steps),
            "grad_norm": 9.0 if n == 77 else abs(rng.gauss(1, 0.3)),
            "rows_per_second": 60 + rng.random(),
            "memory_bytes": 1_300_000_000,
        }
        for n in range(1, steps + 1)
    )
    for number in range(1, evaluations + 1):
        step = number * steps // evaluations
        names = ("loss", "accuracy", "f1_macro", "precision_macro", "recall_macro")
        scores = {name: rng.random() for name in names}
        run.evaluations.append({"step": step, "metrics": scores, "best": step == run.best_step})
        run.checkpoints.append({"step": step, "best": False})
    for number in range(acts):
        act = {"knob": "learning_rate", "old": 1e-5, "new": 2e-5, "who": "<b>an$na$</b>"}
        run.commands.append(act | {"step": number * steps // acts})
    return run


def test_what_stays_of_a_run_has_the_losses_and_a_small_panel_of_everything_else():
    figure = figures.training_curves(_long_run(200))
    panels = {trace.name: (trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data}
    assert panels["Training loss"] == panels["Validation loss"] == panels["Changed"] == ("x", "y")
    below = {name: place for name, place in panels.items() if place[0] != "x"}
    assert {name for name, place in below.items() if place == ("x2", "y2")} == {
        "Accuracy", "F1 (macro)", "Best (step 100)",
    }  # fmt: skip
    assert sum(trace.showlegend is not False for trace in figure.data) <= 7
    assert {name: place for name, place in below.items() if place != ("x2", "y2")} == {
        "Learning rate": ("x3", "y3"),
        "Gradient norm": ("x2", "y4"),
        "Throughput (rows/s)": ("x3", "y5"),
        "Memory in use (GB)": ("x2", "y6"),
    }
    domains = [figure.layout[f"yaxis{n}"].domain for n in ("6", "4", "2", "")]
    assert domains[0][0] == pytest.approx(0)
    assert domains[-1][1] == 1
    assert all(low[1] < high[0] for low, high in itertools.pairwise(domains))
    assert figure.layout.xaxis2.range == figure.layout.xaxis3.range == figure.layout.xaxis.range
    assert _trace(figure, "Memory in use (GB)").y[-1] == 1.3
    assert max(_trace(figure, "Gradient norm").y) == 9.0
    ranges = [figure.layout[f"yaxis{n}"].rangemode for n in ("2", "3", "4", "5", "6")]
    assert ranges == [None, "tozero", None, "tozero", "tozero"]
    # The lines of what was done by hand cross the losses, not the small panels.
    assert {shape.y0 for shape in figure.layout.shapes} == {figure.layout.yaxis.domain[0]}


def test_of_a_long_run_the_gradient_norm_keeps_its_jumps():
    trace = _trace(figures.training_curves(_long_run(5000)), "Gradient norm, highest nearby")
    assert len(trace.x) <= 60
    assert max(trace.y) == 9.0
    assert sorted(trace.y)[-2] < 3


def test_panels_of_the_image_stand_beside_one_another_and_hold_their_curves():
    root = ET.fromstring(figures.to_svg(figures.training_curves(_long_run(300))))
    norm, speed = (
        path
        for path in root.iter("{http://www.w3.org/2000/svg}path")
        if path.get("stroke") in (theme.PURPLE, theme.GOLD)
        and not path.get("stroke-dasharray")
        and path.get("d").count("L") > 50
    )
    left, right = _extent(norm), _extent(speed)
    assert left[1] < right[0]
    assert right[1] < float(root.get("width"))


def _extent(path):
    xs = [float(x) for x in re.findall(r"[ML]([0-9.]+) ", path.get("d"))]
    return min(xs), max(xs)


def test_acts_and_checkpoints_stand_on_the_curves_with_words_from_data_escaped():
    run = _long_run(200, evaluations=4, acts=2)
    figure = figures.training_curves(run)
    acts, checkpoints = _trace(figure, "Changed"), _trace(figure, "Checkpoint")
    assert acts.x == (0, 100)
    assert acts.text[1] == (
        "learning_rate 1e-05 → 2e-05, by &lt;b&gt;an&#36;na&#36;&lt;/b&gt;, after step 100"
    )
    assert checkpoints.x == (50, 100, 150, 200)
    assert [shape.x0 for shape in figure.layout.shapes] == [0, 100]
    assert "an$na$" not in json.dumps(figures.bundle(figure)["application/vnd.plotly.v1+json"])


def test_without_scores_there_is_no_panel_for_them():
    run = _long_run(50, evaluations=0, acts=0)
    figure = figures.training_curves(run)
    assert "Accuracy" not in [trace.name for trace in figure.data]
    assert figure.layout.yaxis2.title.text == "Learning rate"
    assert "yaxis6" not in figure.layout


@pytest.mark.parametrize(
    ("steps", "evaluations", "acts"),
    [(5000, 100, 20), (100_000, 10_000, 1000)],
    ids=["5,000 steps", "100,000 steps with 10,000 evaluations"],
)
def test_what_stays_of_a_run_is_at_most_300_kb_however_long_the_run(steps, evaluations, acts):
    bundle = figures.bundle(figures.training_curves(_long_run(steps, evaluations, acts)))
    assert len(json.dumps(bundle)) < 300_000
    assert "widget" not in " ".join(bundle)
