"""Measures of rows over their passes, against numpy's own with what is missing left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from workbench.dynamics import Dynamics, measure

TABLES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=5),
    elements=st.one_of(st.just(float("nan")), st.floats(0, 1, width=32)),
)


def dynamics(**tables) -> Dynamics:
    shape = next(iter(tables.values())).shape
    blank = np.full(shape, np.nan, np.float32)
    every = ("loss", "confidence", "margin", "correct", "predicted")
    return Dynamics(
        labels=["a", "b"],
        rows=np.arange(shape[1]),
        given=np.zeros(shape[1], int),
        **{name: tables.get(name, blank) for name in every},
        probabilities=None,
    )


@given(TABLES)
def test_each_measure_is_over_the_passes_that_reached_a_row(table):
    known = [[float(x) for x in column if not np.isnan(x)] for column in table.T]
    means = [np.mean(own) if own else np.nan for own in known]
    deviations = [np.std(own) if own else np.nan for own in known]  # of all passes there were
    for name, field in (
        ("confidence", "confidence"), ("correct", "correctness"), ("loss", "loss"),
        ("margin", "area_under_margin"),
    ):  # fmt: skip
        found = getattr(measure(dynamics(**{name: table})), field)
        assert found.tolist() == pytest.approx(means, rel=1e-6, abs=1e-7, nan_ok=True)
    found = measure(dynamics(confidence=table)).variability
    assert found.tolist() == pytest.approx(deviations, abs=1e-6, nan_ok=True)
    assert measure(dynamics(loss=table)).passes.tolist() == [len(own) for own in known]


def test_each_measure_is_of_its_own_table():
    found = measure(
        dynamics(
            loss=np.array([[1.0, 2.0], [3.0, np.nan]]),
            confidence=np.array([[0.2, 0.5], [0.6, np.nan]]),
            margin=np.array([[-1.0, 4.0], [3.0, np.nan]]),
            correct=np.array([[0.0, 1.0], [1.0, np.nan]]),
        )
    )
    assert found.loss.tolist() == [2, 2]
    assert found.confidence.tolist() == pytest.approx([0.4, 0.5])
    assert found.variability.tolist() == pytest.approx([0.2, 0])
    assert found.area_under_margin.tolist() == [1, 4]
    assert found.correctness.tolist() == [0.5, 1]
    assert found.passes.tolist() == [2, 1]


def test_what_a_task_has_no_meaning_for_is_no_number(recwarn):
    found = measure(dynamics(loss=np.ones((2, 3))))
    assert np.isnan(found.area_under_margin).all()
    assert np.isnan(found.variability).all()
    assert found.passes.tolist() == [2, 2, 2]
    assert not recwarn.list


def test_many_small_numbers_are_summed_in_double_precision():
    table = np.full((3000, 1), 0.1, np.float32)
    assert measure(dynamics(loss=table)).loss[0] == pytest.approx(float(np.float32(0.1)), rel=1e-9)
