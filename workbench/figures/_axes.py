"""Axes of the static image: from values to pixels, and which ticks to write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ._text import lines


@dataclass
class Axis:
    """One axis, laid out between two pixels.

    `kind` is `linear`, `log` (then `low` and `high` are powers of ten) or `category`. `ticks`
    pairs a value with its label.
    """

    kind: str
    low: float
    high: float
    start: float
    end: float
    names: dict[str, int]
    layout: Any
    ticks: list[tuple[float, str]]

    def pixel(self, value: Any) -> float | None:
        """Return where a value lies; None for gaps and for what a log axis cannot show."""
        number = self.number(value)
        if number is None:
            return None
        share = (number - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def number(self, value: Any) -> float | None:
        """Return a value as a number along the axis."""
        return to_number(value, self.kind, self.names)

    @property
    def title(self) -> str:
        """The title as plotly text."""
        return self.layout.title.text or ""


def make_axis(
    layout: Any, values: Iterable[Any], start: float, end: float, pad: float, zero: bool
) -> Axis:
    """Return the axis for a plotly layout axis and the values it has to hold.

    `pad` is the share of the range left free at both ends where the layout gives no range; `zero`
    says that the range holds zero, as bars want it.
    """
    values = list(values)
    words = dict.fromkeys(v for v in values if isinstance(v, str))
    names = {name: number for number, name in enumerate(words)}
    kind = "log" if layout.type == "log" else "category" if names else "linear"
    low, high = _range(layout, [to_number(v, kind, names) for v in values], pad, zero)
    axis = Axis(kind, low, high, start, end, names, layout, [])
    if layout.showticklabels is not False:
        axis.ticks = _ticks(axis, abs(end - start))
    return axis


def to_number(value: Any, kind: str, names: dict[str, int]) -> float | None:
    """Return a value as a number along an axis of this kind; None where there is none."""
    if isinstance(value, str):
        return names.get(value)
    if value is None or not math.isfinite(value):
        return None
    if kind == "log":
        return math.log10(value) if value > 0 else None
    return float(value)


def _range(layout: Any, numbers: list[float | None], pad: float, zero: bool) -> tuple[float, float]:
    if layout.range is not None:
        low, high = map(float, layout.range)
        return (low, high) if low != high else (low - 0.5, high + 0.5)
    known = [n for n in numbers if n is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    nonnegative = low >= 0
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = low - (abs(low) or 1) * 0.5, high + (abs(high) or 1) * 0.5
    room = pad * (high - low)
    low, high = (low if zero and nonnegative else low - room), high + room
    if layout.rangemode in ("tozero", "nonnegative"):
        low = 0.0 if layout.rangemode == "tozero" else max(low, 0.0)
    return (high, low) if layout.autorange == "reversed" else (low, high)


def _ticks(axis: Axis, pixels: float) -> list[tuple[float, str]]:
    layout = axis.layout
    low, high = sorted((axis.low, axis.high))
    slack = (high - low) * 1e-6
    if layout.tickvals is not None:
        form = layout.tickformat
        labels: Sequence[str] = layout.ticktext or [_format(v, form) for v in layout.tickvals]
        pairs = [(v, lines(str(t))[0]) for v, t in zip(layout.tickvals, labels, strict=False)]
    elif axis.kind == "category":
        pairs = [(name, lines(name)[0]) for name in axis.names]
    elif axis.kind == "log":
        pairs = [(v, _format(v, layout.tickformat)) for v in _log_values(low, high)]
    else:
        pairs = _linear_ticks(low, high, pixels, layout)
    return [
        (v, label)
        for v, label in pairs
        if (n := axis.number(v)) is not None and low - slack <= n <= high + slack
    ]


def _linear_ticks(low: float, high: float, pixels: float, layout: Any) -> list[tuple[float, str]]:
    # Beside each other labels need their width, above each other only their height.
    room = 44 if layout.plotly_name.startswith("y") else 66
    step = layout.dtick or nice_step((high - low) / max(2, pixels / room))
    if (layout.tickformat or "").endswith("d"):
        step = max(1, round(step))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(i * step, 12) for i in range(first, last + 1)]
    if layout.tickformat:
        return [(v, _format(v, layout.tickformat)) for v in values]
    largest = max(map(abs, values), default=0)
    if largest >= 1e6 or (0 < largest < 1e-3):
        return [(v, _exponent(v)) for v in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(v, f"{v:,.{decimals}f}".replace("-", "−")) for v in values]


def nice_step(rough: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … (times a power of ten) that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))


def _log_values(low: float, high: float) -> list[float]:
    decades = high - low
    digits = range(1, 10) if decades < 0.8 else (1, 2, 5) if decades < 2.5 else (1,)
    powers = range(math.floor(low), math.ceil(high) + 1)
    return [digit * 10.0**power for power in powers for digit in digits]


def _format(value: float | str, form: str | None) -> str:
    if not form or isinstance(value, str):
        return plain(value)
    # d3's number formats are Python's, save that Python wants whole numbers for `d`.
    return format(round(value) if form.endswith("d") else value, form).replace("-", "−")


def plain(value: float | str) -> str:
    """Return a number the short way: 0.05, 1,200, 5e−5."""
    if isinstance(value, str):
        return value
    if value and not 1e-4 <= abs(value) < 1e6:
        return _exponent(value)
    return f"{value:,.6g}".replace("-", "−")


def _exponent(value: float) -> str:
    if value == 0:
        return "0"
    digits, _, power = f"{value:.3e}".partition("e")
    digits = digits.rstrip("0").rstrip(".")
    return f"{digits}e{int(power)}".replace("-", "−")
