"""What happened during training: losses, scores, learning rate and gradients by step.

Long runs are thinned for drawing, with the extremes of every stretch, and numbers are rounded to
what a reader can tell: a million logged steps give a figure as small as a few thousand do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ..language import text
from ..runs import RunState
from . import theme
from ._text import escape

MAX_POINTS = 1500
# Of a longer run, the losses as logged are drawn as a band from lowest to highest: a thick mesh
# of lines shows no more, and Lab's own picture of it makes the notebook ten times as large.
MOST_LINES = 600
BANDS = 100
# A smoothed curve and a schedule have no fine detail to keep.
MAX_SMOOTH_POINTS = 200
MOST_DOTS = 40


def loss_curves(state: RunState) -> go.Figure:
    """Show training loss (as logged and smoothed) and validation loss, with the best step."""
    return _by_step("loss_curves", loss_traces(state), state)


def metric_curves(state: RunState) -> go.Figure:
    """Show the validation scores, each between 0 and 1, with the best step."""
    figure = _by_step("metric_curves", score_traces(state), state)
    if "f1_macro" in _metric_names(state):
        figure.layout.meta["look"] += text("figures.metric_curves.look_at_classes")
    return figure


def learning_rate_curve(state: RunState) -> go.Figure:
    """Show the learning rate that each step was taken with."""
    traces = rate_traces(state)
    figure = _by_step("learning_rate_curve", traces, state, legend="none")
    return figure.update_yaxes(rangemode="tozero") if traces else figure


def gradient_norm_curve(state: RunState) -> go.Figure:
    """Show the length of the gradient at each step, on a log axis."""
    steps, norms = logged(state, "grad_norm")
    traces: list[Any] = []
    if steps:
        smoothed = smooth(norms)
        traces.append(
            line(*thin(steps, norms), "gradient_norm", theme.PURPLE, opacity=0.45, width=1.2)
        )
        traces.append(
            line(
                *thin(steps, smoothed, MAX_SMOOTH_POINTS),
                "gradient_norm_smoothed",
                theme.PURPLE,
                width=2.5,
            )
        )
    figure = _by_step("gradient_norm_curve", traces, state)
    positive = [norm for norm in norms if norm]
    return figure.update_yaxes(type="log") if positive else figure


def metric_name(name: str) -> str:
    """Return a metric's name in the current language; an unknown one as it is."""
    try:
        return text(f"figures.metric.{name}")
    except KeyError:
        return escape(name)


def smooth(values: Sequence[float | None]) -> list[float | None]:
    """Return the exponential moving average over about a twentieth of the values.

    Gaps stay gaps. The start is corrected for having nothing before it, as Adam does.
    """
    weight = 1 - 1 / max(1.0, len(values) / 20)
    total, seen = 0.0, 0.0
    result: list[float | None] = []
    for value in values:
        if value is None:
            result.append(None)
            continue
        total = weight * total + (1 - weight) * value
        seen = weight * seen + (1 - weight)
        result.append(total / seen)
    return result


def thin(
    steps: Sequence[int], values: Sequence[float | None], limit: int = MAX_POINTS
) -> tuple[list[int], list[float | None]]:
    """Return at most about `limit` points, with the lowest and highest of every stretch."""
    if len(steps) <= limit:
        return list(steps), list(values)
    kept = {0, len(steps) - 1}
    stretch = math.ceil(len(steps) / (limit // 2))
    for start in range(0, len(steps), stretch):
        numbers = range(start, min(start + stretch, len(steps)))
        known = {n: value for n in numbers if (value := values[n]) is not None}
        if len(known) < len(numbers):
            kept.add(next(n for n in numbers if n not in known))
        if known:
            kept |= {min(known, key=known.__getitem__), max(known, key=known.__getitem__)}
    order = sorted(kept)
    return [steps[n] for n in order], [values[n] for n in order]


def loss_traces(state: RunState) -> list[Any]:
    """Return the losses: as logged, smoothed, and in validation, with a ring at the best."""
    steps, losses = logged(state, "loss")
    checked, validation = _evaluated(state, "loss")
    traces: list[Any] = []
    if steps:
        smoothed = thin(steps, smooth(losses), MAX_SMOOTH_POINTS)
        traces = [
            _band(steps, losses)
            if len(steps) > MOST_LINES
            else line(steps, losses, "train_loss", theme.BLUE, opacity=0.45, width=1.2),
            line(*smoothed, "train_loss_smoothed", theme.BLUE, width=2.5),
        ]
    if checked:
        shown = thin(checked, validation, MAX_SMOOTH_POINTS)
        traces.append(line(*shown, "validation_loss", theme.ORANGE, _mode(shown[0])))
        traces += _best(state, [validation], checked)
    return traces


def _band(steps: list[int], losses: list[float | None]) -> go.Scatter:
    """Return the area between the lowest and the highest loss of every stretch of steps."""
    size = math.ceil(len(steps) / BANDS)
    middles: list[int] = []
    lows: list[float | None] = []
    highs: list[float | None] = []
    for start in range(0, len(steps), size):
        known = [loss for loss in losses[start : start + size] if loss is not None]
        if known:
            middles.append(steps[min(start + size // 2, len(steps) - 1)])
            lows.append(min(known))
            highs.append(max(known))
    trace = line(middles + middles[::-1], highs + lows[::-1], "train_loss", theme.BLUE, width=0)
    return trace.update(fill="toself", fillcolor="rgba(47,126,187,0.3)", hoverinfo="skip")


def score_traces(state: RunState, most: int | None = None) -> list[Any]:
    """Return a curve of each validation score, or the first ones, with a ring at the best step."""
    names = [name for name in _metric_names(state) if name != "loss"][:most]
    curves = [_evaluated(state, name) for name in names]
    traces: list[Any] = []
    for number, (name, (checked, values)) in enumerate(zip(names, curves, strict=True)):
        steps, scores = thin(checked, values, MAX_SMOOTH_POINTS)
        traces.append(
            go.Scatter(
                x=steps,
                y=scores,
                name=metric_name(name),
                mode=_mode(steps),
                line={
                    "color": theme.PALETTE[number % len(theme.PALETTE)],
                    "dash": theme.DASHES[number % len(theme.DASHES)],
                },
                marker={"size": 6},
            )
        )
    return traces + (_best(state, [y for _, y in curves], curves[0][0]) if curves else [])


def _mode(steps: list[int]) -> str:
    """Return how a curve of evaluations is drawn: dots that would touch are left out."""
    return "lines+markers" if len(steps) <= MOST_DOTS else "lines"


def rate_traces(state: RunState) -> list[Any]:
    """Return the curve of the learning rate, if it was logged."""
    steps, rates = thin(*logged(state, "learning_rate"), MAX_SMOOTH_POINTS)
    return [line(steps, rates, "learning_rate", theme.GREEN)] if steps else []


def logged(state: RunState, name: str) -> tuple[list[int], list[float | None]]:
    """Return the steps and a column of what was logged, None for what is no number."""
    values = [value if math.isfinite(value) else None for value in state.steps.column(name)]
    if all(value is None for value in values):
        return [], []
    return [int(step) for step in state.steps.column("step")], values


def _evaluated(state: RunState, name: str) -> tuple[list[int], list[float | None]]:
    pairs = [(e["step"], _finite(e["metrics"].get(name))) for e in state.evaluations]
    return ([], []) if all(v is None for _, v in pairs) else _columns(pairs)


def _columns(pairs: list[tuple[int, float | None]]) -> tuple[list[int], list[float | None]]:
    return [step for step, _ in pairs], [value for _, value in pairs]


def _finite(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and math.isfinite(value) else None


def _metric_names(state: RunState) -> list[str]:
    """Return the metrics that any evaluation has a number for, in their first order."""
    return list(
        dict.fromkeys(
            name
            for event in state.evaluations
            for name, value in event["metrics"].items()
            if _finite(value) is not None
        )
    )


def line(
    steps: list[int],
    values: list[float | None],
    name: str,
    colour: str,
    mode: str = "lines",
    opacity: float | None = None,
    width: float = 2,
) -> go.Scatter:
    """Return a curve under a name of the catalogue, with numbers a reader can tell apart."""
    return go.Scatter(
        x=steps,
        y=[value if value is None else float(f"{value:.6g}") for value in values],
        name=text(f"figures.series.{name}"),
        mode=mode,
        line={"color": colour, "width": width},
        opacity=opacity,
        connectgaps=False,
    )


def _best(state: RunState, curves: list[list[float | None]], steps: list[int]) -> list[Any]:
    """Return a ring around the best step's point on each of the curves."""
    if state.best_step not in steps:
        return []
    # A run that was taken up again may have evaluated the step twice; the later counts.
    place = len(steps) - 1 - steps[::-1].index(state.best_step)
    values = [curve[place] for curve in curves if len(curve) > place and curve[place] is not None]
    if not values:
        return []
    return [
        go.Scatter(
            x=[state.best_step] * len(values),
            y=values,
            name=text("figures.series.best", step=f"{state.best_step:,}"),
            mode="markers",
            marker={
                "symbol": "circle-open",
                "size": 15,
                "color": theme.PINK,
                "line": {"width": 2},
            },
        )
    ]


def _by_step(name: str, traces: list[Any], state: RunState, legend: str = "top") -> go.Figure:
    if not traces:
        return theme.say(theme.begin(name, [], legend="none"), text("figures.nothing_yet"))
    figure = theme.begin(name, traces, legend=legend)
    figure.update_layout(hovermode="x unified")
    return figure.update_xaxes(theme.step_ticks(state.step))
