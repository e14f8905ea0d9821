"""Runs on disk: the folder, its events, and what they add up to. No torch, no widgets."""

from .events import Event, EventReader, EventWriter, read_events
from .folder import (
    RunFolder,
    create_run,
    list_runs,
    open_run,
    require_space,
    write_json,
    write_text,
)
from .state import RunState

__all__ = [
    "Event",
    "EventReader",
    "EventWriter",
    "RunFolder",
    "RunState",
    "create_run",
    "list_runs",
    "open_run",
    "read_events",
    "require_space",
    "write_json",
    "write_text",
]
