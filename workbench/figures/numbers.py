"""How near predicted numbers come to the true ones: a figure from `evaluation/metrics.json`."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from ..language import text
from . import theme
from ._text import escape

SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")


def predicted_against_true(metrics: dict[str, Any]) -> go.Figure:
    """Show each row as a point, its true value to the right and the predicted one upwards."""
    points = {name: held for name, held in (metrics.get("points") or {}).items() if held["true"]}
    if not points:
        return theme.say(
            theme.begin("predicted_against_true", [], legend="none"), text("figures.nothing")
        )
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
    subtitle = ""
    if shown < rows:
        subtitle = text("figures.predicted_against_true.some", shown=shown, all=rows)
    figure = theme.begin("predicted_against_true", [*dots, exact], subtitle, height=520, width=620)
    figure.update_xaxes(range=[low - room, high + room], constrain="domain")
    return figure.update_yaxes(range=[low - room, high + room], scaleanchor="x", constrain="domain")
