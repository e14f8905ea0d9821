"""Several runs in one picture: their losses and scores by step, a fork from where it forked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..evaluation.paired import Paired
from ..language import text
from ..runs import RunState
from . import theme
from ._text import escape
from .curves import _evaluated, logged, metric_name, smooth, thin

Points = tuple[list[int], list[float | None]]


@dataclass(frozen=True)
class Contender:
    """A run to be drawn: its name and state, and where it left which of the others.

    `parent` is a place among the runs that are drawn together; None where the run left none of
    them. `fork_step` is None for a run that is no fork.
    """

    name: str
    state: RunState
    fork_step: int | None = None
    parent: int | None = None


def compared_training_loss(runs: Sequence[Contender]) -> go.Figure:
    """Show the smoothed training losses of several runs over each other."""
    lines = overlay(runs, _smoothed_loss)
    return _over_each_other("compared_training_loss", runs, lines, "lines")


def compared_validation_loss(runs: Sequence[Contender]) -> go.Figure:
    """Show the validation losses of several runs over each other."""
    lines = overlay(runs, lambda state: _evaluated(state, "loss"))
    return _over_each_other("compared_validation_loss", runs, lines, "lines+markers")


def compared_metric(
    runs: Sequence[Contender], metric: str, paired: Paired | None = None
) -> go.Figure:
    """Show one validation score of several runs over each other.

    With `paired` of two runs, the scores of the models that were kept stand beside the curves,
    each with its standard error, and the difference with its own below the title.
    """
    lines = overlay(runs, lambda state: _evaluated(state, metric))
    name = metric_name(metric)
    figure = _over_each_other("compared_metric", runs, lines, "lines+markers", name)
    return figure if paired is None or not figure.data else _beside_scores(figure, runs, paired)


def overlay(
    runs: Sequence[Contender], curve: Callable[[RunState], Points]
) -> list[tuple[Points, bool]]:
    """Return each run's curve, and whether it begins on its parent's.

    A fork is drawn after the step at which it left, from where its parent's curve was then.
    """
    whole = [curve(run.state) for run in runs]
    return [_from_fork(run, *points, whole) for run, points in zip(runs, whole, strict=True)]


def value_at(steps: list[int], values: list[float | None], step: int) -> float | None:
    """Return a curve's value at a step, on the line between its neighbours; None outside."""
    after = bisect_left(steps, step)
    if after == len(steps) or (after == 0 and steps[0] != step):
        return None
    if steps[after] == step:
        return values[after]
    (x0, x1), (y0, y1) = steps[after - 1 : after + 1], values[after - 1 : after + 1]
    return None if y0 is None or y1 is None else y0 + (y1 - y0) * (step - x0) / (x1 - x0)


def _from_fork(
    run: Contender, steps: list[int], values: list[float | None], whole: list[Points]
) -> tuple[Points, bool]:
    if run.fork_step is None:
        return (steps, values), False
    start = bisect_left(steps, run.fork_step + 1)
    own = steps[start:], values[start:]
    origin = None if run.parent is None else value_at(*whole[run.parent], run.fork_step)
    if origin is None or not own[0]:
        return own, False
    return ([run.fork_step, *own[0]], [origin, *own[1]]), True


def _smoothed_loss(state: RunState) -> Points:
    steps, losses = logged(state, "loss")
    return steps, smooth(losses)


def _over_each_other(
    name: str,
    runs: Sequence[Contender],
    lines: list[tuple[Points, bool]],
    mode: str,
    metric: str = "",
) -> go.Figure:
    traces: list[go.Scatter] = []
    for number, (run, ((steps, values), forked)) in enumerate(zip(runs, lines, strict=True)):
        if not steps:
            continue
        colour = theme.PALETTE[number % len(theme.PALETTE)]
        dash = theme.DASHES[number // len(theme.PALETTE) % len(theme.DASHES)]
        x, y = thin(steps, values)
        traces.append(
            go.Scatter(
                x=x,
                y=y,
                name=_called(run, 60),
                mode=mode,
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 6},
                connectgaps=False,
            )
        )
        if forked:
            traces.append(_fork_mark(steps[0], values[0], colour))
    if not traces:
        return theme.say(
            theme.begin(name, [], legend="none", metric=metric), text("figures.nothing_yet")
        )
    # More than three names above each other would push the plot down.
    legend = "top" if len(runs) <= 3 else "right"
    figure = theme.begin(name, traces, legend=legend, metric=metric)
    figure.update_layout(hovermode="x unified")
    last = max(x for trace in traces for x in trace.x)
    return figure.update_xaxes(theme.step_ticks(last))


def _beside_scores(figure: go.Figure, runs: Sequence[Contender], paired: Paired) -> go.Figure:
    """Give the curves the left of a figure, and the scores of the kept models the right."""
    scores = ((paired.first, paired.first_error), (paired.second, paired.second_error))
    lines = {line.name: line for line in figure.data if line.showlegend is not False}
    heights = [y for line in figure.data for y in line.y if y is not None]
    for place, (run, (score, error)) in enumerate(zip(runs, scores, strict=True)):
        line = lines.get(_called(run, 60))
        heights += [score - error, score + error]
        figure.add_scatter(
            x=[place],
            y=[score],
            error_y={"type": "data", "array": [error], "thickness": 2, "width": 6},
            mode="markers",
            marker={"size": 9, "color": theme.PALETTE[place] if line is None else line.line.color},
            name=_called(run, 60),
            showlegend=False,
            xaxis="x2",
            yaxis="y2",
            cliponaxis=False,
        )
    room = 0.12 * (max(heights) - min(heights)) or 0.1
    ends = [min(heights) - room, max(heights) + room]
    values = {"difference": f"{paired.difference:+.3f}", "error": f"{paired.difference_error:.3f}"}
    values |= {"first": _called(runs[0], 40), "second": _called(runs[1], 40)}
    figure.update_layout(
        title={"subtitle": {"text": text("figures.compared_metric.difference", **values)}},
        margin={"t": figure.layout.margin.t + 38},
        xaxis={"domain": [0, 0.6]},
        yaxis={"range": ends},
        xaxis2={
            "domain": [0.68, 1], "anchor": "y2", "range": [-0.6, 1.6], "showgrid": False,
            "title": {"text": text("figures.compared_metric.kept")}, "tickvals": [0, 1],
            "ticktext": [f"{score:.3f} ± {error:.3f}" for score, error in scores], "ticks": "",
        },
        yaxis2={"range": ends, "anchor": "x2"},
    )  # fmt: skip
    return figure


def _called(run: Contender, limit: int) -> str:
    """Return a run's name, in short without its middle: runs of one family differ at the end."""
    name, half = run.name, limit // 2
    return escape(name if len(name) <= limit else f"{name[: half - 1]}…{name[-half:]}")


def _fork_mark(step: int, value: float | None, colour: str) -> go.Scatter:
    return go.Scatter(
        x=[step],
        y=[value],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": colour},
        showlegend=False,
        hoverinfo="skip",
    )
