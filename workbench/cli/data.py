"""`workbench data`: what can be done with data besides training on it."""

from __future__ import annotations

from typing import Any

from . import suspects
from .output import add_group


def add_commands(commands: Any) -> None:
    """Add the group and its actions."""
    data = add_group(commands, "data", "look at data, and correct it")
    suspects.add_actions(data)
