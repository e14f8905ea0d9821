"""Several runs side by side: what they were told, where they ran, how far and how well they did.

Values stand in lists, one entry a run, in the order in which the runs were given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..spec import RunSpec, fields, to_flat
from .folder import RunFolder
from .state import RunState

# What these hold differs between any two runs and says nothing about why.
NOISE = ("output.run_name", "command", "parent", "without", "precision_reason", "folder", "paths")


@dataclass(frozen=True)
class Branch:
    """A run in the fork tree: from which run and after which step it left, and what left it.

    `parent` names a run that need not be among those compared; `step` is None for a run that
    left none.
    """

    run: RunFolder
    parent: str = ""
    step: int | None = None
    children: list[Branch] = field(default_factory=list)


def names(runs: Sequence[RunFolder]) -> list[str]:
    """Return the names of the runs; those that share a name are told apart by their folders."""
    plain = [run.path.resolve().name for run in runs]
    return [
        name if plain.count(name) == 1 else run.path.as_posix()
        for name, run in zip(plain, runs, strict=True)
    ]


def spec_differences(runs: Sequence[RunFolder]) -> dict[str, list[Any]]:
    """Return the fields of the spec that are not the same in all runs, by path.

    Raises:
        InputError: a run's spec is missing or damaged.
    """
    return _differing([_spec_values(run.spec()) for run in runs])


def environment_differences(runs: Sequence[RunFolder]) -> dict[str, list[Any]]:
    """Return what was noted of data, machine and versions and is not the same in all runs.

    Raises:
        InputError: a run's record is missing or damaged.
    """
    return _differing([_flat(run.record()) for run in runs])


def metrics_table(runs: Sequence[RunFolder]) -> dict[str, list[float | None]]:
    """Return the scores of the final evaluations by name; None where a run has none.

    Raises:
        InputError: a run's evaluation is damaged.
    """
    scores = [run.metrics().get("metrics") or {} for run in runs]
    return {
        name: [_finite(known.get(name)) for known in scores]
        for name in dict.fromkeys(name for known in scores for name in known)
    }


def progress_table(states: Sequence[RunState]) -> dict[str, list[Any]]:
    """Return how far each run came, how long it worked, and the losses on the way."""
    columns: dict[str, Callable[[RunState], Any]] = {
        "status": lambda state: state.status,
        "step": lambda state: state.step,
        "total_steps": lambda state: state.total_steps,
        "best_step": lambda state: state.best_step or None,
        "active_seconds": lambda state: round(state.active_seconds, 2),
        "last_training_loss": _last_training_loss,
        "best_validation_loss": _best_validation_loss,
    }
    return {name: [read(state) for state in states] for name, read in columns.items()}


def parent_paths(runs: Sequence[RunFolder]) -> list[tuple[int, int] | None]:
    """Return, for each run, its parent's place among `runs` and the step at which it left it.

    None stands for a run that left none, or one that is not among them.
    """
    places = {run.path.resolve(): place for place, run in enumerate(runs)}
    found: list[tuple[int, int] | None] = []
    for run in runs:
        name, path, step = _parent(run)
        place = places.get(path) if name else None
        found.append(None if place is None or step is None else (place, step))
    return found


def fork_tree(runs: Sequence[RunFolder]) -> list[Branch]:
    """Return the runs that left none of the others, each with those that left it below it."""
    parents = parent_paths(runs)
    branches = []
    for run in runs:
        name, _, step = _parent(run)
        branches.append(Branch(run, name, step))
    roots = []
    for place, branch in enumerate(branches):
        found = parents[place]
        if found is None or _is_below(found[0], place, parents):
            roots.append(branch)
        else:
            branches[found[0]].children.append(branch)
    return roots


def _is_below(start: int, wanted: int, parents: list[tuple[int, int] | None]) -> bool:
    """Return whether a run descends from another; records edited by hand may go in circles."""
    seen: set[int] = set()
    place: int | None = start
    while place is not None and place not in seen:
        if place == wanted:
            return True
        seen.add(place)
        place = found[0] if (found := parents[place]) else None
    return False


def _parent(run: RunFolder) -> tuple[str, Path, int | None]:
    """Return the name, folder and step that a run noted when it left another."""
    parent = run.record().get("parent")
    if not isinstance(parent, dict) or not isinstance(parent.get("path"), str):
        return "", run.path, None
    step = parent.get("step")
    folder = (run.path.parent / parent["path"]).resolve()
    return str(parent.get("run", "")), folder, step if isinstance(step, int) else None


def _differing(columns: list[dict[str, Any]]) -> dict[str, list[Any]]:
    rows = {
        name: [column.get(name) for column in columns]
        for name in dict.fromkeys(name for column in columns for name in column)
        if name not in NOISE
    }
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def _spec_values(spec: RunSpec) -> dict[str, Any]:
    values = to_flat(spec)
    return {known.path: values[known.name] for known in fields()}


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    inner = record.get("environment")
    return {k: v for k, v in record.items() if k != "environment"} | (
        inner if isinstance(inner, dict) else {}
    )


def _last_training_loss(state: RunState) -> float | None:
    return _finite(state.steps[-1].get("loss")) if state.steps else None


def _best_validation_loss(state: RunState) -> float | None:
    """Return the loss of the pass that the run called its best: that of the model it kept."""
    losses = [e["metrics"].get("loss") for e in state.evaluations if e.get("best")]
    return _finite(losses[-1]) if losses else None


def _finite(value: Any) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None
