"""Tasks: what a model can learn to do, one file each."""

from __future__ import annotations

from importlib import import_module

from .contract import Role, Task

__all__ = ["Role", "Task", "load_task"]


def load_task(name: str) -> Task:
    """Return the task with this name (`text-classification`); the spec knows which exist."""
    return import_module(f"{__name__}.{name.replace('-', '_')}").TASK
