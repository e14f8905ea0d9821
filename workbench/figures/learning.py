"""What training says of its rows: the dataset map."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ..dynamics import Dynamics, expected_precision, flagged_indices, measure
from ..language import text
from . import theme

# As many circles as a picture can hold; of more rows, those flagged and a share of the others.
MOST_POINTS = 3000

# By how often the passes got a row right.
GROUPS = (
    ("always", theme.BLUE, "circle"),
    ("sometimes", theme.GOLD, "square"),
    ("never", theme.ORANGE, "triangle-up"),
)


def dataset_map(dynamics: Dynamics) -> go.Figure:
    """Show each training row by the mean and the spread of its label's probability.

    Source: Swayamdipta et al. 2020, "Dataset Cartography".
    """
    if not len(dynamics):
        return theme.say(theme.begin("dataset_map", [], legend="none"), text("figures.nothing_yet"))
    measures, flagged = measure(dynamics), flagged_indices(dynamics)
    if not np.isfinite(measures.confidence).any():
        empty = theme.begin("dataset_map", [], legend="none")
        return theme.say(empty, text("figures.dataset_map.unsure"))
    if not dynamics.repeated:
        early = theme.begin("dataset_map", [], legend="none")
        return theme.say(early, text("figures.dataset_map.one_pass"))
    shown = shown_indices(len(dynamics), flagged)
    kinds = kinds_of(measures.correctness)
    traces = [
        go.Scatter(
            x=measures.variability[places].tolist(),
            y=measures.confidence[places].tolist(),
            customdata=dynamics.rows[places].tolist(),
            hovertemplate="%{customdata}: %{y:.2f} ± %{x:.2f}",
            name=text(f"figures.dataset_map.{name}", count=f"{(kinds == number).sum():,}"),
            mode="markers",
            opacity=0.6,
            marker={"size": 5, "color": colour, "symbol": symbol},
        )
        for number, (name, colour, symbol) in enumerate(GROUPS)
        if len(places := shown[kinds[shown] == number])
    ]
    ringed = flagged[: MOST_POINTS // 2]
    if len(ringed):
        traces.append(
            go.Scatter(
                x=measures.variability[ringed].tolist(),
                y=measures.confidence[ringed].tolist(),
                name=text(
                    "figures.dataset_map.flagged",
                    count=f"{len(flagged):,}",
                    precision=f"{expected_precision(len(flagged), len(dynamics)):.0%}",
                ),
                mode="markers",
                hoverinfo="skip",
                marker={"size": 10, "color": theme.PINK, "symbol": "circle-open"},
            )
        )
    said = [text("figures.dataset_map.passes", passes=dynamics.passes)]
    if len(shown) < len(dynamics):
        counts = {"shown": f"{len(shown):,}", "all": f"{len(dynamics):,}"}
        said.append(text("figures.dataset_map.some", **counts))
    figure = theme.begin("dataset_map", traces, " ".join(said), height=480)
    widest = max(0.05, float(measures.variability.max()))
    figure.update_xaxes(range=[-0.02 * widest, 1.05 * widest])
    return figure.update_yaxes(range=[-0.03, 1.03])


def kinds_of(correctness: np.ndarray) -> np.ndarray:
    """Return the place in `GROUPS` of each row: always right, sometimes, never."""
    return np.where(correctness >= 1, 0, np.where(correctness > 0, 1, 2))


def shown_indices(count: int, flagged: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Return which of `count` rows are drawn: all if they are few, else the flagged and some."""
    if count <= most:
        return np.arange(count)
    some = np.random.default_rng(0).permutation(count)[:most]
    chosen = dict.fromkeys([*flagged[: most // 2].tolist(), *some.tolist()])
    return np.sort(np.fromiter(chosen, np.int64)[:most])
