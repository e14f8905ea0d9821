"""The playground widget: a text box, and what both models write, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import InputError
from ..evaluation.playground import Playground, told_settings
from . import joined
from .routing import answer_at_once

_WORDS = (
    "title", "ask", "hint", "send", "forget", "before", "after", "writing", "nothing", "no_kernel",
)  # fmt: skip


class PlaygroundDesk(anywidget.AnyWidget):
    """What was asked and answered so far. `open_models` loads both models at the first question.

    Models write in a thread, so that the notebook stays free; one question at a time.
    """

    _esm = joined("controls.js", "playground.js")
    _css = joined("controls.css", "playground.css")
    said = traitlets.List().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    fault = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        open_models: Callable[[], Playground],
        spec: Any,
        remembers: bool = False,
        language: str | None = None,
    ) -> None:
        self._open = open_models
        self._playground: Playground | None = None
        self._thread: threading.Thread | None = None
        spoken = languages.resolve(language or languages.current())
        words = {name: languages.text(f"playground.{name}", spoken) for name in _WORDS}
        words["intro"] = languages.text(
            f"playground.{'remembers' if remembers else 'alone'}", spoken
        )
        words["settings"] = told_settings(spec, spoken)
        super().__init__(words=words)
        self.on_msg(self._received)
        answer_at_once(self)

    def wait(self) -> None:
        """Wait until what was asked has been answered."""
        if self._thread is not None:
            self._thread.join()

    def _received(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if self.busy:
            return
        self.busy, self.fault = True, ""
        if content.get("act") == "ask":
            text = str(content.get("text", ""))
            self._thread = threading.Thread(target=self._ask, args=(text,), daemon=True)
            self._thread.start()
            return
        if content.get("act") == "forget" and self._playground is not None:
            self._playground.forget()
        self.said, self.busy = [], False

    def _ask(self, text: str) -> None:
        try:
            self._playground = self._playground or self._open()
            self.said = [*self.said, asdict(self._playground.ask(text))]
        except (InputError, OSError, RuntimeError, ValueError) as error:
            self.fault = str(error)  # a thread has nobody else to tell
        finally:
            self.busy = False
