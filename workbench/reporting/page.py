"""The page of the report: the parts of a run, drawn and filled into the template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from .. import figures, language
from ..errors import InputError
from ..figures.curves import metric_name
from ..language import text
from ..runs import RunFolder, write_text
from ..runs.commands import rerun_line
from ..runs.evaluation import Evaluation
from ..spec import to_yaml
from . import facts
from .attention import attention_values
from .compare import paired_figure
from .contents import Contents, read_contents
from .parts import drawing, file, template
from .predictions import show_answers, show_predictions
from .profile import shown_findings

SECTIONS = (
    "result", "spec", "data", "model", "training", "evaluation", "errors", "attention",
    "environment",
)  # fmt: skip
MAX_PREVIEW_ROWS = 8
# What a cell looks like, as classes of page.css.
LOOKS = {
    "text": "text", "right": "name right", "wrong": "name wrong", "number": "number",
    "share": "number",
}  # fmt: skip


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
        "command": rerun_line(run.spec_path, contents.record),
        "spec_yaml": to_yaml(contents.spec) if contents.spec else "",
        "data_facts": facts.data_facts(profile) if profile else {},
        "data_notes": profile.notes if profile else [],
        "p": lambda key: text(f"profile.{key}"),
        "findings": shown_findings(profile.findings) if profile else [],
        "data_figures": _data_figures(contents),
        "preview": profile.preview[:MAX_PREVIEW_ROWS] if profile else [],
        "card_facts": facts.card_facts(contents.card or {}),
        "curves": _curves(contents),
        "baselines": drawing(figures.baselines(metrics))
        if metrics and metrics.get("metrics") and metrics.get("baselines")
        else None,
        "compared": _compared(contents, run),
        "score_columns": score_columns(metrics),
        "score_rows": score_rows(metrics),
        "intervals": text("report.intervals") if (metrics or {}).get("intervals") else "",
        "signatures": signatures(metrics),
        "evaluation": _evaluation_figures(contents),
        "errors": None
        if contents.errors is None
        else show_predictions(contents.task, contents.errors),
        "answers": show_answers(run),
        "answers_title": text("playground.probes"),
        "looks": LOOKS,
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
    drawn = _draw(state, *draws)
    return drawn + ([drawing(figures.dataset_map(contents.dynamics))] if contents.dynamics else [])


def _evaluation_figures(contents: Contents) -> list[dict[str, Any]]:
    metrics = contents.metrics or {}
    return _draw(metrics, *(getattr(figures, name) for name in contents.task.figures_of(metrics)))


def _data_figures(contents: Contents) -> list[dict[str, Any]]:
    profile = contents.profile
    drawn = _draw(profile, *(getattr(figures, name) for name in contents.task.data_figures))
    if profile is None:
        return drawn
    return drawn + [drawing(figures.measure_histogram(profile, x)) for x in profile.measures]


def _compared(contents: Contents, run: RunFolder) -> dict[str, Any] | None:
    """Return the run beside the one that lacks its first step, in one figure, if one is known."""
    held = contents.record.get("without")
    other = run.path.parent / str(held.get("path")) if isinstance(held, dict) else None
    if other is None or not other.is_dir():
        return None
    try:
        figure = paired_figure(RunFolder(other), run)
    except InputError:
        return None
    return None if figure is None else drawing(figure)


def scored(metrics: Evaluation | None) -> dict[str, dict[str, Any]]:
    """Return the scores of the model and its rivals by name; itself before comes second."""
    if not metrics or not metrics.get("metrics"):
        return {}
    baselines = metrics.get("baselines") or {}
    known = sorted(baselines, key=lambda name: name != "before")
    return {"after": metrics["metrics"], **{name: baselines[name] for name in known}}


def score_rows(metrics: Evaluation | None) -> list[tuple[str, list[str]]]:
    """Return each metric's name, and its value for each of `scored`."""
    found = scored(metrics)
    sure = (metrics or {}).get("intervals") or {}
    return [
        (
            metric_name(name),
            [_score(one.get(name), sure.get(who, {}).get(name)) for who, one in found.items()],
        )
        for name in found.get("after", {})
        if any(one.get(name) is not None for one in found.values())
    ]


def score_columns(metrics: Evaluation | None) -> list[str]:
    """Return the names of those in `scored`; of one judged on fewer rows, on how many."""
    counts, rows = (metrics or {}).get("baseline_rows") or {}, (metrics or {}).get("rows")
    found = []
    for name in scored(metrics):
        title, count = text(f"figures.series.{name}"), counts.get(name, rows)
        found.append(
            title if count == rows else text("report.of_rows", name=title, rows=f"{count:,}")
        )
    return found


def signatures(metrics: Evaluation | None) -> list[tuple[str, str]]:
    """Return how scores that can be counted in several ways were counted, by the score's name."""
    found = (metrics or {}).get("signatures") or {}
    return [(metric_name(name), str(said)) for name, said in found.items()]


def _score(value: float | None, interval: list[float] | None = None) -> str:
    """Return a score, with the interval in which 95 of 100 scores of such rows would lie."""
    if value is None:
        return text("report.not_applicable")
    return f"{value:.4f}" + (f" ({interval[0]:.4f}–{interval[1]:.4f})" if interval else "")
