"""What a run recorded of its rows: the same checks for each task."""

import numpy as np
import pytest

from workbench.dynamics import Dynamics, rank, read_dynamics
from workbench.dynamics.rows import LearnedRows, describe_rows
from workbench.runs import RunFolder


def observed(run: RunFolder) -> tuple[Dynamics, dict]:
    """Return what was recorded of a run without classes, and its most suspect row in words."""
    found = read_dynamics(run)
    assert set(found.given) == {-1}
    assert np.isnan(found.margin).all()
    assert found.loss[-1].mean() < found.loss[0].mean()
    ranking = rank(found)
    assert ranking.name == "loss"
    (worst,) = describe_rows(found, ranking, LearnedRows(run), ranking.order[:1])
    assert worst["loss"] == pytest.approx(np.nanmax(np.nanmean(found.loss, axis=0)), rel=1e-5)
    assert worst["area_under_margin"] is None
    return found, worst
