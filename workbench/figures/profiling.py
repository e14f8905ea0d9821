"""What a source holds before anything is learned from it: gaps, languages, scripts, what is cut."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from ..data.profiling import SourceProfile
from ..data.profiling.record import percent
from ..language import text
from . import theme
from ._text import escape

MAX_BARS = 40
MAX_LANGUAGES = 12


def missing_cells(profile: SourceProfile) -> go.Figure:
    """Show the share of empty cells of each column, those with the most first."""
    gaps = [column for column in profile.columns if column.missing]
    shares = {column.name: column.missing / column.rows for column in gaps}
    worst = sorted(shares, key=lambda name: -shares[name])[:MAX_BARS]
    subtitle = ""
    if len(shares) > MAX_BARS:
        subtitle = text("figures.missing_cells.largest", shown=MAX_BARS, all=len(shares))
    return _bars("missing_cells", {name: shares[name] for name in worst}, subtitle)


def languages(profile: SourceProfile) -> go.Figure:
    """Show the share of each language among the texts."""
    named = {
        text("figures.languages.undecided") if code == "?" else code: share
        for code, share in list(profile.languages.items())[:MAX_LANGUAGES]
    }
    return _bars("languages", named, text("figures.languages.drawn", rows=profile.sampled_rows))


def scripts(profile: SourceProfile) -> go.Figure:
    """Show the share of each script among the letters of the texts."""
    shares = list(profile.scripts.items())[:MAX_LANGUAGES]
    return _bars("scripts", {_script(name): share for name, share in shares})


def truncated_shares(profile: SourceProfile) -> go.Figure:
    """Show the share of texts that each limit of tokens would cut, and the limit of the spec."""
    cut = profile.tokenizer.truncated if profile.tokenizer else {}
    if not cut:
        return theme.say(
            theme.begin("truncated_shares", [], legend="none"), text("figures.nothing")
        )
    limits = sorted(cut)
    places = list(range(len(limits)))
    trace = go.Scatter(
        x=places, y=[cut[limit] for limit in limits], mode="lines+markers+text",
        text=[escape(percent(cut[limit])) for limit in limits], textposition="top right",
        line={"color": theme.BLUE}, cliponaxis=False,
    )  # fmt: skip
    assert profile.tokenizer is not None
    figure = theme.begin(
        "truncated_shares", [trace], escape(profile.tokenizer.model), legend="none"
    )
    figure.update_xaxes(
        theme.name_ticks([f"{limit:,}" for limit in limits]), range=[-0.5, len(limits) - 0.5]
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.1])
    if profile.max_tokens in limits:
        at = limits.index(profile.max_tokens)
        figure.add_shape(
            type="line", x0=at, x1=at, y0=0, y1=1, yref="paper",
            line={"color": theme.PINK, "width": 2, "dash": "dash"},
        )  # fmt: skip
    return figure


def _script(name: str) -> str:
    """Return a script's name in the current language; of a rare one, Unicode's own."""
    try:
        return text(f"figures.scripts.names.{name}")
    except KeyError:
        return name


def _bars(name: str, shares: Mapping[str, float], subtitle: str = "") -> go.Figure:
    """Return horizontal bars of shares, in their order from the top."""
    if not shares:
        return theme.say(theme.begin(name, [], legend="none"), text("figures.nothing"))
    trace = go.Bar(
        x=list(shares.values()), y=list(range(len(shares))), orientation="h",
        text=[escape(percent(share)) for share in shares.values()], textposition="outside",
        cliponaxis=False, marker={"color": theme.BLUE},
    )  # fmt: skip
    height = 150 + max(90, 26 * len(shares))
    figure = theme.begin(name, [trace], subtitle, height=height, legend="none")
    figure.update_layout(bargap=0.25)
    figure.update_xaxes(range=[0, max(max(shares.values()) * 1.12, 0.01)], tickformat=".0%")
    return figure.update_yaxes(theme.name_ticks(list(shares)), range=[len(shares) - 0.5, -0.5])
