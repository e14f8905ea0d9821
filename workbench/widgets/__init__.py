"""Widgets: the form, the spec beside it, the live chart, the attention view.

Each is one Python module and one ES module of the same name in `workbench/static/`. Only this
folder imports ipywidgets and anywidget, and only a live notebook imports this folder.
"""

from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
