from __future__ import annotations

import math
from dataclasses import replace

from figures.examples import finder
from workbench import language
from workbench.figures import lr_finder
from workbench.figures._text import escape
from workbench.figures.lr_finder import value_range


def test_suggestion_and_minimum_stand_on_the_smoothed_curve():
    found = finder()
    *_, suggestion, lowest = lr_finder(found).data
    assert (suggestion.x[0], lowest.x[0]) == (found.suggestion, found.lowest)
    assert lowest.y[0] == min(found.smoothed)
    assert lowest.y[0] < suggestion.y[0] < found.smoothed[0]


def test_the_rates_stand_on_a_log_axis():
    figure = lr_finder(finder())
    assert figure.layout.xaxis.type == "log"
    assert list(figure.data[0].x) == finder().rates


def test_losses_that_blew_up_are_gaps_and_do_not_flatten_the_curve():
    found = finder()
    wild = replace(found, losses=[*found.losses[:-2], 1e6, math.nan])
    assert value_range(wild)[1] < 3
    drawn = lr_finder(wild).data[0].y
    assert drawn[-2:] == (None, None)
    assert all(value is None or value <= value_range(wild)[1] for value in drawn)


def test_without_a_suggestion_there_are_only_the_curves():
    assert len(lr_finder(replace(finder(), suggestion=None, lowest=None)).data) == 2


def test_a_loss_that_never_moves_still_has_a_range():
    low, high = value_range(replace(finder(), losses=[0.7] * 30, smoothed=[0.7] * 30))
    assert low < 0.7 < high


def test_a_ramp_that_broke_off_says_so():
    figure = lr_finder(replace(finder(), smoothed=[], suggestion=None, lowest=None))
    assert not figure.data
    assert figure.layout.annotations[0].text == escape(language.text("finder.reason.too_short"))
