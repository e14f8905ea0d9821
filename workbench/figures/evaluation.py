"""How good the model is: figures from `evaluation/metrics.json`."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from ..errors import shorten
from ..language import text
from ..runs.evaluation import Evaluation
from ..tasks import task_of
from . import theme
from ._marks import at_scale, contrasting
from ._text import escape
from .curves import metric_name

MAX_CURVES = 5
RULE_COLOURS = (theme.GREY, theme.PURPLE, theme.GREEN)
WIDE = 640
MAX_CLASSES = 30
MAX_CELLS_WITH_TEXT = 400

Metrics = Evaluation


def confusion_matrix(metrics: Metrics) -> go.Figure:
    """Show what each class was taken for: counts, coloured by the share of the true class."""
    counts, labels = metrics.get("confusion") or [], metrics.get("labels") or []
    if not counts:
        return _nothing("confusion_matrix")
    totals = [sum(row) for row in counts]
    shares = [
        [n / total if total else 0.0 for n in row]
        for row, total in zip(counts, totals, strict=True)
    ]
    with_text = len(labels) ** 2 <= MAX_CELLS_WITH_TEXT
    cells = go.Heatmap(
        z=shares,
        text=[[f"{n:,}" for n in row] for row in counts],
        hovertemplate="%{y} → %{x}: %{text} (%{z:.1%})<extra></extra>",
        zmin=0,
        zmax=1,
        xgap=2 if with_text else 0,
        ygap=2 if with_text else 0,
        colorscale=theme.COLOURSCALE,
        colorbar={"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1], "outlinewidth": 0,
                  "thickness": 12, "ticktext": ["0%", "25%", "50%", "75%", "100%"]},
    )  # fmt: skip
    side = max(200, min(600, 52 * len(labels)))
    figure = theme.begin("confusion_matrix", [cells], text("figures.confusion_matrix.subtitle"),
                         height=side + 190, legend="none")  # fmt: skip
    if with_text:
        figure.update_layout(annotations=_cell_texts(counts, shares))
    slanted = {"tickangle": -45} if max(len(name) for name in labels) * len(labels) > 50 else {}
    figure.update_xaxes(theme.name_ticks(labels, 20) | slanted, range=[-0.5, len(labels) - 0.5],
                        showline=False, ticks="", constrain="domain")  # fmt: skip
    figure.update_yaxes(theme.name_ticks(labels, 20), range=[len(labels) - 0.5, -0.5],
                        showline=False, ticks="", scaleanchor="x", constrain="domain")  # fmt: skip
    return figure


def _cell_texts(counts: list[list[int]], shares: list[list[float]]) -> list[dict[str, Any]]:
    """Return the count of each cell in black or white: plotly's own grey is hard to read."""
    return [
        {
            "x": column,
            "y": row,
            "text": f"{n:,}",
            "showarrow": False,
            "font": {"color": contrasting(at_scale(theme.COLOURSCALE, shares[row][column]))},
        }
        for row, line in enumerate(counts)
        for column, n in enumerate(line)
    ]


def roc_curves(metrics: Metrics) -> go.Figure:
    """Show, for each class against the rest, the true against the false positive rate."""
    curves = {name: c for name, c in (metrics.get("roc") or {}).items() if c["fpr"]}
    if not curves:
        return _nothing("roc_curves", "figures.one_class")
    rng = go.Scatter(
        x=[0, 1], y=[0, 1], name=text("figures.series.chance"), mode="lines",
        line={"color": theme.GREY, "width": 1, "dash": "dash"},
    )  # fmt: skip
    shown, subtitle = _hardest(curves, "auc")
    traces = _class_curves(shown, "fpr", "tpr", "auc", "AUC")
    return _unit_square(
        theme.begin("roc_curves", [*traces, rng], subtitle, height=440, width=WIDE, legend="right")
    )


def precision_recall_curves(metrics: Metrics) -> go.Figure:
    """Show, for each class against the rest, precision against recall."""
    curves = {name: c for name, c in (metrics.get("pr") or {}).items() if c["recall"]}
    if not curves:
        return _nothing("precision_recall_curves", "figures.one_class")
    shown, subtitle = _hardest(curves, "average_precision")
    traces = _class_curves(shown, "recall", "precision", "average_precision", "AP")
    return _unit_square(
        theme.begin(
            "precision_recall_curves", traces, subtitle, height=440, width=WIDE, legend="right"
        )
    )


def reliability(metrics: Metrics) -> go.Figure:
    """Show how often the model is right at each confidence, and how often it is so sure."""
    calibration = metrics.get("calibration") or {}
    bins = [b for b in calibration.get("bins", []) if b["count"]]
    if not bins:
        return _nothing("reliability")
    perfect = go.Scatter(
        x=[0, 1], y=[0, 1], name=text("figures.series.perfect"), mode="lines",
        line={"color": theme.GREY, "width": 1, "dash": "dash"},
    )  # fmt: skip
    measured = go.Scatter(
        x=[b["confidence"] for b in bins],
        y=[b["accuracy"] for b in bins],
        customdata=[b["count"] for b in bins],
        hovertemplate="%{x:.1%} → %{y:.1%} (%{customdata:,})",
        name=text("figures.series.measured"),
        mode="lines+markers",
        line={"color": theme.BLUE, "width": 2.5},
        marker={"size": 8},
    )
    counts = go.Bar(
        x=[(b["low"] + b["high"]) / 2 for b in bins],
        y=[b["count"] for b in bins],
        width=[(b["high"] - b["low"]) * 0.92 for b in bins],
        text=[f"{b['count']:,}" for b in bins],
        textposition="none" if len(bins) > 12 else "outside",
        cliponaxis=False,
        name=text("figures.series.rows"),
        marker={"color": theme.BLUE, "opacity": 0.6},  # the trace's own would fade the counts
        yaxis="y2",
        showlegend=False,
    )
    subtitle = text("figures.reliability.ece", ece=calibration["ece"])
    figure = theme.begin("reliability", [perfect, measured, counts], subtitle, height=520)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", anchor="y2")
    highest = max(b["count"] for b in bins)
    figure.update_layout(
        yaxis={"domain": [0.36, 1], "range": [0, 1.02], "tickformat": ".0%"},
        yaxis2={
            "domain": [0, 0.24], "range": [0, highest * 1.3], "tickformat": ",d",
            "title": {"text": text("figures.reliability.y2")}, "nticks": 3,
        },
    )  # fmt: skip
    return figure


def baselines(metrics: Metrics) -> go.Figure:
    """Show a few scores beside those of rules that learned nothing and of the untrained model."""
    if not metrics.get("metrics"):
        return _nothing("baselines")
    task = task_of(metrics)
    names = [name for name in task.compared if name in metrics["metrics"]] or [*task.compared]
    metric = task.metric(names[0])
    baselines = metrics.get("baselines") or {}
    scores = {
        series: [found.get(name) for name in names]
        for series, found in [*baselines.items(), ("after", metrics["metrics"])]
    }
    labels = [metric_name(name) for name in names]
    subtitle = "" if metric.greater_is_better else text("figures.baselines.lower")
    return _beside_baselines("baselines", labels, scores, metric.share, subtitle)


def aspects(metrics: Metrics) -> go.Figure:
    """Show the leading score of each aspect by itself, beside those of its rivals."""
    held = metrics.get("aspects") or {}
    task = task_of(metrics)
    first: dict[str, Any] = next(iter(held.values()), {})
    name = next((name for name in task.leading if first.get(name) is not None), None)
    if name is None:
        return _nothing("aspects")
    series = list(first.get("baselines") or {})
    scores = {one: [own["baselines"][one].get(name) for own in held.values()] for one in series}
    scores["after"] = [own.get(name) for own in held.values()]
    labels = [f"{shorten(aspect, 24)} ({own['rows']:,})" for aspect, own in held.items()]
    return _beside_baselines("aspects", labels, scores, task.metric(name).share, metric_name(name))


def _beside_baselines(
    name: str, labels: list[str], scores: dict[str, list[Any]], share: bool, subtitle: str
) -> go.Figure:
    """Draw groups of bars: rules that learned nothing, the model before, and after.

    Who has none of the scores is left out.
    """
    scores = {one: held for one, held in scores.items() if any(v is not None for v in held)}
    rules = [one for one in scores if one not in ("before", "after")]
    colours = dict(zip(rules, RULE_COLOURS, strict=False))
    colours |= {"before": theme.GOLD, "after": theme.BLUE}
    traces = [
        go.Bar(
            x=list(range(len(labels))),
            y=scores[one],
            text=["" if v is None else f"{v:.1%}" if share else f"{v:.3f}" for v in scores[one]],
            textposition="outside",
            cliponaxis=False,
            name=text(f"figures.series.{one}"),
            marker={"color": colours.get(one, theme.GREY)},
        )
        for one in [*rules, *(own for own in ("before", "after") if own in scores)]
    ]
    figure = theme.begin(name, traces, subtitle, height=360)
    figure.update_layout(barmode="group", bargap=0.25)
    figure.update_xaxes(theme.name_ticks(labels), range=[-0.5, len(labels) - 0.5])
    if not share:
        highest = max((y for trace in traces for y in trace.y if y is not None), default=1.0)
        return figure.update_yaxes(range=[0, 1.12 * highest])
    return figure.update_yaxes(range=[0, 1.08], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])


def per_class(metrics: Metrics) -> go.Figure:
    """Show precision, recall and F1 of each class; of very many, the hardest."""
    entries = metrics.get("per_class") or []
    if not entries:
        return _nothing("per_class")
    subtitle = ""
    if len(entries) > MAX_CLASSES:
        subtitle = text("figures.hardest", shown=MAX_CLASSES, all=len(entries))
        entries = sorted(entries, key=lambda entry: entry["f1"])[:MAX_CLASSES]
    traces = [
        go.Bar(
            x=[entry[name] for entry in entries],
            y=list(range(len(entries))),
            text=[f"{entry[name]:.1%}" for entry in entries],
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            name=metric_name(name),
            marker={"color": colour},
        )
        for name, colour in (
            ("precision", theme.BLUE),
            ("recall", theme.ORANGE),
            ("f1", theme.GREEN),
        )
    ]
    figure = theme.begin("per_class", traces, subtitle, height=160 + 56 * len(entries))
    figure.update_layout(barmode="group", bargap=0.2)
    figure.update_xaxes(range=[0, 1.1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    labels = [f"{shorten(entry['label'], 18)} ({entry['support']:,})" for entry in entries]
    return figure.update_yaxes(theme.name_ticks(labels), range=[len(entries) - 0.5, -0.5])


def _hardest(curves: dict[str, Any], area: str) -> tuple[dict[str, Any], str]:
    """Return the curves with the smallest area where there are too many to tell apart."""
    if len(curves) <= MAX_CURVES:
        return curves, ""
    names = sorted(curves, key=lambda name: curves[name][area])[:MAX_CURVES]
    subtitle = text("figures.hardest", shown=MAX_CURVES, all=len(curves))
    return {name: curves[name] for name in names}, subtitle


def _class_curves(curves: dict[str, Any], x: str, y: str, area: str, short: str) -> list[Any]:
    return [
        go.Scatter(
            x=curve[x],
            y=curve[y],
            name=f"{escape(name, 20)} ({short} {curve[area]:.3f})",
            mode="lines",
            line={
                "color": theme.PALETTE[number % len(theme.PALETTE)],
                "dash": theme.DASHES[number // len(theme.PALETTE)],
                "width": 2.5,
            },
        )
        for number, (name, curve) in enumerate(curves.items())
    ]


def _unit_square(figure: go.Figure) -> go.Figure:
    figure.update_xaxes(range=[0, 1], tickformat=".0%", constrain="domain")
    return figure.update_yaxes(
        range=[0, 1.02], tickformat=".0%", scaleanchor="x", constrain="domain"
    )


def _nothing(name: str, reason: str = "figures.nothing") -> go.Figure:
    return theme.say(theme.begin(name, [], legend="none"), text(reason))
