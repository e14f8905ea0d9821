"""Tasks: what a model can learn to do, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ..spec import RunSpec
from ..spec.run import TASKS
from ._forward import forward
from ._labelling import Labelling
from ._losses import Objective
from ._records import Column, Metric, Outcome, Role, RowError, Setup
from .base import Task

__all__ = [
    "Column",
    "Labelling",
    "Metric",
    "Objective",
    "Outcome",
    "Role",
    "RowError",
    "Setup",
    "Task",
    "forward",
    "load_task",
    "served_by",
    "task_of",
]


def load_task(name: str) -> Task:
    """Return the task with this name (`text-classification`); the spec knows which exist."""
    return import_module(f"{__name__}.{name.replace('-', '_')}").TASK


def task_of(metrics: Mapping[str, Any] | None, spec: RunSpec | None = None) -> Task:
    """Return the task that an evaluation was of, else the spec's; one is always returned."""
    known = [(metrics or {}).get("task"), spec and spec.task, RunSpec().task]
    task = load_task(next(name for name in known if name in TASKS))
    return task if spec is None else task.for_model(spec)


@cache
def served_by() -> dict[str, tuple[str, ...]]:
    """Return, for each field of the spec that only some tasks heed, the names of those tasks."""
    served: dict[str, tuple[str, ...]] = {}
    for name in TASKS:
        for path in load_task(name).for_model(RunSpec()).options:
            served[path] = (*served.get(path, ()), name)
    return served
