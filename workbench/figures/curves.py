"""What happened during training: losses, scores, learning rate and gradients by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ..language import text
from ..runs import RunState
from . import theme
from ._text import escape

MAX_POINTS = 2000


def loss_curves(state: RunState) -> go.Figure:
    """Show training loss (as logged and smoothed) and validation loss, with the best step."""
    steps, losses = _logged(state, "loss")
    smoothed = smooth(losses)
    checked, validation = _evaluated(state, "loss")
    traces: list[Any] = []
    if steps:
        thin_steps, thin_losses = thin(steps, losses)
        traces.append(
            _line(thin_steps, thin_losses, "train_loss", theme.BLUE, opacity=0.45, width=1.2)
        )
        thin_steps, thin_losses = thin(steps, smoothed)
        traces.append(_line(thin_steps, thin_losses, "train_loss_smoothed", theme.BLUE, width=2.5))
    if checked:
        traces.append(
            _line(checked, validation, "validation_loss", theme.ORANGE, mode="lines+markers")
        )
        traces += _best(state, [validation], checked)
    return _by_step("loss_curves", traces, state)


def metric_curves(state: RunState) -> go.Figure:
    """Show the validation scores, each between 0 and 1, with the best step."""
    names = [name for name in _metric_names(state) if name != "loss"]
    traces: list[Any] = []
    curves = []
    for number, name in enumerate(names):
        checked, values = _evaluated(state, name)
        curves.append(values)
        traces.append(
            go.Scatter(
                x=checked,
                y=values,
                name=metric_name(name),
                mode="lines+markers",
                line={
                    "color": theme.PALETTE[number % len(theme.PALETTE)],
                    "dash": theme.DASHES[number % len(theme.DASHES)],
                },
                marker={"size": 6},
            )
        )
    if traces:
        traces += _best(state, curves, _evaluated(state, names[0])[0])
    return _by_step("metric_curves", traces, state)


def learning_rate_curve(state: RunState) -> go.Figure:
    """Show the learning rate that each step was taken with."""
    steps, rates = thin(*_logged(state, "learning_rate"))
    traces = [_line(steps, rates, "learning_rate", theme.GREEN)] if steps else []
    figure = _by_step("learning_rate_curve", traces, state, legend="none")
    return figure.update_yaxes(rangemode="tozero") if traces else figure


def gradient_norm_curve(state: RunState) -> go.Figure:
    """Show the length of the gradient at each step, on a log axis."""
    steps, norms = _logged(state, "grad_norm")
    traces: list[Any] = []
    if steps:
        smoothed = smooth(norms)
        traces.append(
            _line(*thin(steps, norms), "gradient_norm", theme.PURPLE, opacity=0.45, width=1.2)
        )
        traces.append(
            _line(*thin(steps, smoothed), "gradient_norm_smoothed", theme.PURPLE, width=2.5)
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
    total, seen, result = 0.0, 0.0, []
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
        known = [n for n in numbers if values[n] is not None]
        if len(known) < len(numbers):
            kept.add(next(n for n in numbers if values[n] is None))
        if known:
            kept |= {min(known, key=lambda n: values[n]), max(known, key=lambda n: values[n])}
    order = sorted(kept)
    return [steps[n] for n in order], [values[n] for n in order]


def _logged(state: RunState, name: str) -> tuple[list[int], list[float | None]]:
    pairs = [(event["step"], _finite(event.get(name))) for event in state.steps]
    return ([], []) if all(v is None for _, v in pairs) else _columns(pairs)


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


def _line(
    steps: list[int],
    values: list[float | None],
    name: str,
    colour: str,
    mode: str = "lines",
    opacity: float | None = None,
    width: float = 2,
) -> go.Scatter:
    return go.Scatter(
        x=steps,
        y=values,
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
