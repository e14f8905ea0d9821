"""All curves of a run in one figure: what stays in the notebook when the live chart goes."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from ..language import text
from ..runs import RunState
from . import theme
from ._acts import mark_commands
from .curves import MOST_LINES, line, logged, loss_traces, rate_traces, score_traces, smooth, thin

# In pixels: the losses, the small panels below them, and the room between for ticks and titles.
LOSS_HIGH, PANEL_HIGH = 240, 92
BELOW_LOSS, BELOW_PANEL = 64, 26
# The small panels stand in two columns.
COLUMNS = ([0, 0.44], [0.56, 1])
# A small panel is half as wide as the losses. What more points would show is a thick mesh, and
# Lab's own picture of that alone makes the notebook half as large again.
MOST_POINTS = 100
STRETCHES = 60
# The first scores are those that the task puts first; the report has a figure of all.
MOST_SCORES = 2


def training_curves(state: RunState) -> go.Figure:
    """Show losses, and below them scores, learning rate, gradient norm, throughput and memory.

    What was done by hand is marked on the losses. A panel that has nothing to show is left out.
    """
    losses, panels = loss_traces(state), _panels(state)
    if not losses and not panels:
        nothing = theme.begin("training_curves", [], legend="none")
        return theme.say(nothing, text("figures.nothing_yet"))
    if len(losses) > 1 and losses[0].mode != "markers":
        losses[0].showlegend = False  # its smoothed curve, of the same colour, is named
    figure = theme.begin("training_curves", losses)
    known = [y for trace in losses for y in trace.y if y is not None]
    mark_commands(figure, state, min(known, default=0.0), max(known, default=1.0))
    named = {trace.name for trace in losses}
    for number, (name, traces) in enumerate(panels.items()):
        for trace in traces:
            # The ring has its entry from the losses; the other panels are named by their axes.
            trace.showlegend = name == "metric" and trace.name not in named
            trace.update(xaxis=f"x{2 + number % 2}", yaxis=f"y{2 + number}")
        figure.add_traces(traces)
    return _lay_out(figure, list(panels), state)


def _panels(state: RunState) -> dict[str, list[Any]]:
    """Return the traces of each small panel that has any."""
    norms = logged(state, "grad_norm")
    long = len(norms[0]) > MOST_LINES
    norm = _highest(*norms) if long else norms
    steps, speeds = logged(state, "rows_per_second")
    speed = thin(steps, smooth(speeds), MOST_POINTS)
    steps, sizes = logged(state, "memory_bytes")
    memory = thin(steps, [size and size * 1e-9 for size in sizes], MOST_POINTS)
    panels = {
        "metric": score_traces(state, MOST_SCORES),
        "rate": rate_traces(state),
        "norm": [
            line(*norm, f"gradient_norm{'_highest' if long else ''}", theme.PURPLE, width=1.2)
        ],
        "speed": [line(*speed, "throughput", theme.GOLD, width=1.5)],
        "memory": [line(*memory, "memory", theme.PINK, width=1.5)],
    }
    return {name: traces for name, traces in panels.items() if any(len(t.x) for t in traces)}


def _highest(steps: list[int], values: list[float | None]) -> tuple[list[int], list[float | None]]:
    """Return the highest value of each stretch: of a gradient, one looks for the jumps."""
    size = math.ceil(len(steps) / STRETCHES)
    starts = range(0, len(steps), size)
    known = [[v for v in values[start : start + size] if v is not None] for start in starts]
    return [steps[start] for start in starts], [max(some, default=None) for some in known]


def _lay_out(figure: go.Figure, panels: list[str], state: RunState) -> go.Figure:
    """Give each panel its place, and all of them the same steps."""
    rows = math.ceil(len(panels) / 2)
    below = rows * PANEL_HIGH + max(0, rows - 1) * BELOW_PANEL + (BELOW_LOSS if rows else 0)
    high = LOSS_HIGH + below
    ends = _ends(figure)
    steps = {**theme.step_ticks(state.step), "range": ends}
    figure.update_layout(
        xaxis={"anchor": "y", **steps}, yaxis={"domain": [below / high, 1]},
        hovermode="x unified", hoversubplots="axis",
    )  # fmt: skip
    for shape in figure.layout.shapes:
        shape.y0 = below / high
    for number, name in enumerate(panels):
        row, column = divmod(number, 2)
        foot = below - BELOW_LOSS - (row + 1) * PANEL_HIGH - row * BELOW_PANEL
        domain = [foot / high, (foot + PANEL_HIGH) / high]
        title = {"text": text(f"figures.training_curves.{name}"), "font": {"size": 11}}
        axis = {"domain": domain, "title": title, "anchor": f"x{2 + column}", "nticks": 4}
        if name == "norm" and _is_positive(figure, number):
            axis["type"] = "log"
        elif name in ("rate", "speed", "memory"):
            axis["rangemode"] = "tozero"
        x = {"domain": COLUMNS[column], "anchor": f"y{2 + number}", "matches": "x", **steps}
        x |= {"title": {"text": text("figures.training_curves.x")}}
        figure.update_layout({f"yaxis{2 + number}": axis, f"xaxis{2 + column}": x})
    named = sum(trace.showlegend is not False for trace in figure.data)
    top = 52 + 20 * math.ceil(named / 3)
    return figure.update_layout(height=high + top + 56, margin={"t": top, "b": 56})


def _ends(figure: go.Figure) -> list[float]:
    """Return the first and the last step of all panels, and a little room."""
    steps = [step for trace in figure.data for step in (min(trace.x), max(trace.x))]
    room = 0.02 * (max(steps) - min(steps)) or 1
    return [min(steps) - room, max(steps) + room]


def _is_positive(figure: go.Figure, number: int) -> bool:
    traces = [trace for trace in figure.data if trace.yaxis == f"y{2 + number}"]
    return any(y for trace in traces for y in trace.y)
