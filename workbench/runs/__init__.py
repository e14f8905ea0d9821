"""Runs on disk: the folder, its events, and what they add up to. No torch, no widgets."""

from .control import ask, live_commands
from .events import Event, EventReader, read_events
from .folder import (
    RunFolder,
    create_run,
    list_runs,
    open_run,
    require_space,
    require_writable,
    write_json,
    write_output,
    write_text,
)
from .inside import read_json, require_inside
from .modes import follow_umask
from .reader import read_state
from .reads import note_read, one_command, refuse_if_read
from .sinks import Sink
from .state import RunState
from .writer import EventWriter, SilentWriter

__all__ = [
    "Event",
    "EventReader",
    "EventWriter",
    "RunFolder",
    "RunState",
    "SilentWriter",
    "Sink",
    "ask",
    "create_run",
    "follow_umask",
    "list_runs",
    "live_commands",
    "note_read",
    "one_command",
    "open_run",
    "read_events",
    "read_json",
    "read_state",
    "refuse_if_read",
    "require_inside",
    "require_space",
    "require_writable",
    "write_json",
    "write_output",
    "write_text",
]
