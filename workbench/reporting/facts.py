"""Facts of a run as short strings in the current language: durations, sizes, card, headline."""

from __future__ import annotations

from typing import Any

from ..data.profile import DataProfile
from ..data.profiling.record import percent, split_title
from ..figures.curves import metric_name
from ..language import text
from ..runs import RunFolder
from ..tasks import Metric
from .contents import Contents, read_contents


def headline(contents: Contents) -> str:
    """Return the run's result in a sentence."""
    scores = (contents.metrics or {}).get("metrics") or {}
    state = contents.state
    known = [name for name in contents.task.leading if scores.get(name) is not None]
    name = known[0] if known else contents.task.leading[0]
    own = scores.get(name)
    if own is None:
        if state.status == "failed":
            return text("report.headline.failed", step=f"{state.step:,}", failure=state.failure)
        return text("report.headline.unfinished", step=f"{state.step:,}")
    metrics = contents.metrics or {}
    rows = f"{metrics.get('rows', 0):,}"
    baselines = {
        baseline: value
        for baseline, scored in (metrics.get("baselines") or {}).items()
        if (value := scored.get(name)) is not None
    }
    if name == "accuracy":
        parts = [text("report.headline.scored", accuracy=percent(own), rows=rows)]
        parts += [text(f"report.headline.{r}", accuracy=percent(v)) for r, v in baselines.items()]
    else:
        metric = contents.task.metric(name)
        values = {"metric": metric_name(name), "value": score(metric, own), "rows": rows}
        parts = [text("report.headline.any", **values)]
        for baseline, value in baselines.items():
            named = text(f"figures.series.{baseline}")
            parts.append(text("report.headline.rival", name=named, value=score(metric, value)))
    joined = text("report.headline.joint").join(parts)
    return joined + text("report.headline.stop")


def run_headline(run: RunFolder) -> str:
    """Return the result of a run in a sentence."""
    return headline(read_contents(run))


def tiles(contents: Contents) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top, each with its name."""
    scores = (contents.metrics or {}).get("metrics") or {}
    state = contents.state
    found = [
        (metric_name(name), score(contents.task.metric(name), value))
        for name in contents.task.leading
        if (value := scores.get(name)) is not None
    ]
    if state.started:
        found.append((text("report.tile.status"), text(f"report.status.{state.status}")))
        steps = f"{state.step:,} / {state.total_steps:,}"
        found.append((text("report.tile.steps"), steps))
        found.append((text("report.tile.time"), duration(state.wall_seconds)))
    return found


def card_facts(card: dict[str, Any]) -> dict[str, str]:
    """Return a model card as name → value for a reader; what is not known is left out."""
    card = dict(card)
    batch, tokens = card.pop("batch", 0), card.pop("tokens", 0)
    share = card.pop("trainable_share", 0)
    facts = _facts(
        "report.model", {name: held for name, held in card.items() if held != 0 or held is False}
    )
    if batch and tokens and card.get("train_bytes"):
        name = _field_name("report.model", "train_bytes")
        facts[name] += text("report.for_batch", batch=f"{batch:,}", tokens=f"{tokens:,}")
    if share:
        name = _field_name("report.model", "trainable_parameters")
        facts[name] += text("report.share_of_all", share=f"{share:.2%}")
    return facts


def data_facts(profile: DataProfile) -> dict[str, str]:
    """Return what there is to say about the data besides its figures and rows."""
    comma = text("report.comma")
    facts = {
        "source": profile.source,
        **profile.detected,
        "rows": comma.join(f"{split_title(s)} {n:,}" for s, n in profile.rows.items()),
        "columns": comma.join(
            f"{role} ← {comma.join(place) if isinstance(place, list) else place}"
            for role, place in profile.columns.items()
        ),
        "max_tokens": profile.max_tokens,
        "truncated_share": percent(profile.truncated_share),
        "fingerprint": profile.fingerprint,
    }
    return _facts("report.data", facts)


def record_facts(record: dict[str, Any]) -> dict[str, str]:
    """Return the record of the run, without what stands elsewhere in the report."""
    flat: dict[str, Any] = {}
    for name, held in record.items():
        if name == "parent":
            places = [held.get("run"), held.get("step")]
            how = "started_from" if places[1] is None else "forked_from"
            flat[how] = " · ".join(str(place) for place in places if place is not None)
        elif name == "without":
            flat["compared_with"] = held.get("run")
        elif isinstance(held, dict):
            flat |= held
        elif name not in ("command", "folder", "paths"):
            flat[name] = held
    return _facts("report.environment", flat)


def _facts(area: str, facts: dict[str, Any]) -> dict[str, str]:
    return {
        _field_name(area, str(name)): value(str(name), held)
        for name, held in facts.items()
        if held not in (None, "", [], {})
    }


def value(name: str, held: Any) -> str:
    """Return a value for a reader, by its type and the unit in its name."""
    comma = text("report.comma")
    match held:
        case bool():
            return text("report.yes" if held else "report.no")
        case int() | float():
            return _number(name, held)
        case list() | tuple():
            return comma.join(value(name, item) for item in held)
        case dict():
            return comma.join(f"{key}: {value(str(key), item)}" for key, item in held.items())
    return str(held)


def size(size_bytes: float) -> str:
    """Return a number of bytes in kB, MB or GB."""
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:,.0f} kB"
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:,.1f} GB"
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes < 1e7 else f"{size_bytes / 1e6:,.0f} MB"


def score(metric: Metric, value: float) -> str:
    """Return a metric's value: a share in percent, another number with three decimals."""
    return percent(value) if metric.share else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Return a time as `42 s`, `3 min 5 s` or `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return text("report.duration.seconds", seconds=whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return text("report.duration.minutes", minutes=minutes, seconds=rest)
    return text("report.duration.hours", hours=minutes // 60, minutes=minutes % 60)


def _number(name: str, held: float) -> str:
    if name.endswith("bytes"):
        return size(held)
    return f"{held:,}" if isinstance(held, int) else f"{held:,.4g}"


def _field_name(area: str, name: str) -> str:
    try:
        return text(f"{area}.{name}")
    except KeyError:
        return name.replace("_", " ")
