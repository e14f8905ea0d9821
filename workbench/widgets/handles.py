"""A place in a cell's output that can be filled later: by a display handle, in an app by a widget.

JupyterLab changes an output that is there already; Voilà, which shows a notebook as an app, does
so for the outputs of widgets only.
"""

from __future__ import annotations

import os
from typing import Any

from IPython.display import DisplayHandle, display

NOTHING = {"text/html": "", "text/plain": ""}


def is_app() -> bool:
    """Return whether Voilà shows this notebook: as a server it names itself to the kernel."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def make_place() -> Any:
    """Make a place in this cell, and return what fills it: `update(shown, raw=…, metadata=…)`."""
    if is_app():
        return _AppPlace()
    handle = DisplayHandle()
    handle.display(NOTHING, raw=True)
    return handle


class _AppPlace:
    """The output of a widget, which holds one thing at a time."""

    def __init__(self) -> None:
        import ipywidgets

        self._output = ipywidgets.Output()
        display(self._output)

    def update(self, shown: Any, raw: bool = False, metadata: Any = None) -> None:
        """Show a mime bundle, if `raw`, or whatever IPython knows how to show."""
        from IPython.core.formatters import format_display_data

        data, about = (shown, {}) if raw else format_display_data(shown)
        output = {"output_type": "display_data", "data": data, "metadata": metadata or about or {}}
        self._output.outputs = (output,) if any(data.values()) else ()
