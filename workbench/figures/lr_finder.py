"""The ramp of the learning-rate finder: the loss at each rate, and the rate that it suggests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ..language import text
from . import theme

if TYPE_CHECKING:
    from ..training.lr_finder import Finder


def lr_finder(found: Finder) -> go.Figure:
    """Show the loss at each learning rate on a log axis, with the suggestion and the minimum."""
    if not found.smoothed:
        return theme.say(
            theme.begin("lr_finder", [], legend="none"), text("finder.reason.too_short")
        )
    low, high = value_range(found)
    losses = [loss if low <= loss <= high else None for loss in found.losses]
    traces = [
        go.Scatter(
            x=found.rates,
            y=losses,
            name=text("finder.series.loss"),
            mode="lines",
            line={"color": theme.BLUE, "width": 1.2},
            opacity=0.45,
            connectgaps=False,
        ),
        go.Scatter(
            x=found.rates[: len(found.smoothed)],
            y=found.smoothed,
            name=text("finder.series.smoothed"),
            mode="lines",
            line={"color": theme.BLUE, "width": 2.5},
        ),
    ]
    if found.suggestion is not None and found.lowest is not None:
        traces += [
            _mark(found, found.suggestion, "suggestion", theme.PINK, "circle-open"),
            _mark(found, found.lowest, "lowest", theme.ORANGE, "diamond"),
        ]
    figure = theme.begin("lr_finder", traces)
    figure.update_layout(hovermode="x unified")
    figure.update_yaxes(range=[low, high])
    return figure.update_xaxes(type="log", exponentformat="e")


def value_range(found: Finder) -> tuple[float, float]:
    """Return the range of losses to draw: what was learned fills it, what blew up is left out."""
    known = [loss for loss in found.losses if math.isfinite(loss)]
    low, high = min(known), max(found.smoothed)
    room = 0.1 * (high - low) or 0.1
    return low - room, high + room


def _mark(found: Finder, rate: float, name: str, colour: str, symbol: str) -> go.Scatter:
    """Return a mark on the smoothed curve, at the step of the ramp that is nearest to a rate."""
    near = min(
        range(len(found.smoothed)), key=lambda n: abs(math.log(found.rates[n]) - math.log(rate))
    )
    return go.Scatter(
        x=[rate],
        y=[found.smoothed[near]],
        name=text(f"finder.series.{name}", rate=f"{rate:.1e}"),
        mode="markers",
        marker={"symbol": symbol, "size": 13, "color": colour, "line": {"width": 2}},
    )
