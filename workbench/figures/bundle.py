"""A figure as a mime bundle: interactive where plotly is about, an image everywhere else."""

from __future__ import annotations

import base64
import html
import json
from typing import Any

import plotly.graph_objects as go

from ._text import lines, unisolated
from .output import html_output
from .svg import to_svg
from .theme import INK_ON_DARK

PLOTLY = "application/vnd.plotly.v1+json"

# What plotly puts over a chart: a few buttons, and none that sends the chart to somebody.
CONFIG = {
    "displayModeBar": "hover",
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    "responsive": True,
}
# While nobody points at the chart, its buttons are no stops for the Tab key either. What is
# written on the page itself, and not on bars or cells, follows Lab's dark themes.
STYLE = (
    "<style>.js-plotly-plot .modebar-btn{visibility:hidden}"
    ".js-plotly-plot:hover .modebar-btn{visibility:visible}"
    '[data-jp-theme-light="false"] .js-plotly-plot :is(.xtick,.ytick,.g-xtitle,.g-ytitle,'
    ".g-gtitle,.legend,.colorbar) text,"
    '[data-jp-theme-light="false"] .js-plotly-plot text.bartext-outside'
    f"{{fill:{INK_ON_DARK} !important}}</style>"
)


def bundle(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as `{mime type: data}`, for `display(…, raw=True)`.

    The same figure three times: plotly's own form, which Lab takes; an SVG image; one line of
    text. The image stands alone and not inside HTML, because whoever shows a stranger's notebook
    (a code host, nbconvert with `sanitize_html`) takes `data:` images out of HTML, but makes an
    `<img>` of an output that is an image.
    """
    from plotly.io import to_json

    drawn = json.loads(to_json(figure, validate=False, engine="json"))
    return {
        PLOTLY: drawn | {"config": CONFIG},
        "image/svg+xml": to_svg(figure),
        "text/plain": summary(figure),
    }


def explained(*figures: go.Figure) -> list[dict[str, Any]]:
    """Return each figure as a bundle, and below it the sentence that says what to look for."""
    return [part for figure in figures for part in (bundle(figure), _look(figure))]


def _look(figure: go.Figure) -> dict[str, Any]:
    look = figure.layout.meta["look"]
    return html_output(f"{STYLE}<p>{html.escape(look)}</p>", look, "workbench-page")


def interactive_page(figure: go.Figure) -> str:
    """Return a page of one figure that needs neither network nor kernel, and that can be zoomed."""
    drawn = figure.to_html(include_plotlyjs=True, full_html=True, config=CONFIG)
    return drawn.replace("</head>", f"{STYLE}</head>", 1)


def image(figure: go.Figure, adaptive: bool = False) -> str:
    """Return a figure as an `<img>` element that holds its own SVG."""
    data = base64.b64encode(to_svg(figure, adaptive).encode("utf-8")).decode("ascii")
    alt = html.escape(summary(figure))
    return (
        f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}" '
        'style="max-width:100%;height:auto">'
    )


def summary(figure: go.Figure) -> str:
    """Return a figure's title and the sentence that says what to look for, as one line."""
    title = unisolated(" ".join(lines(figure.layout.title.text)))
    look = (figure.layout.meta or {}).get("look", "")
    return f"{title} – {look}" if look else title
