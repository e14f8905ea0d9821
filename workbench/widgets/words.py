"""The words of the live chart: its labels, the state of the run, its acts and checkpoints."""

from __future__ import annotations

from typing import Any

from ..figures import describe_mark
from ..language import catalogue, text
from ..runs import RunFolder, RunState
from .messages import Mark, MarkKind, State

_PANELS = {
    "loss": "loss_curves",
    "metrics": "metric_curves",
    "rate": "learning_rate_curve",
    "norm": "gradient_norm_curve",
}
_SERIES = {
    "steps.loss": "train_loss",
    "evaluations.loss": "validation_loss",
    "steps.learning_rate": "learning_rate",
    "steps.grad_norm": "gradient_norm",
}
_METRIC = "figures.metric."


def chart_labels(language: str) -> dict[str, Any]:
    """Return the words that `static/live/` asks its model for."""
    words = catalogue(language)
    labels: dict[str, Any] = {
        "panels": {panel: words[f"figures.{name}.title"] for panel, name in _PANELS.items()},
        "units": {panel: words[f"figures.{name}.y"] for panel, name in _PANELS.items()},
        "series": {key: words[f"figures.series.{name}"] for key, name in _SERIES.items()},
    }
    for key, word in words.items():
        if key.startswith("live.chart."):
            *groups, name = key.removeprefix("live.chart.").split(".", 1)
            (labels.setdefault(groups[0], {}) if groups else labels)[name] = word
        elif key.startswith(_METRIC) and key != f"{_METRIC}loss":
            labels["series"][f"evaluations.{key.removeprefix(_METRIC)}"] = word
    return labels


def attach_line(run: RunFolder) -> str:
    """Return the code that shows a run again, to be copied into a cell."""
    return f"import workbench as wb; wb.attach({run.path.as_posix()!r})"


def describe_state(state: RunState, language: str, interrupted: bool = False) -> State:
    """Return where a run stands: a line of words, and the numbers for the progress bar."""
    status = "interrupted" if interrupted and not state.ended else state.status
    words = [text(f"live.state.{status}", language, failure=state.failure)]
    if state.total_steps:
        words.append(text("live.state.step", language, step=state.step, total=state.total_steps))
    left = state.seconds_left() if status in ("running", "paused") else None
    if left is not None:
        words.append(text("live.state.left", language, time=_duration(left, language)))
    if state.ended:
        took = _duration(state.active_seconds, language)
        words.append(text("live.state.took", language, time=took))
    speed = state.steps[-1].get("rows_per_second") if state.steps else None
    if speed and status == "running":
        rows = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
        words.append(text("live.state.speed", language, rows=rows))
    if state.best_step:
        words.append(text("live.state.best", language, step=state.best_step))
    return {
        "text": " · ".join(words),
        "status": status,
        "step": state.step,
        "total": state.total_steps,
        "best_step": state.best_step,
    }


def count_marks(state: RunState) -> int:
    """Return how many acts, breaks and checkpoints there are to mark."""
    return len(state.commands) + len(state.breaks) + len(state.checkpoints)


def describe_marks(state: RunState, language: str, start: int = 0) -> list[Mark]:
    """Return the marks from the one numbered `start` on, in the order in which they happened."""
    kinds: dict[MarkKind, Any] = {
        "act": state.commands, "break": state.breaks, "checkpoint": state.checkpoints
    }  # fmt: skip
    found = [(event["seq"], kind, event) for kind, events in kinds.items() for event in events]
    return [
        {"kind": kind, "step": event["step"], "text": describe_mark(kind, event, language)}
        for _, kind, event in sorted(found, key=lambda mark: mark[0])[start:]
    ]


def _duration(seconds: float, language: str) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    key = "hours" if hours else "minutes" if minutes else "seconds"
    return text(f"live.time.{key}", language, hours=hours, minutes=minutes, seconds=rest)
