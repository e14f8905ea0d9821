"""A plotly figure as a static SVG image, so that each figure is defined once.

Draws scatter (lines, markers, error bars, text), bar and heatmap traces on linear, log and category
axes, in one panel or several (axis domains), with title, legend, colour bar, lines and notes. The
image needs nothing from outside: system fonts, no script, no reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from . import _marks, theme
from ._axes import Axis, make_axis
from ._legend import (
    TEXT_SIZE,
    Frame,
    colour_bar,
    legend_above,
    legend_beside,
    legend_room,
    named_traces,
)
from ._text import cut, lines, literal, width, wrap, xml

_TITLE, _SUBTITLE = 16, 12
_LABEL_ROOM = 190
_BAR_ROOM = 74

_STYLE = (
    "text{font-family:%s}.ink{fill:%s}.strong{fill:%s;font-weight:600}.grid{stroke:%s}"
    ".axis{stroke:%s;fill:none}"
)
_ADAPTIVE = (
    ".ink{fill:#57606a}.strong{fill:#1f2328}"
    "@media(prefers-color-scheme:dark){.ink{fill:#a3abb5}.strong{fill:#e6edf3}}"
)


@dataclass
class _Panel:
    """A rectangle with its two axes and its traces; `foot` has the x axis's labels below it."""

    x: Axis
    y: Axis
    foot: bool
    traces: list[tuple[Any, str]] = field(default_factory=list)


def to_svg(figure: go.Figure, adaptive: bool = False) -> str:
    """Return a figure as one SVG document.

    `adaptive` lets the text follow the reader's light or dark setting, for pages that do so too;
    otherwise it is a grey that reads on both.
    """
    layout = figure.layout
    full_width = layout.width or theme.WIDTH
    full_height = layout.height or theme.HEIGHT
    coloured = _colours(figure)
    head, top = _heading(layout, full_width)
    named = named_traces(figure, coloured)
    above = layout.legend.orientation == "h"
    legend, top = legend_above(named, top, full_width) if above else ([], top)
    bar = next((t for t, _ in coloured if t.type == "heatmap" and t.showscale is not False), None)
    beside = 0 if above else legend_room(named)
    frame = Frame(0, top + 10, full_width - beside - (_BAR_ROOM if bar else 0), full_height)
    panels = _panels(figure, coloured, frame)
    full_height -= frame.spare
    body = [part for panel in panels for part in _draw_panel(panel, layout)]
    body += _notes(layout, panels, frame)
    if not above:
        legend = legend_beside(named, frame)
    if bar:
        body += colour_bar(bar, frame)
    style = _STYLE % (theme.FONT, theme.INK, theme.INK, theme.GRID, theme.AXIS)
    title = xml(" ".join(lines(layout.title.text)))
    look = xml((layout.meta or {}).get("look", ""))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full_width:g}" height="{full_height:g}" '
        f'viewBox="0 0 {full_width:g} {full_height:g}" role="img">'
        f"<title>{title}</title><desc>{look}</desc>"
        f"<style>{style}{_ADAPTIVE if adaptive else ''}</style>"
        f"{''.join(head)}{''.join(body)}{''.join(legend)}</svg>"
    )


def _colours(figure: go.Figure) -> list[tuple[Any, str]]:
    palette = figure.layout.colorway or theme.PALETTE
    shown = [trace for trace in figure.data if trace.visible in (None, True)]
    return [(trace, _colour(trace, palette[n % len(palette)])) for n, trace in enumerate(shown)]


def _colour(trace: Any, fallback: str) -> str:
    own = trace.marker.color if trace.type in ("bar", "scatter") else None
    if trace.type == "scatter" and "lines" in (trace.mode or "lines"):
        own = trace.line.color or own
    return own if isinstance(own, str) else fallback


def _heading(layout: Any, full_width: float) -> tuple[list[str], float]:
    """Return title and subtitle, wrapped, and the height below them."""
    y, drawn = 8.0, []
    for text, size, kind in (
        (layout.title.text, _TITLE, "strong"),
        (layout.title.subtitle.text, _SUBTITLE, "ink"),
    ):
        for line in (
            part for one in lines(text) if one for part in wrap(one, size, full_width - 32)
        ):
            y += size * 1.45
            drawn.append(
                f'<text x="16" y="{y - 3:.1f}" font-size="{size}" class="{kind}">{xml(line)}</text>'
            )
    return drawn, y


def _panels(figure: go.Figure, coloured: list[tuple[Any, str]], frame: Frame) -> list[_Panel]:
    """Lay out one panel for each pair of axes that traces use, and shrink the frame to fit."""
    layout = figure.layout
    groups: dict[tuple[str, str], list[tuple[Any, str]]] = {}
    for trace, colour in coloured:
        groups.setdefault((trace.xaxis or "x", trace.yaxis or "y"), []).append((trace, colour))
    groups = groups or {("x", "y"): []}
    ys = {y: _axis(layout, y) for _, y in groups}
    xs = {x: _axis(layout, x) for x, _ in groups}
    # The labels of the vertical axes are measured on a first layout of rough height.
    rough = [
        make_axis(ys[y], _values(groups[x, y], "y"), 0, 300, 0.05, _has_bars(groups[x, y], "v"))
        for x, y in groups
    ]
    widest = max((width(label, TEXT_SIZE) for axis in rough for _, label in axis.ticks), default=0)
    frame.left = 16 + (22 if any(a.title.text for a in ys.values()) else 0)
    frame.left += min(widest, _LABEL_ROOM) + 10
    frame.right -= 16
    frame.bottom -= 16 + (22 if any(a.title.text for a in xs.values()) else 0) + 18
    frame.bottom -= max((_slant_room(layout_axis) for layout_axis in xs.values()), default=0)
    if any(axis.scaleanchor for axis in ys.values()):
        _make_square(frame)
    panels = []
    for (x, y), traces in groups.items():
        x0, x1 = xs[x].domain or (0, 1)
        y0, y1 = ys[y].domain or (0, 1)
        wide, high = frame.right - frame.left, frame.bottom - frame.top
        shared = [pair for (other, _), g in groups.items() if other == x for pair in g]
        x_axis = make_axis(
            xs[x], _values(shared, "x"), frame.left + x0 * wide, frame.left + x1 * wide,
            0.02, _has_bars(shared, "h"),
        )  # fmt: skip
        y_axis = make_axis(
            ys[y], _values(traces, "y"), frame.bottom - y0 * high, frame.bottom - y1 * high,
            0.05, _has_bars(traces, "v"),
        )  # fmt: skip
        foot = y == (xs[x].anchor or "y")
        panels.append(_Panel(x_axis, y_axis, foot, traces))
    return panels


def _axis(layout: Any, name: str) -> Any:
    return layout[f"{name[0]}axis{name[1:]}"]


def _make_square(frame: Frame) -> None:
    side = min(frame.right - frame.left, frame.bottom - frame.top)
    frame.spare = frame.bottom - frame.top - side
    frame.right, frame.bottom = frame.left + side, frame.top + side


def _slant_room(axis: Any) -> float:
    if not axis.tickangle or not axis.ticktext:
        return 0.0
    longest = max((width(lines(t)[0], TEXT_SIZE) for t in axis.ticktext), default=0.0)
    return min(longest, _LABEL_ROOM) * (1 if abs(axis.tickangle) == 90 else 0.71)


def _values(traces: list[tuple[Any, str]], letter: str) -> list[Any]:
    found: list[Any] = []
    for trace, _ in traces:
        own = _marks.values(getattr(trace, letter))
        if trace.type == "heatmap":
            size = len(trace.z[0]) if letter == "x" and len(trace.z) else len(trace.z)
            own = own or list(range(size))
        if trace.type == "heatmap" or (
            trace.type == "bar" and (trace.orientation == "h") == (letter == "y")
        ):
            numbers = [v for v in own if not isinstance(v, str)]
            own += [min(numbers) - 0.5, max(numbers) + 0.5] if numbers else []
        found += own
    return found


def _has_bars(traces: list[tuple[Any, str]], orientation: str) -> bool:
    return any(t.type == "bar" and (t.orientation or "v") == orientation for t, _ in traces)


def _draw_panel(panel: _Panel, layout: Any) -> list[str]:
    x, y = panel.x, panel.y
    drawn = _draw_x(x, y, panel.foot) + _draw_y(x, y)
    for trace, _ in panel.traces:
        if trace.type == "heatmap":
            drawn += _marks.heatmap(trace, x, y)
    bars = [(t, c) for t, c in panel.traces if t.type == "bar"]
    drawn += _marks.bars(bars, x, y, layout.barmode or "group")
    for trace, colour in panel.traces:
        if trace.type == "scatter":
            drawn += _marks.scatter(trace, x, y, colour)
    return drawn


def _draw_x(x: Axis, y: Axis, labelled: bool) -> list[str]:
    drawn, foot, right_edge = [], y.start, -1e9
    angle = x.layout.tickangle or 0
    for value, name in x.ticks:
        if (at := x.pixel(value)) is None:
            continue
        if x.layout.showgrid is not False:
            drawn.append(f'<path d="M{at:.1f} {foot:.1f}V{y.end:.1f}" class="grid"/>')
        if not labelled:
            continue
        if angle:
            short = xml(cut(name, TEXT_SIZE, _LABEL_ROOM))
            turn = f"rotate({angle:g} {at:.1f} {foot + 9:.1f})"
            drawn.append(
                f'<text x="{at:.1f}" y="{foot + 9:.1f}" dy="0.35em" font-size="{TEXT_SIZE}" '
                f'text-anchor="end" class="ink" transform="{turn}">{short}</text>'
            )
            continue
        # A label that would run into the one before it is left out; its tick stays.
        half = width(name, TEXT_SIZE) / 2
        if at - half > right_edge + 6:
            drawn.append(_marks.label(at, foot + 16, literal(name)))
            right_edge = at + half
        drawn.append(f'<path d="M{at:.1f} {foot:.1f}v4" class="axis"/>')
    drawn.append(f'<path d="M{x.start:.1f} {foot:.1f}H{x.end:.1f}" class="axis"/>')
    if x.title and labelled:
        slant = _slant_room(x.layout)
        below = foot + (26 + slant if slant else 40)
        drawn.append(_marks.label((x.start + x.end) / 2, below, x.title))
    return drawn


def _draw_y(x: Axis, y: Axis) -> list[str]:
    drawn, upper_edge = [], 1e9
    for value, name in sorted(y.ticks, key=lambda tick: -(y.pixel(tick[0]) or 0)):
        if (at := y.pixel(value)) is None:
            continue
        if y.layout.showgrid is not False:
            drawn.append(f'<path d="M{x.start:.1f} {at:.1f}H{x.end:.1f}" class="grid"/>')
        if at + 6 < upper_edge:
            short = literal(cut(name, TEXT_SIZE, _LABEL_ROOM))
            drawn.append(_marks.label(x.start - 8, at, short, anchor="end"))
            upper_edge = at - 6
    drawn.append(f'<path d="M{x.start:.1f} {y.start:.1f}V{y.end:.1f}" class="axis"/>')
    if y.title:
        widest = max((width(name, TEXT_SIZE) for _, name in y.ticks), default=0)
        at, middle = x.start - min(widest, _LABEL_ROOM) - 24, (y.start + y.end) / 2
        text = xml(" ".join(lines(y.title)))
        drawn.append(
            f'<text x="{at:.1f}" y="{middle:.1f}" font-size="{TEXT_SIZE}" text-anchor="middle" '
            f'class="ink" transform="rotate(-90 {at:.1f} {middle:.1f})">{text}</text>'
        )
    return drawn


def _notes(layout: Any, panels: list[_Panel], frame: Frame) -> list[str]:
    """Draw the layout's lines (`shapes`) and sentences (`annotations`)."""
    x, y = panels[0].x, panels[0].y
    drawn: list[str] = []

    def place(reference: str | None, value: Any, axis: Axis) -> float | None:
        if reference and ("paper" in reference or "domain" in reference):
            ends = (frame.left, frame.right) if axis is x else (frame.bottom, frame.top)
            return ends[0] + float(value) * (ends[1] - ends[0])
        return axis.pixel(value)

    for shape in layout.shapes:
        ends = [
            place(shape.xref, shape.x0, x), place(shape.yref, shape.y0, y),
            place(shape.xref, shape.x1, x), place(shape.yref, shape.y1, y),
        ]  # fmt: skip
        if shape.type == "line" and None not in ends:
            a, b, c, d = ends
            drawn.append(
                f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" {_marks.stroke(shape, theme.GREY)}/>'
            )
    anchors = {"left": "start", "right": "end"}
    for note in layout.annotations:
        a, b = place(note.xref, note.x, x), place(note.yref, note.y, y)
        if a is None or b is None:
            continue
        a, b = a + (note.xshift or 0), b - (note.yshift or 0)
        colour = note.font.color if isinstance(note.font.color, str) else ""
        for row, line in enumerate(lines(note.text)):
            anchor = anchors.get(note.xanchor, "middle")
            drawn.append(_marks.label(a, b + row * 15, literal(line), anchor, colour))
    return drawn
