"""How near predicted numbers come to the true ones: a figure from `evaluation/metrics.json`."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

import plotly.graph_objects as go

from ..language import text
from . import theme
from ._text import escape

SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")


def predicted_against_true(metrics: dict[str, Any]) -> go.Figure:
    """Show each row as a point, its true value to the right and the predicted one upwards.

    Several numbers, which may differ in unit and size, are shown in standard deviations of the
    true ones from their mean.
    """
    points = {name: held for name, held in (metrics.get("points") or {}).items() if held["true"]}
    if not points:
        return theme.say(
            theme.begin("predicted_against_true", [], legend="none"), text("figures.nothing")
        )
    several = len(points) > 1
    if several:
        points = {name: _standardised(held) for name, held in points.items()}
    true = [value for held in points.values() for value in held["true"]]
    everything = true + [value for held in points.values() for value in held["predicted"]]
    low, high = min(everything), max(everything)
    room = 0.04 * ((high - low) or 1.0)
    ends = [min(true), max(true)]
    exact = go.Scatter(
        x=ends, y=ends, name=text("figures.series.exact"), mode="lines",
        line={"color": theme.GREY, "width": 1, "dash": "dash"},
    )  # fmt: skip
    dots = [
        go.Scatter(
            x=held["true"],
            y=held["predicted"],
            name=escape(name, 24),
            mode="markers",
            opacity=0.55,
            marker={
                "size": 6,
                "color": theme.PALETTE[number % len(theme.PALETTE)],
                "symbol": SYMBOLS[number % len(SYMBOLS)],
            },
        )
        for number, (name, held) in enumerate(points.items())
    ]
    shown, rows = max(len(held["true"]) for held in points.values()), metrics.get("rows", 0)
    notes = []
    if several:
        notes.append(text("figures.predicted_against_true.deviations"))
    if shown < rows:
        notes.append(text("figures.predicted_against_true.some", shown=shown, all=rows))
    subtitle = " · ".join(notes)
    figure = theme.begin("predicted_against_true", [*dots, exact], subtitle, height=520, width=620)
    figure.update_xaxes(range=[low - room, high + room], constrain="domain")
    return figure.update_yaxes(range=[low - room, high + room], scaleanchor="x", constrain="domain")


def _standardised(held: dict[str, list[float]]) -> dict[str, list[float]]:
    mean, deviation = fmean(held["true"]), pstdev(held["true"]) or 1.0
    return {name: [(value - mean) / deviation for value in held[name]] for name in held}
