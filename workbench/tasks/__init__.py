"""Tasks: what a model can learn to do, one file each."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..spec.run import TASKS
from .contract import Column, Metric, Outcome, Role, RowError, Setup, Task

__all__ = [
    "Column",
    "Metric",
    "Outcome",
    "Role",
    "RowError",
    "Setup",
    "Task",
    "load_task",
    "served_by",
]


def load_task(name: str) -> Task:
    """Return the task with this name (`text-classification`); the spec knows which exist."""
    return import_module(f"{__name__}.{name.replace('-', '_')}").TASK


@cache
def served_by() -> dict[str, tuple[str, ...]]:
    """Return, for each field of the spec that only some tasks heed, the names of those tasks."""
    served: dict[str, tuple[str, ...]] = {}
    for name in TASKS:
        for path in load_task(name).options:
            served[path] = (*served.get(path, ()), name)
    return served
