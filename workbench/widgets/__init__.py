"""Widgets: the form, the spec beside it, the live chart, the controls, the attention view.

Each is a Python module and a script of the same name in `workbench/static/` (the live chart's is a
folder of them); `controls` holds what they share. Only this folder imports ipywidgets and
anywidget, and only a live notebook imports this folder.
"""

from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"


def joined(*names: str) -> str:
    """Return files of `static/` as one script or one style sheet: shared pieces come first."""
    return "\n".join((STATIC / name).read_text("utf-8") for name in names)
