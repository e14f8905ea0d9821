"""Where a model looked: one head, or the mean of a layer's heads, as a heatmap."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ..attention.record import AttentionRecord
from ..language import text
from . import theme
from ._text import escape


def attention_heatmap(record: AttentionRecord, layer: int, head: int | None = None) -> go.Figure:
    """Show the attention weights of one head (from 0), or the mean over the layer's heads.

    The row is the token that looks, the column the token that is looked at. Colour grows with
    the square root of the weight, because most weights are tiny.

    Raises:
        IndexError: the record has no such layer or head.
    """
    weights = record.map(0, layer, head)
    if weights is None:  # of a long text few maps are kept
        (layer, head), _ = next(iter(record.blocks[0].maps.items()))
        weights = record.map(0, layer, head)
    count = len(record.tokens)
    cells = go.Heatmap(
        z=np.sqrt(weights).round(3).tolist(),
        customdata=weights.round(4).tolist(),
        hovertemplate="%{y} → %{x}: %{customdata:.3f}<extra></extra>",
        zmin=0,
        zmax=1,
        colorscale=theme.COLOURSCALE,
        colorbar={
            "tickvals": [weight**0.5 for weight in (0, 0.01, 0.05, 0.2, 0.5, 1)],
            "ticktext": ["0", "0.01", "0.05", "0.2", "0.5", "1"],
            "outlinewidth": 0,
            "thickness": 12,
        },
    )
    side = max(240, min(800, 24 * count))
    place = (
        text("figures.attention_heatmap.mean", layer=layer + 1, heads=record.heads)
        if head is None
        else text("figures.attention_heatmap.head", layer=layer + 1, head=head + 1)
    )
    whose = " · ".join(
        part for part in (_model(record.model), escape(record.prediction, 60)) if part
    )
    figure = theme.begin(
        "attention_heatmap",
        [cells],
        subtitle=whose,
        height=side + 210,
        width=max(520, side + 260),
        legend="none",
        place=place,
    )
    size = {"tickfont": {"size": 11 if count <= 32 else 9}, "showline": False, "ticks": ""}
    ticks = theme.name_ticks(record.tokens, 18) | size
    figure.update_xaxes(
        ticks, tickangle=-45 if count <= 32 else -90, range=[-0.5, count - 0.5], constrain="domain"
    )
    figure.update_yaxes(ticks, range=[count - 0.5, -0.5], scaleanchor="x", constrain="domain")
    return figure


def _model(name: str) -> str:
    """Return whose attention it is; the two of a run in the current language."""
    return text(f"figures.series.{name}") if name in ("before", "after") else escape(name, 60)
