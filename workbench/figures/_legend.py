"""Legend and colour bar of the static image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from . import _marks
from ._text import cut, lines, literal, width

TEXT_SIZE = 11.5


@dataclass
class Frame:
    """The room that is left for the panels, in pixels; `spare` is height that none needs."""

    left: float
    top: float
    right: float
    bottom: float
    spare: float = 0.0


def named_traces(figure: go.Figure, coloured: list[tuple[Any, str]]) -> list[tuple[Any, str, str]]:
    """Return the traces that the legend names; none where there is no legend."""
    named = [(t, c, lines(t.name)[0]) for t, c in coloured if t.name and t.showlegend is not False]
    wanted = figure.layout.showlegend
    return named if wanted or (wanted is None and len(named) > 1) else []


def legend_above(
    named: list[tuple[Any, str, str]], top: float, full_width: float
) -> tuple[list[str], float]:
    """Return a legend in rows, and the height below it."""
    drawn: list[str] = []
    x, y = 16.0, top + 16
    for trace, colour, full_name in named:
        name = cut(full_name, TEXT_SIZE, 260)
        needed = 30 + width(name, TEXT_SIZE) + 18
        if x > 16 and x + needed > full_width - 8:
            x, y = 16.0, y + 19
        drawn += _entry(trace, colour, name, x, y)
        x += needed
    return drawn, y + 6 if named else top


def legend_room(named: list[tuple[Any, str, str]]) -> float:
    """Return the width that a legend beside the panels needs."""
    widest = max((width(name, TEXT_SIZE) for *_, name in named), default=0.0)
    return min(220.0, widest) + 50 if named else 0.0


def legend_beside(named: list[tuple[Any, str, str]], frame: Frame) -> list[str]:
    """Return a legend in a column to the right of the frame."""
    return [
        part
        for row, (trace, colour, name) in enumerate(named)
        for part in _entry(
            trace, colour, cut(name, TEXT_SIZE, 220), frame.right + 18, frame.top + 8 + row * 19
        )
    ]


def _entry(trace: Any, colour: str, name: str, x: float, y: float) -> list[str]:
    drawn = []
    if trace.type == "bar":
        drawn.append(_marks.marker(x + 12, y, 11, "square", colour, _marks.bar_opacity(trace)))
    elif trace.fill == "toself":
        drawn.append(_marks.marker(x + 12, y, 11, "square", trace.fillcolor))
    else:
        if "lines" in (trace.mode or "lines"):
            drawn.append(f'<path d="M{x:.1f} {y:.1f}h24" {_marks.stroke(trace, colour)}/>')
        if "markers" in (trace.mode or ""):
            drawn.append(_marks.marker(x + 12, y, 8, trace.marker.symbol, colour, trace.opacity))
    return [*drawn, _marks.label(x + 30, y, literal(name), anchor="start")]


def colour_bar(trace: Any, frame: Frame) -> list[str]:
    """Return the colours of a heatmap, with their values, to the right of the frame."""
    x, top, high = frame.right + 18, frame.top, min(frame.bottom - frame.top, 320)
    low, top_value = _marks.colour_range(trace)
    bar = trace.colorbar
    drawn = [
        f'<rect x="{x:.1f}" y="{top + high * (1 - (i + 1) / 48):.2f}" width="12" '
        f'height="{high / 48 + 0.4:.2f}" fill="{_marks.at_scale(trace.colorscale, i / 47)}"/>'
        for i in range(48)
    ]
    ticks = bar.tickvals if bar.tickvals is not None else (low, (low + top_value) / 2, top_value)
    names = bar.ticktext or [format(v, bar.tickformat or ".2g") for v in ticks]
    for value, name in zip(ticks, names, strict=False):
        y = top + high * (1 - (value - low) / (top_value - low))
        drawn.append(_marks.label(x + 18, y, str(name), anchor="start"))
    if bar.title.text:
        drawn.append(_marks.label(x - 2, top + high + 18, bar.title.text, anchor="start"))
    return drawn
