"""Controls that answer while a cell runs."""

from __future__ import annotations

import ipywidgets

from ..private_members import answer_in_any_subshell


def use_subshell(widget: ipywidgets.Widget) -> None:
    """Let a control's first message, too, be handled while another cell is busy.

    ipykernel 7.4 sends a front end's message to the subshell that last published on the same
    channel: for a widget made in a cell that is the main one, so a first click would wait until
    the running cell ends. This leaves the choice to the front end, which asks for a subshell.
    """
    answer_in_any_subshell(getattr(widget, "comm", None))
    for child in getattr(widget, "children", ()):
        use_subshell(child)
