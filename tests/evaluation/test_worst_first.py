"""The order of predictions: the highest loss first, and none of them lost."""

import itertools
import math
from types import SimpleNamespace

import pytest

from workbench.evaluation.run import worst_first


def ordered(*losses: float | None) -> list[int]:
    """Return the rows in the order in which they come, the first being row 0."""
    records = [
        {"row": row} | ({} if loss is None else {"loss": loss}) for row, loss in enumerate(losses)
    ]
    return [one["row"] for one in worst_first(SimpleNamespace(predictions=lambda _: records), None)]


def test_the_highest_loss_comes_first_and_equal_ones_keep_their_order():
    assert ordered(0.5, 2.0, 0.5, 1.0) == [1, 3, 0, 2]


def test_rows_without_a_loss_come_last_also_behind_a_loss_of_nothing():
    assert ordered(None, 0.0, None, 1.0) == [3, 1, 0, 2]


@pytest.mark.parametrize("order", list(itertools.permutations([math.nan, 3.0, 1.0, 2.0])))
def test_a_loss_that_is_no_number_is_the_worst_and_muddles_no_others(order):
    found = [order[row] for row in ordered(*order)]
    assert math.isnan(found[0])
    assert found[1:] == [3.0, 2.0, 1.0]
