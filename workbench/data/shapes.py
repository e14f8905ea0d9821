"""Rows that are no table yet: what they mean is read by their shape, before roles are found."""

from __future__ import annotations

from typing import Any

from ..spec import DataSpec
from ..tasks import Task
from . import chats, tagged
from .answered import answered


def shaped(frame: Any, task: Task | None, spec: DataSpec, name: str) -> tuple[Any, list[str]]:
    """Return a frame with the columns that a task reads, and what is to be said of it.

    Raises:
        DataError: the rows are for something else than the task.
    """
    if task is None:
        return frame, []
    if chats.is_for(task):
        return chats.read_chats(frame, task, spec.columns, name)
    frame, notes = answered(frame, task, spec)
    if tagged.is_for(task):
        frame, told = tagged.read_tagged(frame, task, spec.columns)
        notes += told
    return frame, notes
