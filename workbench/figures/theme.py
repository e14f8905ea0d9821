"""The one look of all figures: colours, fonts, and how a figure is begun.

Figures stand on light and on dark pages, so the background is transparent, and every colour has
a contrast of at least 3 to 1 against white and against near-black. Text has 4.5 to 1 against white,
which no one colour has against both; on Lab's dark pages a style sheet makes it lighter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from ..language import text
from ._text import escape

# Distinct for colour-blind eyes too: derived from the palette of Okabe and Ito, evened in
# lightness. Figures with several series also differ in dash, marker or position.
BLUE, ORANGE, GREEN = "#2f7ebb", "#d9640b", "#0e9a6e"
PURPLE, GOLD, PINK = "#9b6bc8", "#a98307", "#c0629b"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, GOLD, PINK)
GREY = "#777c83"
INK, INK_ON_DARK = "#6b7178", "#a3abb5"
GRID = "rgba(127,133,140,0.22)"
AXIS = "rgba(127,133,140,0.55)"
DASHES = ("solid", "dash", "dot", "dashdot")

# Viridis: perceptually even, and readable without colour.
SCALE = (
    "#440154", "#482878", "#3e4989", "#31688e", "#26828e",
    "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725",
)  # fmt: skip
COLOURSCALE = [[i / (len(SCALE) - 1), colour] for i, colour in enumerate(SCALE)]

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', "
    "'PingFang SC', 'Microsoft YaHei', sans-serif"
)

_AXIS = {
    "gridcolor": GRID,
    "linecolor": AXIS,
    "showline": True,
    "zeroline": False,
    "ticks": "outside",
    "tickcolor": AXIS,
    "ticklen": 4,
    "automargin": True,
    "exponentformat": "e",
    "title": {"standoff": 12, "font": {"size": 13}},
}

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "colorway": list(PALETTE),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "title": {
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 14, "l": 16},
            "font": {"size": 16},
            "subtitle": {"font": {"size": 12}},
        },
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hoverlabel": {"font": {"family": FONT}},
        "legend": {"bgcolor": "rgba(0,0,0,0)"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": BLUE},
    }
)

WIDTH, HEIGHT = 720, 400


def begin(
    name: str,
    traces: Iterable[Any],
    subtitle: str = "",
    height: int = HEIGHT,
    width: int | None = None,
    legend: str = "top",
    **title_values: Any,
) -> go.Figure:
    """Return a figure with the theme, and with the title and axis titles of the catalogue.

    `name` is the key below `figures.`; its entry has `title`, `x`, `y` and `look`. `legend` is
    `top`, `right` or `none`. Strings among `title_values` are escaped. `subtitle` may hold text
    from data if that was escaped.
    """
    values = {k: escape(v) if isinstance(v, str) else v for k, v in title_values.items()}
    figure = go.Figure(data=list(traces))
    title: dict[str, Any] = {"text": text(f"figures.{name}.title", **values)}
    if subtitle:
        title["subtitle"] = {"text": subtitle}
    figure.update_layout(
        template=TEMPLATE,
        title=title,
        height=height,
        width=width,
        margin={"l": 64, "r": 24, "t": 52 + 20 * bool(subtitle) + 26 * (legend == "top"), "b": 56},
        meta={"name": name, "look": caption(name)},
        showlegend=legend != "none",
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"}
        if legend == "top"
        else {"orientation": "v", "x": 1.02, "y": 1, "xanchor": "left", "yanchor": "top"},
        xaxis={"title": {"text": text(f"figures.{name}.x", **values)}},
        yaxis={"title": {"text": text(f"figures.{name}.y")}},
    )
    return figure


def caption(name: str) -> str:
    """Return the sentence that says what to look for in the figure called `name`."""
    return text(f"figures.{name}.look")


def say(figure: go.Figure, sentence: str) -> go.Figure:
    """Put a sentence in the middle of a figure that has nothing to show, and return it."""
    figure.add_annotation(
        text=escape(sentence), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False,
        font={"size": 14},
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], showticklabels=False)
    figure.update_yaxes(range=[0, 1], showticklabels=False)
    return figure


def name_ticks(labels: Sequence[str], limit: int = 28) -> dict[str, Any]:
    """Return the ticks of an axis whose positions 0, 1, 2, … stand for `labels`.

    Equal labels stay apart, long ones are cut, and all are escaped.
    """
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [escape(label, limit) for label in labels],
        "showgrid": False,
    }


def step_ticks(last_step: int) -> dict[str, Any]:
    """Return the ticks of an axis that counts steps: whole numbers only."""
    return {"tickformat": ",d", **({"dtick": 1} if last_step <= 6 else {})}
