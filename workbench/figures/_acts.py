"""What happened to a run by hand or by chance: in words, and as marks on its curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ..errors import shorten
from ..language import catalogue, text
from ..runs import Event, RunState
from . import theme
from ._text import escape

MARK_COLOURS = {"act": theme.PURPLE, "break": theme.GREY, "checkpoint": "#57809c"}
# So many lines can be told apart; of more, some are shown.
MOST_MARKS = 150


def describe_mark(kind: str, event: Event, language: str | None = None) -> str:
    """Return what happened at a mark, in words: what, from where to where, who, at which step.

    The words may hold text from data, unescaped.
    """
    if kind == "break":
        return text("live.mark.break", language, step=event["resumed_from"])
    if kind == "checkpoint":
        key = "best_checkpoint" if event.get("best") else "checkpoint"
        return text(f"live.mark.{key}", language, step=event["step"])
    who = shorten(event.get("who") or "", 40)
    by = text("live.mark.by", language, who=who) if who else ""
    return _deed(event, language) + by + text("live.mark.at", language, step=event["step"])


def mark_commands(figure: go.Figure, state: RunState, low: float, high: float) -> go.Figure:
    """Draw acts and breaks as lines over all panels, checkpoints as squares at their foot.

    `low` and `high` are where the curves of the first panel end; the words are in the hover.
    """
    for kind, events, dash in (("act", state.commands, "dash"), ("break", state.breaks, "dot")):
        for step in dict.fromkeys(event["step"] for event in some(events)):
            figure.add_shape(
                type="line", x0=step, x1=step, y0=0, y1=1, yref="paper", layer="below",
                line={"color": MARK_COLOURS[kind], "width": 1, "dash": dash},
            )  # fmt: skip
        if events:
            figure.add_trace(_marks(kind, events, high, "diamond", state))
    if state.checkpoints:
        figure.add_trace(_marks("checkpoint", state.checkpoints, low, "square", state))
    return figure


def some(events: Sequence[Event]) -> Sequence[Event]:
    """Return at most `MOST_MARKS` events, evenly, with the last."""
    every = -(-len(events) // MOST_MARKS) or 1
    return events[::-1][::every][::-1]


def _marks(kind: str, events: Sequence[Event], height: float, symbol: str, state: RunState) -> Any:
    shown = some(events)
    return go.Scatter(
        x=[event["step"] for event in shown],
        y=[height] * len(shown),
        name=text(f"live.chart.marks.{kind}"),
        mode="markers",
        marker={"symbol": symbol, "size": 7, "color": MARK_COLOURS[kind]},
        text=[escape(describe_mark(kind, event)) for event in shown],
        hovertemplate="%{text}<extra></extra>",
    )


def _deed(event: Event, language: str | None) -> str:
    knob, old, new = str(event["knob"]), event.get("old"), event.get("new")
    key = f"live.act.{knob}"
    if knob == "paused":
        key += "_on" if new else "_off"
    if key in catalogue(language or "en"):
        return text(key, language, new=shorten(new, 60))
    return text(
        "live.act.moved", language, knob=shorten(knob, 40), old=_shown(old), new=_shown(new)
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None else shorten(value, 40)
