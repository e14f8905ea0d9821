"""Traces of the static image: lines, markers, bars and heatmaps as SVG elements."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from itertools import pairwise
from typing import Any

from . import theme
from ._axes import Axis
from ._text import lines, xml

_DASH = {"dash": "7 4", "dot": "2 4", "dashdot": "7 3 2 3", "longdash": "11 5"}
_LEVELS = 64
_TEXT_SIZE = 11


def scatter(trace: Any, x: Axis, y: Axis, colour: str) -> list[str]:
    """Draw a line, markers, or both; gaps in the data stay gaps."""
    mode = trace.mode or "lines"
    points = [
        (x.pixel(a), y.pixel(b)) for a, b in zip(values(trace.x), values(trace.y), strict=False)
    ]
    drawn: list[str] = []
    if trace.fill == "toself":
        drawn.append(f'<path d="{_path(points, False)}z" fill="{xml(trace.fillcolor)}"/>')
    elif "lines" in mode and (path := _path(points, trace.line.shape == "hv")):
        drawn.append(f'<path d="{path}" {stroke(trace, colour)}/>')
    if "markers" in mode:
        fill = trace.marker.color if isinstance(trace.marker.color, str) else colour
        size = trace.marker.size if isinstance(trace.marker.size, int | float) else 7
        drawn += [
            marker(a, b, size, trace.marker.symbol, fill, trace.opacity)
            for a, b in points
            if a is not None and b is not None
        ]
    if trace.error_y.array is not None:
        drawn += _error_bars(trace, x, y, colour)
    if "text" in mode:
        beside, anchor = (6, "start") if trace.textposition == "top right" else (0, "middle")
        drawn += [
            label(a + beside, b - 8, text, anchor=anchor)
            for (a, b), text in zip(points, values(trace.text), strict=False)
            if a is not None and b is not None
        ]
    return drawn


def _error_bars(trace: Any, x: Axis, y: Axis, colour: str) -> list[str]:
    """Draw a vertical bar with caps through each point, as long as its error to either side."""
    half, drawn = (trace.error_y.width or 6) / 2, []
    for a, b, error in zip(*map(values, (trace.x, trace.y, trace.error_y.array)), strict=False):
        at, low, high = x.pixel(a), y.pixel(b - error), y.pixel(b + error)
        if at is not None and low is not None and high is not None:
            caps = "".join(f"M{at - half:.1f} {end:.1f}h{2 * half:.1f}" for end in (low, high))
            drawn.append(
                f'<path d="M{at:.1f} {low:.1f}V{high:.1f}{caps}" fill="none" '
                f'stroke="{xml(colour)}" stroke-width="{trace.error_y.thickness or 2:g}"/>'
            )
    return drawn


def stroke(trace: Any, colour: str) -> str:
    """Return the attributes of a trace's line."""
    width = 2 if trace.line.width is None else trace.line.width
    dash = _DASH.get(trace.line.dash or "", "")
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'fill="none" stroke="{xml(trace.line.color or colour)}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashed}{_opacity(trace.opacity)}'
    )


def marker(
    x: float, y: float, size: float, symbol: Any, colour: str, opacity: float | None = None
) -> str:
    """Draw one marker; names that end in `-open` give a ring, a hollow square, and so on."""
    name, r = str(symbol or "circle"), size / 2
    shape, hollow = name.removesuffix("-open"), name.endswith("-open")
    paint = (
        f'fill="none" stroke="{xml(colour)}" stroke-width="2"'
        if hollow
        else f'fill="{xml(colour)}"'
    ) + _opacity(opacity)
    if shape == "square":
        return f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{size:g}" height="{size:g}" {paint}/>'
    if shape == "diamond":
        r *= 1.25
        d = f"M{x:.1f} {y - r:.1f}l{r:.1f} {r:.1f}l{-r:.1f} {r:.1f}l{-r:.1f} {-r:.1f}z"
        return f'<path d="{d}" {paint}/>'
    if shape == "triangle-up":
        d = f"M{x:.1f} {y - r:.1f}l{r:.1f} {2 * r:.1f}h{-2 * r:.1f}z"
        return f'<path d="{d}" {paint}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" {paint}/>'


def bars(traces: list[tuple[Any, str]], x: Axis, y: Axis, mode: str) -> list[str]:
    """Draw the bar traces of one panel, side by side (`group`) or on top of each other."""
    drawn: list[str] = []
    for number, (trace, colour) in enumerate(traces):
        flat = trace.orientation == "h"
        along, across = (y, x) if flat else (x, y)
        places = values(trace.y if flat else trace.x)
        lengths = values(trace.x if flat else trace.y)
        widths = values(trace.width) or [None] * len(places)
        texts = values(trace.text) or [""] * len(places)
        fill = trace.marker.color if isinstance(trace.marker.color, str) else colour
        for place, length, width, text in zip(places, lengths, widths, texts, strict=False):
            centre, tip, base = along.number(place), across.pixel(length), across.pixel(0)
            if centre is None or tip is None or base is None:
                continue
            full = 0.8 * _spacing(places, along) if width is None else width
            slots = len(traces) if mode == "group" else 1
            slot = number if mode == "group" else 0
            left = centre - full / 2 + slot * full / slots
            a, b = sorted(_at(along, side) for side in (left, left + full / slots))
            gap = min(1.0, (b - a) / 6)
            a, b = a + gap / 2, b - gap / 2
            low, high = sorted((base, tip))
            box = (low, a, high - low, b - a) if flat else (a, low, b - a, high - low)
            drawn.append(_rect(*box, fill, bar_opacity(trace)))
            if text and trace.textposition != "none":
                drawn.append(
                    label(tip + 5, (a + b) / 2, text, anchor="start")
                    if flat
                    else label((a + b) / 2, tip - 8, text)
                )
    return drawn


def bar_opacity(trace: Any) -> float | None:
    """Return how opaque the bars of a trace are; of the marker it leaves their text alone."""
    own = trace.marker.opacity
    return own if isinstance(own, int | float) else trace.opacity


def heatmap(trace: Any, x: Axis, y: Axis) -> list[str]:
    """Draw a heatmap: one path a colour level, and the cells' text on top."""
    rows = [values(row) for row in values(trace.z)]
    columns = len(rows[0]) if rows else 0
    xs = values(trace.x) or list(range(columns))
    ys = values(trace.y) or list(range(len(rows)))
    low, high = colour_range(trace)
    half_x = abs(_at(x, 0.5) - _at(x, 0.0)) - (trace.xgap or 0) / 2
    half_y = abs(_at(y, 0.5) - _at(y, 0.0)) - (trace.ygap or 0) / 2
    # Cells that touch overlap a little, or the page would shine through where they meet.
    seam = 0.0 if trace.xgap or trace.ygap else 0.8
    cells: dict[int, list[str]] = defaultdict(list)
    texts: list[str] = []
    for r, row in enumerate(rows):
        for c, z in enumerate(row):
            cx, cy = x.pixel(xs[c]), y.pixel(ys[r])
            if z is None or not math.isfinite(z) or cx is None or cy is None:
                continue
            level = round(min(1.0, max(0.0, (z - low) / (high - low))) * (_LEVELS - 1))
            # A short thick line takes half the characters of a rectangle; maps have many cells.
            cells[level].append(f"M{cx - half_x:.1f} {cy:.1f}h{2 * half_x + seam:.1f}")
            if trace.text is not None and trace.texttemplate:
                colour = contrasting(at_scale(trace.colorscale, level / (_LEVELS - 1)))
                texts.append(label(cx, cy, str(trace.text[r][c]), fill=colour))
    paths = [
        f'<path stroke="{at_scale(trace.colorscale, level / (_LEVELS - 1))}" '
        f'stroke-width="{2 * half_y + seam:.1f}" shape-rendering="crispEdges" '
        f'd="{"".join(parts)}"/>'
        for level, parts in sorted(cells.items())
    ]
    return paths + texts


def colour_range(trace: Any) -> tuple[float, float]:
    """Return the values at the two ends of a heatmap's colours."""
    known = [
        z for row in values(trace.z) for z in values(row) if z is not None and math.isfinite(z)
    ]
    low = min(known, default=0.0) if trace.zmin is None else trace.zmin
    high = max(known, default=1.0) if trace.zmax is None else trace.zmax
    return (low, high) if high > low else (low, low + 1.0)


def at_scale(scale: Any, share: float) -> str:
    """Return the colour at a share (0 to 1) of a plotly colour scale, as `#rrggbb`."""
    known: Any = scale or theme.COLOURSCALE
    stops = [(float(at), _rgb(colour)) for at, colour in known]
    for (a, first), (b, second) in pairwise(stops):
        if share <= b:
            part = (share - a) / (b - a) if b > a else 0.0
            mixed = [round(p + (q - p) * part) for p, q in zip(first, second, strict=True)]
            return "#" + "".join(f"{value:02x}" for value in mixed)
    return "#" + "".join(f"{value:02x}" for value in stops[-1][1])


def contrasting(colour: str) -> str:
    """Return black or white, whichever reads better on a colour, as WCAG measures it."""
    shares = [part / 255 for part in _rgb(colour)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    light = sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if light > 0.179 else "#ffffff"


def label(x: float, y: float, text: str, anchor: str = "middle", fill: str = "") -> str:
    """Write one short line, centred on a height."""
    paint = f'fill="{fill}"' if fill else 'class="ink"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" dy="0.35em" font-size="{_TEXT_SIZE}" '
        f'text-anchor="{anchor}" {paint}>{xml(" ".join(lines(str(text))))}</text>'
    )


def values(array: Any) -> list[Any]:
    """Return a plotly array, a tuple, a numpy array or nothing, as a list."""
    if array is None:
        return []
    return list(array.tolist() if hasattr(array, "tolist") else array)


def _path(points: list[tuple[float | None, float | None]], steps: bool) -> str:
    parts: list[str] = []
    pen_down = False
    for x, y in points:
        if x is None or y is None:
            pen_down = False
        elif not pen_down:
            parts.append(f"M{x:.1f} {y:.1f}")
            pen_down = True
        else:
            parts.append(f"H{x:.1f}V{y:.1f}" if steps else f"L{x:.1f} {y:.1f}")
    # A lone point between two gaps would be invisible without a stroke of no length.
    return re.sub(r"(M[^A-Z]+)(?=M|$)", r"\1h0", "".join(parts))


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: Any) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
        f'height="{max(height, 0):.1f}" fill="{xml(fill)}"{_opacity(opacity)}/>'
    )


def _opacity(opacity: float | None) -> str:
    return "" if opacity in (None, 1) else f' opacity="{opacity:g}"'


def _at(axis: Axis, number: float) -> float:
    share = (number - axis.low) / (axis.high - axis.low)
    return axis.start + share * (axis.end - axis.start)


def _spacing(places: list[Any], axis: Axis) -> float:
    numbers = sorted({n for place in places if (n := axis.number(place)) is not None})
    return min((b - a for a, b in pairwise(numbers)), default=1.0)


def _rgb(colour: str) -> tuple[int, int, int]:
    if colour.startswith("#"):
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    red, green, blue, *_ = re.findall(r"[\d.]+", colour)
    return int(float(red)), int(float(green)), int(float(blue))
