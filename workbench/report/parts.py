"""What the report and the page of one text share: template, figures, attention."""

from __future__ import annotations

import base64
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .. import figures, language
from ..attention.record import AttentionRecord
from ..language import text
from .contents import Probe

MAX_ATTENTION_BYTES = 1_200_000
MAX_TOKENS_ABREAST = 24

_HERE = Path(__file__).parent


def template(name: str) -> Any:
    """Return a page's template; everything put into it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    environment.globals["t"] = lambda key: text(f"report.{key}")
    return environment.get_template(name)


def file(name: str) -> str:
    """Return the text of a file that lies beside this one."""
    return (_HERE / name).read_text("utf-8")


def drawing(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as a picture and the sentence that says what to look for."""
    image = figures.image(figure, adaptive=True)
    return {"image": Markup(image), "look": figure.layout.meta["look"]}


def attention_values(probes: list[Probe]) -> dict[str, Any]:
    """Return what the templates need to show attention, and to look like all our pages."""
    shown = _probes(probes)
    return {
        "css": Markup(file("page.css")),
        "probes": shown,
        "interactive": any(probe["view"] for probe in shown),
        "attention_module": _attention_module(),
        "attention_script": Markup(file("attention.js")),
    }


def _probes(probes: list[Probe]) -> list[dict[str, Any]]:
    """Return each probe's text, static heatmaps and, while there is room, its records."""
    room = MAX_ATTENTION_BYTES
    shown = []
    for probe in probes:
        records = probe.records
        needed = sum(len(one["weights"]) for one in map(view_record, records.values()))
        fits = needed <= room
        room -= needed if fits else 0
        some = next(iter(records.values()))
        stills = [
            figures.attention_heatmap(record, record.layers - 1) for record in records.values()
        ]
        shown.append(
            {
                "text": some.text,
                "small": len(some.tokens) <= MAX_TOKENS_ABREAST,
                "stills": [drawing(still) for still in stills],
                "view": _view(records) if fits else None,
            }
        )
    return shown


def _view(records: dict[str, AttentionRecord]) -> dict[str, Any]:
    """Return what `static/attention.js` asks its model for."""
    area = "attention.view."
    strings = language.catalogue(language.current())
    return {
        "records": [view_record(record) for record in records.values()],
        "labels": {k.removeprefix(area): v for k, v in strings.items() if k.startswith(area)},
    }


def view_record(record: AttentionRecord) -> dict[str, Any]:
    """Return a record as `static/attention.js` reads it: the first block's whole maps."""
    block, source = record.blocks[0], record.sequences["source"]
    count = len(source)
    weights = np.zeros((len(block.layers), block.heads, count, count), np.uint8)
    for place, one in block.maps.items():
        weights[place] = one
    return {
        "text": record.text,
        "tokens": source.tokens,
        "special": source.special,
        "words": source.words,
        "shape": list(weights.shape),
        "weights": base64.b64encode(weights.tobytes()).decode("ascii"),
        "model": record.model,
        "step": record.step,
        "prediction": record.prediction,
        "notes": record.notes,
    }


def _attention_module() -> str:
    """Return the shared front-end module in base64, for a `data:` import."""
    path = resources.files("workbench").joinpath("static/attention.js")
    return base64.b64encode(path.read_bytes()).decode("ascii")
