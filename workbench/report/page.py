"""The page of the report: the parts of a run, drawn and filled into the template."""

from __future__ import annotations

import base64
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .. import figures, language
from ..attention.record import AttentionRecord
from ..figures.curves import metric_name
from ..language import text
from ..runs import RunFolder, write_text
from ..spec import to_yaml
from . import facts
from .contents import Contents, Probe, read_contents

SECTIONS = (
    "result", "spec", "data", "model", "training", "evaluation", "errors", "attention",
    "environment",
)  # fmt: skip
MAX_ATTENTION_BYTES = 1_200_000
MAX_PREVIEW_ROWS = 8
MAX_TOKENS_ABREAST = 24

_HERE = Path(__file__).parent


def write_report(run: RunFolder) -> Path:
    """Write `report.html` from what lies in the run folder, and return its path.

    A part that is missing or damaged is left out, and a sentence in its place says so. The page
    speaks the language that the run's spec names.

    Raises:
        OSError: the file cannot be written.
    """
    write_text(run.report_path, render(run))
    return run.report_path


def render(run: RunFolder) -> str:
    """Return the report of a run as one HTML document."""
    contents = read_contents(run)
    before = language.current()
    wanted = contents.spec.output.language if contents.spec else "auto"
    language.use(language.resolve(wanted))
    try:
        return _template().render(_fill(contents, run))
    finally:
        language.use(before)


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    environment.globals["t"] = lambda key: text(f"report.{key}")
    return environment.get_template("page.html.j2")


def _fill(contents: Contents, run: RunFolder) -> dict[str, Any]:
    metrics, profile = contents.metrics, contents.profile
    probes = _probes(contents.probes)
    interactive = any(probe["view"] for probe in probes)
    return {
        "language": language.current(),
        "name": contents.name,
        "sections": SECTIONS,
        "css": Markup(_file("page.css")),
        "copy_script": Markup(_file("copy.js")),
        "interactive": interactive,
        "attention_module": _attention_module(),
        "attention_script": Markup(_file("attention.js")),
        "headline": facts.headline(contents),
        "tiles": facts.tiles(contents),
        "command": contents.record.get("command") or f"workbench train {run.spec_path.as_posix()}",
        "spec_yaml": to_yaml(contents.spec) if contents.spec else "",
        "data_facts": facts.data_facts(profile) if profile else {},
        "data_notes": profile.notes if profile else [],
        "data_figures": _draw(profile, figures.label_counts, figures.length_histogram),
        "preview": profile.preview[:MAX_PREVIEW_ROWS] if profile else [],
        "card_facts": facts.card_facts(contents.card or {}),
        "curves": _curves(contents),
        "baselines": _drawing(figures.baselines(metrics)) if _has_baselines(metrics) else None,
        "score_columns": _score_columns(metrics),
        "score_rows": _score_rows(metrics),
        "evaluation": _draw(
            metrics,
            figures.confusion_matrix,
            figures.per_class,
            figures.roc_curves,
            figures.precision_recall_curves,
            figures.reliability,
        ),
        "errors": None if contents.errors is None else [_error(row) for row in contents.errors],
        "has_pair": bool(contents.errors) and "text_pair" in contents.errors[0],
        "probes": probes,
        "record_facts": facts.record_facts(contents.record),
    }


def _draw(record: Any, *draws: Callable[[Any], go.Figure]) -> list[dict[str, Any]]:
    return [_drawing(draw(record)) for draw in draws] if record else []


def _drawing(figure: go.Figure) -> dict[str, Any]:
    image = figures.image(figure, adaptive=True)
    return {"image": Markup(image), "look": figure.layout.meta["look"]}


def _curves(contents: Contents) -> list[dict[str, Any]]:
    state = contents.state
    if not state.steps and not state.evaluations:
        return []
    draws = [figures.loss_curves, figures.learning_rate_curve, figures.gradient_norm_curve]
    if state.evaluations:
        draws.insert(1, figures.metric_curves)
    return _draw(state, *draws)


def _has_baselines(metrics: dict[str, Any] | None) -> bool:
    return bool(metrics and metrics.get("metrics") and metrics.get("baselines"))


def _scored(metrics: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the scores of the model and of each baseline, the model first."""
    if not metrics or not metrics.get("metrics"):
        return {}
    baselines = metrics.get("baselines") or {}
    known = [name for name in ("before", "majority") if name in baselines]
    return {"after": metrics["metrics"], **{name: baselines[name] for name in known}}


def _score_columns(metrics: dict[str, Any] | None) -> list[str]:
    return [text(f"figures.series.{name}") for name in _scored(metrics)]


def _score_rows(metrics: dict[str, Any] | None) -> list[tuple[str, list[str]]]:
    scored = _scored(metrics)
    return [
        (metric_name(name), [_score(scores.get(name)) for scores in scored.values()])
        for name in scored.get("after", {})
    ]


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _error(row: dict[str, Any]) -> dict[str, str]:
    return {
        **{name: str(value) for name, value in row.items()},
        "confidence": facts.percent(row["confidence"]),
        "loss": f"{row['loss']:.3f}",
    }


def _probes(probes: list[Probe]) -> list[dict[str, Any]]:
    """Return each probe's text, static heatmaps and, while there is room, its records."""
    room = MAX_ATTENTION_BYTES
    shown = []
    for probe in probes:
        records = probe.records
        needed = sum(record.weights.nbytes for record in records.values())
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
                "stills": [_drawing(still) for still in stills],
                "view": _view(records) if fits else None,
            }
        )
    return shown


def _view(records: dict[str, AttentionRecord]) -> dict[str, Any]:
    """Return what `static/attention.js` asks its model for."""
    area = "attention.view."
    strings = language.catalogue(language.current())
    return {
        "records": [record.to_dict() for record in records.values()],
        "labels": {k.removeprefix(area): v for k, v in strings.items() if k.startswith(area)},
    }


def _attention_module() -> str:
    """Return the shared front-end module in base64, for a `data:` import."""
    path = resources.files("workbench").joinpath("static/attention.js")
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _file(name: str) -> str:
    return (_HERE / name).read_text("utf-8")
