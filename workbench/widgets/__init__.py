"""Widgets: the form, the spec beside it, the live chart, the controls, the attention view.

Each is a Python module and an ES module of the same name in `workbench/static/`, or a folder of
them. Only this folder imports ipywidgets and anywidget, and only a live notebook imports this
folder.
"""
