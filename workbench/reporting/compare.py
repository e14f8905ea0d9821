"""Several runs compared: as plain data, as one HTML file, and as what a notebook shows.

What two runs answer differently is told of the first run and each of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from .. import figures, language
from ..errors import RunError, shorten
from ..evaluation.disagree import Disagreements, find_disagreements
from ..evaluation.paired import pair_scores
from ..figures.compare import Contender
from ..figures.curves import metric_name
from ..figures.output import html_output
from ..language import text
from ..runs import RunFolder, RunState, read_state, write_output
from ..runs.differences import (
    Branch,
    environment_differences,
    fork_tree,
    metrics_table,
    names,
    parent_paths,
    progress_table,
    spec_differences,
)
from ..runs.summary import summarise
from ..tasks import load_task
from . import facts
from .parts import drawing, file, template

SECTIONS = ("scores", "curves", "forks", "spec", "environment", "disagreements")
MAX_EXAMPLES = 50
_NOTHING = "–"

# So that the tables need no style of the page they land on.
_CELL_STYLE = (
    ".workbench-compare table{border-collapse:collapse}.workbench-compare .scroll{overflow-x:auto}"
    ".workbench-compare :is(th,td){text-align:left!important;vertical-align:top;"
    "padding:.25em .7em;max-width:30em;overflow-wrap:break-word}"
    ".workbench-compare :is(th,td):first-child{white-space:nowrap}"
)


def comparison(runs: Sequence[RunFolder]) -> dict[str, Any]:
    """Return everything that is compared as plain data; lists have one entry a run.

    Raises:
        InputError: a run is damaged, or there are not two different ones.
    """
    _check(runs)
    return _plain(runs, _states(runs))


def write_comparison(runs: Sequence[RunFolder], path: Path) -> None:
    """Write the comparison as one HTML file that needs no network.

    Raises:
        InputError: a run is damaged, there are not two different ones, or the file cannot be
            written.
    """
    page = render_comparison(runs)
    write_output(path, page)


def render_comparison(runs: Sequence[RunFolder]) -> str:
    """Return the comparison as one HTML document in the current language."""
    _check(runs)
    states = _states(runs)
    values = _fill(_plain(runs, states))
    curves = [drawing(figure) for figure in _curves(runs, states)]
    sections = [name for name in SECTIONS if name != "forks" or values["forks"]]
    return template("compare.html.j2").render(
        values
        | {
            "language": language.current(),
            "css": Markup(file("page.css")),
            "curves": curves,
            "sections": sections,
        }
    )


def compare(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """Return the comparison as mime bundles for a notebook: tables, then curves, each explained.

    Raises:
        InputError: a run is damaged, or there are not two different ones.
    """
    _check(runs)
    states = _states(runs)
    plain = _plain(runs, states)
    body = template("compare_body.html.j2").render(_fill(plain) | {"curves": []})
    styled = f"<style>{_CELL_STYLE}</style>{body}"
    tables = html_output(styled, _plain_table(plain), "workbench-compare")
    return [tables, *figures.explained(*_curves(runs, states))]


# --- the data -------------------------------------------------------------------------------


def _check(runs: Sequence[RunFolder]) -> None:
    if len({run.path.resolve() for run in runs}) < max(2, len(runs)):
        raise RunError(
            "cannot compare {names}" if runs else "cannot compare none",
            "name two or more different runs",
            names=", ".join(run.name for run in runs),
        )


def _states(runs: Sequence[RunFolder]) -> list[RunState]:
    return [read_state(run) for run in runs]


def _plain(runs: Sequence[RunFolder], states: Sequence[RunState]) -> dict[str, Any]:
    known = names(runs)
    progress = progress_table(states)
    progress["status"] = [summarise(run).status for run in runs]  # also knows who was interrupted
    return {
        "runs": known,
        "paths": [run.path.as_posix() for run in runs],
        "progress": progress,
        "metrics": metrics_table(runs),
        "spec": spec_differences(runs),
        "environment": environment_differences(runs),
        "forks": [_branch(branch) for branch in fork_tree(runs)],
        "disagreements": [
            {"first": known[0], "second": name} | _shown(find_disagreements(runs[0], run))
            for name, run in zip(known[1:], runs[1:], strict=True)
        ],
    }


def _branch(branch: Branch) -> dict[str, Any]:
    return {
        "run": branch.run.path.resolve().name,
        "parent": branch.parent,
        "step": branch.step,
        "children": [_branch(child) for child in branch.children],
    }


def _shown(found: Disagreements) -> dict[str, Any]:
    return asdict(found) | {"examples": found.examples[:MAX_EXAMPLES]}


def _curves(runs: Sequence[RunFolder], states: Sequence[RunState]) -> list[go.Figure]:
    contenders = [
        Contender(name, state, parent and parent[1], parent and parent[0])
        for name, state, parent in zip(names(runs), states, parent_paths(runs), strict=True)
    ]
    figure = _score_figure(runs, contenders)
    return [
        figures.compared_training_loss(contenders),
        figures.compared_validation_loss(contenders),
        *([] if figure is None else [figure]),
    ]


def paired_figure(first: RunFolder, second: RunFolder) -> go.Figure | None:
    """Return the leading score of two runs in one figure; None if neither has any.

    Raises:
        InputError: a run is damaged.
    """
    runs = (first, second)
    known = zip(names(runs), _states(runs), strict=True)
    return _score_figure(runs, [Contender(name, state) for name, state in known])


def _score_figure(runs: Sequence[RunFolder], contenders: Sequence[Contender]) -> go.Figure | None:
    """Draw the score that named the best model, else the first of the task's that is followed."""
    events = [event for run in contenders for event in run.state.evaluations]
    scores = {name for event in events for name in event["metrics"]} - {"loss"}
    spec = runs[0].spec()
    wanted = (spec.train.metric_for_best_model, *load_task(spec.task).leading, *sorted(scores))
    name = next((name for name in wanted if name in scores), None)
    if name is None:
        return None
    paired = pair_scores(*runs)[1] if len(runs) == 2 else {}
    return figures.compared_metric(contenders, name, paired.get(name))


# --- the page -------------------------------------------------------------------------------


def _fill(plain: dict[str, Any]) -> dict[str, Any]:
    forked = any(branch["parent"] or branch["children"] for branch in plain["forks"])
    return {
        "c": lambda key: text(f"compare.{key}"),
        "runs": plain["runs"],
        "scores": _score_rows(plain),
        "forks": plain["forks"] if forked else [],
        "left": _left,
        "spec": [(name, _cells(name, values)) for name, values in plain["spec"].items()],
        "environment": [
            (_environment_name(name), _cells(name, values))
            for name, values in plain["environment"].items()
        ],
        "pairs": [_pair(found) for found in plain["disagreements"]],
    }


def _score_rows(plain: dict[str, Any]) -> list[tuple[str, list[str]]]:
    progress = plain["progress"]
    counts = zip(progress["step"], progress["total_steps"], strict=True)
    shown = {
        "status": [text(f"compare.status.{status}") for status in progress["status"]],
        "steps": [f"{step:,} / {total:,}" for step, total in counts],
        "time": [facts.duration(seconds) for seconds in progress["active_seconds"]],
        "best_step": [_NOTHING if step is None else f"{step:,}" for step in progress["best_step"]],
        "last_training_loss": [_score(loss) for loss in progress["last_training_loss"]],
        "best_validation_loss": [_score(loss) for loss in progress["best_validation_loss"]],
    }
    rows = [(text(f"compare.progress.{name}"), cells) for name, cells in shown.items()]
    return rows + [
        (metric_name(name), [_score(score) for score in scores])
        for name, scores in plain["metrics"].items()
    ]


def _left(branch: dict[str, Any]) -> str:
    if not branch["parent"] or branch["step"] is None:
        return ""
    return text("compare.left", run=branch["parent"], step=f"{branch['step']:,}")


def _pair(found: dict[str, Any]) -> dict[str, Any]:
    """Return what two runs answer differently, in words."""
    pair = {name: found[name] for name in ("first", "second")}
    if found["reason"]:
        return pair | {"message": text(f"compare.reason.{found['reason']}"), "examples": []}
    if not found["differing"]:
        return pair | {"message": text("compare.agree", rows=f"{found['rows']:,}"), "examples": []}
    counts = {
        name: f"{found[name]:,}" for name in ("differing", "rows", "only_first", "only_second")
    }
    neither = found["differing"] - found["only_first"] - found["only_second"]
    return pair | {
        "message": text("compare.counts", **pair, **counts, neither=f"{neither:,}"),
        "examples": [_example(example) for example in found["examples"]],
        "has_pair": any("text_pair" in example for example in found["examples"]),
    }


def _example(example: dict[str, Any]) -> dict[str, Any]:
    sure = {
        name: facts.percent(example[name]) for name in ("first_confidence", "second_confidence")
    }
    return example | sure


def _cells(name: str, values: list[Any]) -> list[str]:
    return [
        _NOTHING if held in (None, "", [], {}) else shorten(facts.value(name, held), 300)
        for held in values
    ]


def _environment_name(name: str) -> str:
    try:
        return text(f"report.environment.{name}")
    except KeyError:
        return name.replace("_", " ")


def _score(number: float | None) -> str:
    return _NOTHING if number is None else f"{number:.4f}"


def _plain_table(plain: dict[str, Any]) -> str:
    rows = [("", plain["runs"]), *_score_rows(plain)]
    return "\n".join("  ".join([name, *cells]).strip() for name, cells in rows)
