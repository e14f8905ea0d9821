"""What a field's value looks like in an input, and the way back: the form without its picture.

An entry is what an input holds: a bool for a checkbox, else a text. `entry` and `parse` know a
field by its type and domain only.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

from ..runs.control import LiveCommand
from ..spec import Field, parse_value

Entry = str | bool

# Positions of a logarithmic slider within one power of ten.
MANTISSAS = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
WHOLE_MANTISSAS = (1, 2, 5)


def kind(field: Field) -> str:
    """Return which input shows the field: `check`, `choice`, `slider` or `text`."""
    if field.type is bool:
        return "check"
    if field.domain.choices:
        return "choice"
    return "slider" if slider_values(field) else "text"


def entry(field: Field, value: Any) -> Entry:
    """Return how an input shows `value`."""
    if value is None:
        return ""
    if field.type is bool:
        return value
    if field.type in (list, dict):
        return one_line(value) if value else ""
    return value if isinstance(value, str) else number(value)


def parse(field: Field, shown: Entry) -> Any:
    """Return the value that an entry stands for.

    What cannot be read stays the text it is: the spec's own validation names the fault.
    """
    if field.type is bool or isinstance(shown, bool):
        return shown
    text = shown.strip()
    if not text and field.optional:
        return None
    if field.type in (int, float):
        return _parse_number(field.type, text)
    if field.type in (list, dict):
        return parse_value(text) if text else field.type()
    return text


def slider_values(field: Field | LiveCommand) -> list[float]:
    """Return the values that the field's slider stops at; none if it has no slider.

    A slider needs two ends and either a logarithmic scale or a step. On a logarithmic scale it
    stops at powers of two where both ends are such, else at round numbers in each power of ten.
    """
    domain = field.domain
    if field.type not in (int, float) or domain.low is None or domain.high is None:
        return []
    if domain.log:
        return _ratios(*domain.bounds, whole=field.type is int)
    return _steps(*domain.bounds, domain.step, field.type) if domain.step else []


def number(value: float) -> str:
    """Return a number as short as it can be written without losing a digit."""
    if isinstance(value, int):
        return str(value)
    plain = repr(value).removesuffix(".0")
    return re.sub(r"e([+-])0*", lambda m: "e" + m[1].strip("+"), plain)


def one_line(value: Any) -> str:
    """Return plain data as YAML on one line: `[a, b]`, `{text: review}`."""
    if isinstance(value, list):
        return "[" + ", ".join(map(one_line, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {one_line(v)}" for k, v in value.items()) + "}"
    if not isinstance(value, str):
        return json.dumps(value)
    if re.fullmatch(r"[^\W\d]([\w./ -]*[\w./])?", value) and parse_value(value) == value:
        return value
    return yaml.safe_dump(
        value, default_style='"', allow_unicode=True, width=math.inf
    ).removesuffix("\n")


def _key(value: Any) -> str:
    text = one_line(value)
    return f"? {text} " if len(text) > 500 else text  # YAML reads longer keys only when announced


def _parse_number(number_type: type, text: str) -> Any:
    try:
        return number_type(text)
    except ValueError:
        return text


def _ratios(low: float, high: float, whole: bool) -> list[float]:
    if whole and math.log2(low).is_integer() and math.log2(high).is_integer():
        return [2**n for n in range(int(math.log2(low)), int(math.log2(high)) + 1)]
    mantissas = WHOLE_MANTISSAS if whole else MANTISSAS
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # Read from text, because 3 * 10**-5 is not the number that "3e-5" means.
    values = [float(f"{m}e{d}") for d in decades for m in mantissas]
    return [int(v) if whole else v for v in values if low <= v <= high]


def _steps(low: float, high: float, step: float, number_type: type) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = {low, high, *(round(n * step, 10) for n in range(first, last + 1))}
    return sorted(number_type(v) for v in values if low <= v <= high)
