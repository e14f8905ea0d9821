"""The pages of the studio as mime bundles: record → what the notebook shows. No kernel here."""

from __future__ import annotations

import html
from typing import Any

from ..attention.record import AttentionRecord
from ..data.profile import DataProfile
from ..language import text
from ..models import ModelCard
from ..runs import RunFolder
from ..spec import RunSpec, to_yaml
from ..training.estimate import Estimate

Bundle = dict[str, Any]


def page(markup: str, plain: str) -> Bundle:
    """Return HTML and its plain twin as a bundle."""
    return {"text/html": f'<div class="workbench-page">{markup}</div>', "text/plain": plain}


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
    style = "th,td{text-align:left!important;vertical-align:top;padding:.25em .7em;max-width:46em}"
    return (
        f"<style>.workbench-page table {{border-collapse:collapse}} .workbench-page {style}</style>"
        f'<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(pairs: dict[str, Any], reasons: dict[str, str] | None = None) -> str:
    """Return named facts as a table, each with its reason if one is given."""
    rows = []
    for name, value in pairs.items():
        row = {text("studio.fact"): name, text("studio.value"): value}
        if reasons:
            row[text("studio.reason")] = reasons.get(name, "")
        rows.append(row)
    return table(rows)


def spec_page(spec: RunSpec) -> list[Bundle]:
    """Return the spec as YAML, for a notebook that nobody edits."""
    yaml_text = to_yaml(spec)
    return [page(f"<pre>{html.escape(yaml_text)}</pre>", yaml_text)]


def data_page(profile: DataProfile) -> list[Bundle]:
    """Return preview, facts, label counts and token lengths."""
    from ..figures.bundle import bundle
    from ..figures.data import label_counts, length_histogram

    rows = "; ".join(f"{name}: {count:,}" for name, count in profile.rows.items())
    columns = ", ".join(f"{role} ← {column}" for role, column in profile.columns.items())
    known = {
        text("studio.data.source"): profile.source,
        text("studio.data.rows"): rows,
        text("studio.data.columns"): columns,
        text("studio.data.truncated"): f"{profile.truncated_share:.1%} > {profile.max_tokens}",
        **profile.detected,
    }
    notes = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in profile.notes)
    markup = facts(known) + (f"<ul>{notes}</ul>" if notes else "")
    preview = f"<h4>{html.escape(text('studio.data.preview'))}</h4>{table(profile.preview)}"
    return [
        page(markup + preview, f"{profile.source}: {rows}"),
        bundle(label_counts(profile)),
        bundle(length_histogram(profile)),
    ]


def model_page(card: ModelCard) -> list[Bundle]:
    """Return the model's card."""
    from ..report import card_facts

    return [page(facts(card_facts(card.to_dict())), f"{card.source}: {card.parameters:,}")]


def cost_page(cost: Estimate, precision_reason: str) -> list[Bundle]:
    """Return what the run will cost, each figure with its reason, and the learning rates."""
    from ..figures.bundle import bundle
    from ..figures.schedule import schedule

    def say(key: str, **values: Any) -> str:
        return text(f"studio.cost.{key}", **values)

    known = {
        say("steps"): f"{cost.steps:,}",
        say("batch"): cost.effective_batch,
        say("evaluations"): cost.evaluations,
        say("memory"): f"{cost.memory_bytes / 1e9:.1f} GB",
        say("time"): say(
            "time_value", low=clock(0.8 * cost.seconds), high=clock(1.3 * cost.seconds)
        ),
        say("precision"): precision_reason,
    }
    reasons = {
        say("steps"): say("steps_reason"),
        say("batch"): say("batch_reason"),
        say("evaluations"): say("evaluations_reason", seconds=clock(cost.evaluation_seconds)),
        say("memory"): say("memory_reason"),
        say("time"): say("time_reason", step_ms=f"{1000 * cost.step_seconds:,.0f}"),
        say("precision"): say("precision_reason"),
    }
    steps, rates = zip(*cost.schedule, strict=True)
    plain = f"{cost.steps} steps, about {clock(cost.seconds)}"
    return [page(facts(known, reasons), plain), bundle(schedule(list(steps), list(rates)))]


def evaluation_page(run: RunFolder, worst: int = 10) -> list[Bundle]:
    """Return scores against the baselines, the figures, and the worst errors."""
    import pyarrow.parquet

    from ..figures import evaluation as figures
    from ..figures.bundle import bundle

    metrics = run.metrics()
    columns = {"fine_tuned": metrics["metrics"]}
    if baselines := metrics.get("baselines"):
        columns |= {"before": baselines["before"], "majority": baselines["majority"]}
    scores = [
        {text("studio.evaluation.metric"): name}
        | {
            text(f"studio.evaluation.{key}"): _number(values[name])
            for key, values in columns.items()
        }
        for name in metrics["metrics"]
    ]
    predictions = pyarrow.parquet.read_table(run.evaluation_path / "predictions.parquet")
    rows = predictions.slice(0, worst).to_pylist()
    keys = [
        key for key in ("text", "text_pair", "label", "predicted", "confidence") if key in rows[0]
    ]
    errors = [{text(f"studio.evaluation.{key}"): _shown(row[key]) for key in keys} for row in rows]
    heading = html.escape(text("studio.evaluation.worst"))
    accuracy = metrics["metrics"]["accuracy"]
    drawn = [figures.baselines(metrics)] if metrics.get("baselines") else []
    drawn += [
        figures.confusion_matrix(metrics),
        figures.per_class(metrics),
        figures.roc_curves(metrics),
        figures.precision_recall_curves(metrics),
        figures.reliability(metrics),
    ]
    return [
        page(table(scores), f"accuracy {accuracy:.4f} on {metrics['rows']} rows"),
        *(bundle(figure) for figure in drawn),
        page(f"<h4>{heading}</h4>{table(errors)}", f"{len(errors)} worst predictions"),
    ]


def curves_page(run: RunFolder) -> list[Bundle]:
    """Return the finished curves."""
    from ..figures import curves
    from ..figures.bundle import bundle
    from ..runs import RunState

    state = RunState().fold(run.events())
    drawn = (curves.loss_curves, curves.metric_curves, curves.learning_rate_curve)
    return [bundle(draw(state)) for draw in drawn]


def attention_page(records: list[AttentionRecord]) -> list[Bundle]:
    """Return one static heatmap a record: the last layer, mean of its heads."""
    from ..figures.attention import attention_heatmap
    from ..figures.bundle import bundle

    return [bundle(attention_heatmap(record, record.layers - 1)) for record in records]


def clock(seconds: float) -> str:
    """Return a duration in the reader's language, rounded to what an estimate deserves."""
    if seconds < 90:
        return text("studio.seconds", n=max(1, round(seconds)))
    if seconds < 5400:
        return text("studio.minutes", n=round(seconds / 60))
    return text("studio.hours", n=f"{seconds / 3600:.1f}")


def _cell(value: Any) -> str:
    return html.escape(str(value))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)[:400]
