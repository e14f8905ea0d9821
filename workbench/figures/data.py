"""What the data looks like: how many rows of each label, and how long the texts are."""

from __future__ import annotations

from itertools import pairwise

import plotly.graph_objects as go

from ..data.profile import DataProfile
from ..data.profiling import SourceProfile
from ..data.profiling.record import percent, split_title
from ..errors import shorten
from ..language import text
from . import theme
from ._text import escape

MAX_LABELS = 40

AnyProfile = DataProfile | SourceProfile


def label_counts(profile: AnyProfile) -> go.Figure:
    """Show the rows of each label in each split, in the order of the labels."""
    labels = list(dict.fromkeys(name for c in profile.label_counts.values() for name in c))
    if not labels:
        return _nothing("label_counts")
    shown = labels
    subtitle = ""
    if len(labels) > MAX_LABELS:
        totals = {
            name: sum(c.get(name, 0) for c in profile.label_counts.values()) for name in labels
        }
        shown = sorted(labels, key=totals.__getitem__, reverse=True)[:MAX_LABELS]
        subtitle = text("figures.label_counts.largest", shown=MAX_LABELS, all=len(labels))
    splits = list(profile.label_counts)
    traces = [
        go.Bar(
            x=[profile.label_counts[split].get(name, 0) for name in shown],
            y=list(range(len(shown))),
            text=[f"{profile.label_counts[split].get(name, 0):,}" for name in shown],
            name=escape(split_title(split)),
            orientation="h",
            marker={"color": theme.PALETTE[number % len(theme.PALETTE)]},
            textposition="outside",
            cliponaxis=False,
        )
        for number, split in enumerate(splits)
    ]
    row = 14 * len(splits) + 14
    figure = theme.begin("label_counts", traces, subtitle, height=150 + max(90, row * len(shown)))
    highest = max(max(trace.x) for trace in traces) or 1
    figure.update_layout(barmode="group", bargap=0.2)
    figure.update_xaxes(range=[0, highest * 1.12], tickformat=",d")
    figure.update_yaxes(theme.name_ticks(shown), range=[len(shown) - 0.5, -0.5])
    return figure


def length_histogram(profile: AnyProfile) -> go.Figure:
    """Show how long the texts are, in tokens, and where they are cut."""
    edges = profile.length_edges
    counts = {split: c for split, c in profile.length_counts.items() if sum(c)}
    if len(edges) < 2 or not counts:
        return _nothing("length_histogram")
    traces = []
    for number, (split, numbers) in enumerate(counts.items()):
        total = sum(numbers)
        traces.append(
            go.Bar(
                x=[(a + b) / 2 for a, b in pairwise(edges)],
                y=[count / total for count in numbers],
                width=[b - a for a, b in pairwise(edges)],
                customdata=list(numbers),
                hovertemplate="%{x}: %{y:.1%} (%{customdata:,})",
                name=escape(split_title(split)),
                opacity=0.85 if number == 0 else 0.6,
                marker={"color": theme.PALETTE[number % len(theme.PALETTE)]},
            )
        )
    limit = profile.max_tokens
    inside = limit <= 2.5 * edges[-1]
    cut = text(
        f"figures.length_histogram.{'cut' if profile.truncated_share else 'uncut'}",
        limit=f"{limit:,}",
        share=escape(percent(profile.truncated_share)),
    )
    figure = theme.begin("length_histogram", traces, cut)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(range=[min(0, edges[0]), max(edges[-1], limit * 1.05 if inside else 0)])
    if inside:
        figure.add_shape(
            type="line", x0=limit, x1=limit, y0=0, y1=1, yref="paper",
            line={"color": theme.PINK, "width": 2, "dash": "dash"},
        )  # fmt: skip
    return figure


def measure_histogram(profile: AnyProfile, name: str) -> go.Figure:
    """Show how a number is spread over the rows of each split."""
    measure = profile.measures.get(name) or {"edges": [], "counts": {}}
    edges = measure["edges"]
    counts = {split: c for split, c in measure["counts"].items() if sum(c)}
    if len(edges) < 2 or not counts:
        return _nothing("measure_histogram")
    traces = [
        go.Bar(
            x=[(a + b) / 2 for a, b in pairwise(edges)],
            y=[count / sum(numbers) for count in numbers],
            width=[b - a for a, b in pairwise(edges)],
            customdata=list(numbers),
            hovertemplate="%{x}: %{y:.1%} (%{customdata:,})",
            name=escape(split_title(split)),
            opacity=0.85 if place == 0 else 0.6,
            marker={"color": theme.PALETTE[place % len(theme.PALETTE)]},
        )
        for place, (split, numbers) in enumerate(counts.items())
    ]
    figure = theme.begin("measure_histogram", traces, measure=shorten(name, 40))
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(range=[edges[0], edges[-1]])
    return figure.update_yaxes(tickformat=".0%", rangemode="tozero")


def _nothing(name: str) -> go.Figure:
    return theme.say(theme.begin(name, [], legend="none"), text("figures.nothing"))
