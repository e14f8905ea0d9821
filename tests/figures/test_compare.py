from __future__ import annotations

import pytest

from figures.examples import contenders, state
from workbench.figures import (
    compared_metric,
    compared_training_loss,
    compared_validation_loss,
    to_svg,
)
from workbench.figures.compare import Contender, overlay, value_at
from workbench.runs import RunState


def points(steps, values):
    return lambda _: (list(steps), list(values))


@pytest.mark.parametrize(
    ("step", "expected"),
    [(10, 1.0), (15, 0.75), (20, 0.5), (25, None), (9, None), (31, None), (40, 0.1), (41, None)],
)
def test_a_value_between_two_steps_lies_on_the_line_between_them(step, expected):
    assert value_at([10, 20, 30, 40], [1.0, 0.5, None, 0.1], step) == expected


def test_nothing_is_known_of_a_curve_without_points():
    assert value_at([], [], 3) is None


def test_a_run_that_is_no_fork_is_drawn_whole():
    run = Contender("a", RunState())
    assert overlay([run], points([1, 2], [0.7, 0.6])) == [(([1, 2], [0.7, 0.6]), False)]


def test_a_fork_is_drawn_from_where_its_parent_was_when_it_left():
    parent, child = RunState(), RunState()
    curves = {id(parent): ([10, 20, 30], [1.0, 0.6, 0.4]), id(child): ([10, 18, 22], [9, 0.5, 0.3])}
    runs = [Contender("a", parent), Contender("b", child, 15, 0)]
    drawn = overlay(runs, lambda s: curves[id(s)])
    assert drawn[1] == (([15, 18, 22], [0.8, 0.5, 0.3]), True)


@pytest.mark.parametrize("parent", [None, 0])
def test_a_fork_whose_parents_curve_is_not_known_begins_with_its_own(parent):
    empty, child = RunState(), RunState()
    curves = {id(empty): ([], []), id(child): ([10, 18, 22], [9, 0.5, 0.3])}
    runs = [Contender("a", empty), Contender("b", child, 15, parent)]
    assert overlay(runs, lambda s: curves[id(s)])[1] == (([18, 22], [0.5, 0.3]), False)


def test_a_fork_that_has_not_moved_yet_is_not_drawn():
    figure = compared_validation_loss([Contender("a", state()), Contender("b", RunState(), 40, 0)])
    assert [trace.name for trace in figure.data] == ["a"]


def test_each_run_is_one_line_and_each_fork_one_mark_where_it_left():
    figure = compared_validation_loss(contenders(("a", "b", "c")))
    assert [trace.name for trace in figure.data] == ["a", "b", None, "c", None]
    line, mark = figure.data[1:3]
    assert (mark.x[0], mark.y[0]) == (line.x[0], line.y[0])
    assert mark.x[0] == 40
    assert line.y[0] == figure.data[0].y[1]  # the parent was evaluated at just that step


def test_runs_beyond_the_palette_differ_by_their_dashes():
    figure = compared_training_loss([Contender(f"run {n}", state(30)) for n in range(14)])
    looks = {(trace.line.color, trace.line.dash) for trace in figure.data}
    assert len(looks) == 14
    assert figure.layout.legend.orientation == "v"
    assert "run 13" in to_svg(figure)


def test_a_score_that_no_run_has_says_so():
    figure = compared_metric([Contender("a", state())], "bleu")
    assert not figure.data
    assert "Nothing to show" in to_svg(figure) or "暂无数据" in to_svg(figure)
