"""The pages of the studio as mime bundles: record → what the notebook shows. No kernel here."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..attention.record import AttentionRecord
from ..data.profile import DataProfile
from ..figures.output import html_output
from ..language import text
from ..models import ModelCard
from ..runs import RunFolder, read_state
from ..runs.evaluation import Evaluation
from ..sources.paths import NOTEBOOK_FOLDER
from ..spec import RunSpec, changes, to_yaml
from ..tasks import Task
from ..training.estimate import Estimate
from ..training.lr_finder import Finder
from ..training.precision import Precision

Bundle = dict[str, Any]

SHOWN_CHARACTERS = 400


def page(markup: str, plain: str) -> Bundle:
    """Return HTML and its plain twin as a bundle."""
    return html_output(markup, plain, "workbench-page")


def intro(section: str, task: Task | None = None) -> str:
    """Return what a section is for; of some, in words that fit what the task answers."""
    if task is None or task.names_labels:
        return text(f"studio.{section}.intro")
    kind = "answers" if not task.predicts_tokens else "texts" if task.is_generative else "words"
    return text(f"studio.{section}.intro_{kind}")


def note(sentence: str) -> Bundle:
    """Return one sentence as a bundle."""
    return page(f"<p>{html.escape(sentence)}</p>", sentence)


def fault(error: Exception) -> Bundle:
    """Return an error as a bundle that stands out without relying on colour."""
    style = "border-left:4px solid #c62828;padding:.4em .8em;white-space:pre-wrap"
    return page(f'<div role="alert" style="{style}">✗ {html.escape(str(error))}</div>', str(error))


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as an HTML table, every cell escaped, scrolling sideways if it must."""
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    style = "th,td{vertical-align:top;padding:.25em .7em;max-width:46em}"
    return (
        "<style>.workbench-page table {border-collapse:collapse} .workbench-page thead th "
        f"{{white-space:nowrap}} .workbench-page {style}"
        ".workbench-page td {overflow-wrap:anywhere;min-width:7em}</style>"
        f'<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(pairs: dict[str, Any]) -> str:
    """Return named facts as a table of two columns."""
    return table(
        [{text("studio.fact"): name, text("studio.value"): value} for name, value in pairs.items()]
    )


def spec_page(spec: RunSpec) -> list[Bundle]:
    """Return what was changed in the spec, and the whole of it, folded away."""
    changed = {name: repr(value) for name, value in changes(spec).items()}
    shown = facts(changed) if changed else f"<p>{html.escape(text('studio.spec.defaults'))}</p>"
    yaml_text = to_yaml(spec)
    whole = (
        f"<details><summary>{html.escape(text('studio.spec.whole'))}</summary>"
        f"<pre>{html.escape(yaml_text)}</pre></details>"
    )
    return [note(text("studio.spec.intro")), page(shown + whole, yaml_text)]


def data_page(profile: DataProfile, task: Task) -> list[Bundle]:
    """Return facts, preview, and the figures that the task has of its data."""
    from .. import figures
    from ..reporting import data_facts
    from ..reporting.profile import findings_bundle

    notes = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in profile.notes)
    markup = facts(data_facts(profile)) + (f"<ul>{notes}</ul>" if notes else "")
    preview = f"<h4>{html.escape(text('studio.data.preview'))}</h4>{table(profile.preview)}"
    return [
        page(markup + preview, f"{profile.source}: {profile.rows}"),
        findings_bundle(profile.findings),
        *figures.explained(
            *(getattr(figures, name)(profile) for name in task.data_figures),
            *(figures.measure_histogram(profile, name) for name in profile.measures),
        ),
    ]


def model_page(card: ModelCard) -> list[Bundle]:
    """Return the model's card."""
    from ..reporting import card_facts

    return [page(facts(card_facts(card.to_dict())), f"{card.source}: {card.parameters:,}")]


def cost_page(cost: Estimate, precision: Precision) -> list[Bundle]:
    """Return what the run will cost, each figure with its reason, and the learning rates."""
    from ..figures.bundle import explained
    from ..figures.schedule import schedule

    low, high = clock(0.8 * cost.seconds), clock(1.3 * cost.seconds)
    values = {
        "steps": f"{cost.steps:,}",
        "batch": cost.effective_batch,
        "evaluations": cost.evaluations,
        **({"writing": f"{cost.written_rows:,}"} if cost.written_rows else {}),
        "trainable": f"{cost.trainable_parameters:,}",
        "memory": f"{cost.memory_bytes / 1e9:.1f} GB",
        "time": text("studio.cost.time_value", low=low, high=high),
        "precision": precision.name,
    }
    reasons = {
        "evaluations": {"seconds": clock(cost.evaluation_seconds)},
        "writing": {"seconds": clock(cost.writing_seconds)},
        "trainable": {
            "share": f"{cost.trainable_parameters / cost.parameters:.2%}",
            "parameters": f"{cost.parameters:,}",
        },
        "time": {"step_ms": f"{1000 * cost.step_seconds:,.0f}"},
        "precision": {"found": precision.reason},
    }
    rows = [
        {
            text("studio.fact"): text(f"studio.cost.{key}"),
            text("studio.value"): value,
            text("studio.reason"): text(f"studio.cost.{key}_reason", **reasons.get(key, {})),
        }
        for key, value in values.items()
    ]
    steps, rates = zip(*cost.schedule, strict=True)
    plain = f"{cost.steps} steps, about {clock(cost.seconds)}"
    return [page(table(rows), plain), *explained(schedule(list(steps), list(rates)))]


def rate_page(found: Finder) -> list[Bundle]:
    """Return what the learning-rate finder suggests and why, and the losses it saw."""
    from ..figures.bundle import explained
    from ..figures.lr_finder import lr_finder
    from ..training.lr_finder import explain

    return [note(explain(found)), *explained(lr_finder(found))]


def verdict_page(run: RunFolder) -> list[Bundle]:
    """Return the result of a run in a sentence, and a link to its report."""
    from ..reporting import run_headline

    sentence = run_headline(run)
    # Lab resolves links beside the notebook, wherever the kernel works.
    beside = os.environ.get(NOTEBOOK_FOLDER, ".")
    place = Path(os.path.relpath(run.report_path, beside)).as_posix()
    link = f'<a href="{html.escape(quote(place))}">{html.escape(text("studio.open_report"))}</a>'
    markup = f"<p><strong>{html.escape(sentence)}</strong> {link}</p>"
    return [page(markup, f"{sentence} {run.report_path}")]


def curves_page(run: RunFolder) -> list[Bundle]:
    """Return the finished curves."""
    from ..figures.bundle import explained
    from ..figures.training import training_curves

    return explained(training_curves(read_state(run)))


def evaluation_page(run: RunFolder) -> list[Bundle]:
    """Return scores against the baselines, the figures, and the worst errors."""
    from .. import figures
    from ..tasks import task_of

    metrics = run.metrics()
    task = task_of(metrics)
    compared = [figures.baselines(metrics)] if metrics.get("baselines") else []
    scores = metrics["metrics"]
    first = next((n for n in task.leading if scores.get(n) is not None), task.leading[0])
    return [
        page(
            table(score_rows(metrics)),
            f"{first} {_number(scores.get(first))} on {metrics['rows']} rows",
        ),
        *figures.explained(
            *compared, *(getattr(figures, name)(metrics) for name in task.figures_of(metrics))
        ),
        worst_errors(run, task),
        *answers_page(run),
    ]


def answers_page(run: RunFolder) -> list[Bundle]:
    """Return what the model wrote to the probe sentences, before and after, if it writes."""
    from ..reporting.predictions import show_answers

    rows = show_answers(run)
    if not rows:
        return []
    heading = html.escape(text("playground.probes"))
    plain = "\n".join(" | ".join(row.values()) for row in rows)
    return [page(f"<h4>{heading}</h4>{table(rows)}", plain)]


def score_rows(metrics: Evaluation) -> list[dict[str, Any]]:
    """Return one row a metric: fine-tuned, before, and the rules that learned nothing."""
    from ..reporting.page import score_rows, scored

    names = [text(f"figures.series.{name}") for name in scored(metrics)]
    return [
        {text("studio.evaluation.metric"): metric} | dict(zip(names, values, strict=True))
        for metric, values in score_rows(metrics)
    ]


def worst_errors(run: RunFolder, task: Task, count: int = 10) -> Bundle:
    """Return the wrong predictions with the highest loss, as a table."""
    from ..reporting.contents import wrong_predictions
    from ..reporting.predictions import show_predictions

    records = wrong_predictions(run.evaluation_path / "predictions.parquet", task, count)
    shown = show_predictions(task, records)
    titles = [title for title, _ in shown.columns]
    rows = [dict(zip(titles, map(_shown, row), strict=True)) for row in shown.rows]
    heading = text("studio.evaluation.worst")
    return page(f"<h4>{html.escape(heading)}</h4>{table(rows)}", f"{heading}: {len(rows)}")


def attention_page(
    records: list[AttentionRecord], loss: list[tuple[int, float]], identity: str = ""
) -> list[Bundle]:
    """Return the desk as it needs no kernel; a live desk with this identity hides it."""
    from ..reporting.attention_page import desk_bundle

    return [desk_bundle(records, identity, loss=loss)] if records else []


def clock(seconds: float) -> str:
    """Return a duration in the reader's language, rounded to what an estimate deserves."""
    if seconds < 120:
        return text("studio.seconds", n=max(1, round(seconds)))
    if seconds < 600:
        return text("studio.minutes", n=f"{seconds / 60:.1f}")
    if seconds < 5400:
        return text("studio.minutes", n=round(seconds / 60))
    return text("studio.hours", n=f"{seconds / 3600:.1f}")


def _cell(value: Any) -> str:
    # Markup, of a task's natural display, is escaped already and says so.
    return value.__html__() if hasattr(value, "__html__") else html.escape(str(value))


def _number(value: float | None) -> str:
    return text("report.not_applicable") if value is None else f"{value:.4f}"


def _shown(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return value
    shown = str(value)
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"
