"""The page of the report: the parts of a run, drawn and filled into the template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from .. import figures, language
from ..figures.curves import metric_name
from ..language import text
from ..runs import RunFolder, write_text
from ..spec import to_yaml
from . import facts
from .attention import attention_values
from .contents import Contents, read_contents
from .parts import drawing, file, template

SECTIONS = (
    "result", "spec", "data", "model", "training", "evaluation", "errors", "attention",
    "environment",
)  # fmt: skip
MAX_PREVIEW_ROWS = 8


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
    wanted = contents.spec.output.language if contents.spec else "auto"
    with language.using(language.resolve(wanted)):
        return template("page.html.j2").render(_fill(contents, run))


def _fill(contents: Contents, run: RunFolder) -> dict[str, Any]:
    metrics, profile = contents.metrics, contents.profile
    return {
        "language": language.current(),
        "name": contents.name,
        "sections": SECTIONS,
        "copy_script": Markup(file("copy.js")),
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
        "baselines": drawing(figures.baselines(metrics)) if _has_baselines(metrics) else None,
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
        "css": Markup(file("page.css")),
        **attention_values(run, contents.probes, contents.state),
        "record_facts": facts.record_facts(contents.record),
    }


def _draw(record: Any, *draws: Callable[[Any], go.Figure]) -> list[dict[str, Any]]:
    return [drawing(draw(record)) for draw in draws] if record else []


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
