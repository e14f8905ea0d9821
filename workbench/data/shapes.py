"""Rows that are no table yet: what they mean is read by their shape, before roles are found."""

from __future__ import annotations

from typing import Any

from ..spec import DataSpec
from ..tasks import Task


def shaped(frame: Any, task: Task | None, spec: DataSpec) -> tuple[Any, list[str]]:
    """Return a frame with the columns that a task reads, and what is to be said of it."""
    return frame, []
