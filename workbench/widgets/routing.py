"""Controls that answer while a cell runs."""

from __future__ import annotations

from typing import Any

import ipywidgets


def answer_at_once(widget: ipywidgets.Widget) -> None:
    """Let a control's first message, too, be handled while another cell is busy.

    ipykernel 7.4 sends a front end's message to the subshell that last published on the same
    channel: for a widget made in a cell that is the main one, so a first click would wait until
    the running cell ends. This leaves the choice to the front end, which asks for a subshell.
    A private method, hence the guard: without it the control still works, only later.
    """
    comm = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_asked
    for child in getattr(widget, "children", ()):
        answer_at_once(child)


def _as_asked(_data: Any, default: Any) -> Any:
    return default
