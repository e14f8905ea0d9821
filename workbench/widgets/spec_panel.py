"""Beside the form: the line that runs it headless, its YAML, and YAML that sets it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..spec import RunSpec, SpecError, changes, field_of, from_yaml, to_yaml
from ..static import script, style
from .entries import one_line
from .form import SpecForm
from .messages import Pasted, Received
from .routing import use_subshell

NOTEBOOK = "notebooks/studio.ipynb"

_LABELS = (
    "command", "command_help", "yaml", "copy", "copied",
    "paste", "paste_help", "apply", "applied", "at_fault",
)  # fmt: skip


class SpecPanel(anywidget.AnyWidget):
    """What the form says, as a command line and as YAML, each to copy; YAML pasted here sets it."""

    _esm = script("spec_panel.js")
    _css = style("controls.css", "spec_panel.css")
    command = traitlets.Unicode().tag(sync=True)
    yaml = traitlets.Unicode().tag(sync=True)
    form_faults: traitlets.List[Any] = traitlets.List().tag(sync=True)
    paste_faults: traitlets.List[Any] = traitlets.List().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)

    def __init__(
        self, form: SpecForm, notebook: str = NOTEBOOK, language: str | None = None
    ) -> None:
        self.form = form
        self.notebook = notebook
        self._language = language
        super().__init__()
        self.on_msg(self._received)
        form.on_change(self._show)
        self._show(form)
        use_subshell(self)

    def paste(self, text: str) -> None:
        """Set the form from YAML; at fault, the form stays as it is and the faults are shown."""
        try:
            spec = from_yaml(text, "the pasted YAML")
        except SpecError as error:
            self.paste_faults = error.lines
            return
        self.paste_faults = []
        self.form.set_spec(spec)

    def _show(self, form: SpecForm) -> None:
        language = self._language or form.language
        self.labels = {name: languages.text(f"form.panel.{name}", language) for name in _LABELS}
        try:
            spec = form.spec
        except SpecError as error:
            self.form_faults = error.lines
            return
        with self.hold_sync():  # line and YAML never say two different things
            self.form_faults = []
            self.command = headless_line(spec, self.notebook)
            self.yaml = to_yaml(spec)

    def _received(self, _: Any, content: Received, __: Any) -> None:
        if content.get("kind") == "paste":
            self.paste(str(content.get("text", "")))
            pasted: Pasted = {"kind": "pasted", "ok": not self.paste_faults}
            self.send(pasted)


def headless_line(spec: RunSpec, notebook: str = NOTEBOOK) -> str:
    """Return the command that runs the notebook headless with this spec.

    Only fields that differ from the defaults are named. Quoted for the shell of this machine.
    """
    words = ["workbench", "run", notebook]
    for name, value in changes(spec).items():
        text = _argument(value)
        if text.startswith("-") and not re.fullmatch(r"-[0-9.]+", text):
            words += [
                "--set",
                f"{field_of(name).path}={text}",
            ]  # after -p it would read as an option
        else:
            words += ["-p", name, text]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _argument(value: Any) -> str:
    """Return a value as the command line reads it: text as it is, the rest as YAML."""
    return value if isinstance(value, str) else one_line(value)
