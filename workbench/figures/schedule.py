"""What the learning rate is going to be."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ..language import text
from . import theme
from .curves import thin


def schedule(steps: Sequence[int], rates: Sequence[float]) -> go.Figure:
    """Show the learning rate that is planned for each step."""
    if not len(steps):
        return theme.say(theme.begin("schedule", [], legend="none"), text("figures.nothing_yet"))
    x, y = thin([int(step) for step in steps], [float(rate) for rate in rates])
    line = go.Scatter(
        x=x,
        y=y,
        name=text("figures.series.learning_rate"),
        mode="lines",
        line={"color": theme.GREEN, "width": 2.5},
    )
    figure = theme.begin("schedule", [line], height=260, legend="none")
    figure.update_yaxes(rangemode="tozero")
    return figure.update_xaxes(theme.step_ticks(max(x)))
