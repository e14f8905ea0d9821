"""The knobs of a run as the browser draws them: names, help, and where their sliders stop."""

from __future__ import annotations

from typing import Any

from ..language import text
from ..runs import RunFolder
from ..runs.control import LIVE_HYPERPARAMETERS, LiveCommand, live_commands
from ..spec import find
from .entries import WHOLE_MANTISSAS, number, slider_values
from .form import help_line
from .messages import HyperparameterView

# More stops than this, and a slider cannot be set by hand.
MOST_STOPS = 150


def movable() -> list[LiveCommand]:
    """Return the knobs that are numbers, the learning rate first."""
    return [knob for knob in live_commands().values() if knob.type in (int, float)]


def starting_values(run: RunFolder) -> dict[str, Any]:
    """Return the knobs' values as the run started; what only the model knows is None."""
    train = run.spec().train
    return {
        knob.name: getattr(train, knob.name) if knob.name in LIVE_HYPERPARAMETERS else None
        for knob in movable()
    }


def describe_hyperparameter(
    knob: LiveCommand, value: float | None, language: str
) -> HyperparameterView:
    """Return all that the browser needs to draw a knob but its present value."""
    field, domain = find(f"train.{knob.name}"), knob.domain
    if field is None:
        label, help_text = (
            text("steering.dropout", language),
            text("steering.dropout_help", language),
        )
    else:
        label, help_text = text(f"form.label.{field.path}", language), help_line(field, language)
    low, high = map(number, domain.bounds)
    return {
        "name": knob.name,
        "label": label,
        "help": help_text,
        "stops": [number(stop) for stop in slider_stops(knob, value)],
        "log": domain.log,
        "unit": text(f"form.unit.{domain.unit}", language) if domain.unit else "",
        "range": text("form.ui.range", language, low=low, high=high),
    }


def slider_stops(knob: LiveCommand, value: float | None) -> list[float]:
    """Return where a knob's slider stops: its domain, or as much of it as is near `value`."""
    stops, (low, high) = slider_values(knob), knob.domain.bounds
    if not stops:  # a count without an end: round numbers, up to ten times as many
        ladder = [m * 10**power for power in range(7) for m in WHOLE_MANTISSAS]
        reach = min(high, 10 * max(value or 0, 100))
        return [low, *(n for n in ladder if low < n <= reach)]
    if len(stops) > MOST_STOPS:
        reach = max(10 * (value or 0), low + 100 * (knob.domain.step or 0))
        return [stop for stop in stops if stop <= reach]
    return stops
