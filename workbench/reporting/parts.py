"""What the report and the page of one text share: template and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .. import figures
from ..language import text
from ..language.direction import in_order

_HERE = Path(__file__).parent


def template(name: str) -> Any:
    """Return a page's template; everything put into it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_in_order,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    environment.globals["t"] = lambda key: text(f"report.{key}")
    return environment.get_template(name)


def _in_order(value: Any) -> Any:
    """Return what a page shows, without characters that would reorder what stands beside it."""
    if isinstance(value, Markup):
        return Markup(in_order(value))
    return in_order(value) if isinstance(value, str) else value


def file(name: str) -> str:
    """Return the text of a file that lies beside this one."""
    return (_HERE / name).read_text("utf-8")


def drawing(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as a picture and the sentence that says what to look for."""
    image = figures.image(figure, adaptive=True)
    return {"image": Markup(image), "look": figure.layout.meta["look"]}
