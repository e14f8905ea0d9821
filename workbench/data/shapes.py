"""Rows that are no table yet: what they mean is read by their shape, before roles are found."""

from __future__ import annotations

from typing import Any

from ..spec import DataSpec
from ..tasks import Task
from . import chats, tagged
from .answered import answered
from .columns import columns_of


def shaped(frame: Any, task: Task | None, spec: DataSpec, name: str) -> tuple[Any, list[str]]:
    """Return a frame with the columns that a task reads, and what is to be said of it.

    Raises:
        DataError: the rows are for something else than the task.
    """
    if task is None:
        return frame, []
    # A run names the columns as they were found, and those may only come of the shape.
    here = {str(column) for column in frame.columns}
    given = {
        role: place
        for role, place in spec.columns.items()
        if all(str(one) in here or str(one).isdecimal() for one in columns_of(place))
    }
    if chats.is_for(task):
        return chats.read_chats(frame, task, given, name)
    frame, notes = answered(frame, task, spec)
    if tagged.is_for(task):
        frame, more = tagged.read_tagged(frame, task, given)
        notes += more
    return frame, notes
