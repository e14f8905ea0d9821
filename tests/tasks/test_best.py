"""Which of two scores is the better: of equal ones the first, and never one that is no number."""

import math

import pytest

from workbench.tasks import Metric

HIGH, LOW = Metric("accuracy"), Metric("loss", greater_is_better=False)


@pytest.mark.parametrize(
    ("metric", "value", "than", "better"),
    [
        (HIGH, 0.6, 0.5, True), (HIGH, 0.5, 0.6, False), (HIGH, 0.5, 0.5, False),
        (LOW, 0.6, 0.5, False), (LOW, 0.5, 0.6, True), (LOW, 0.5, 0.5, False),
        (HIGH, 0.0, None, True), (LOW, 9.0, None, True), (HIGH, -1.0, -2.0, True),
    ],
)  # fmt: skip
def test_a_score_is_better_only_if_it_beats_the_best(metric, value, than, better):
    assert metric.is_better(value, than) is better


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("metric", [HIGH, LOW])
def test_what_is_no_number_is_never_the_best(metric, value):
    assert metric.is_better(value, None) is False
    assert metric.is_better(value, 0.5) is False
