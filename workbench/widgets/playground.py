"""The playground widget: a text box, and what both models write, token by token, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import InputError
from ..evaluation import sampling
from ..evaluation.playground import Playground
from ..evaluation.streaming import Token
from ..static import script, style
from .entries import number
from .messages import Received
from .routing import use_subshell

_WORDS = (
    "title", "ask", "hint", "send", "stop", "forget", "before", "after", "writing", "nothing",
    "no_kernel", "how", "tokens", "places", "taken", "beams_only",
)  # fmt: skip


class PlaygroundDesk(anywidget.AnyWidget):
    """What was asked and answered so far. `open_models` loads both models at the first question.

    Models write in a thread, so that the notebook stays free; one question at a time. While they
    write, each token is sent as a message; `said` holds what is complete.

    Args:
        open_models: loads the models.
        spec: of the run; what is typed is read by it.
        remembers: whether a question is read after those before it.
        names: of the models, "before" and "after", where they are not those of one run.
    """

    _esm = script("playground.js")
    _css = style("controls.css", "playground.css")
    said: traitlets.List[Any] = traitlets.List().tag(sync=True)
    fields: traitlets.List[Any] = traitlets.List().tag(sync=True)
    entries = traitlets.Dict().tag(sync=True)
    faults = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    fault = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        open_models: Callable[[], Playground],
        spec: Any,
        remembers: bool = False,
        language: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._open = open_models
        self._stopped = threading.Event()
        self._playground: Playground | None = None
        self._thread: threading.Thread | None = None
        spoken = languages.resolve(language or languages.current())
        words = {name: languages.text(f"playground.{name}", spoken) for name in _WORDS}
        words["intro"] = languages.text(
            f"playground.{'remembers' if remembers else 'alone'}", spoken
        )
        words |= names or {}
        self._spec, self._language = spec, spoken
        start = sampling.defaults(spec)
        super().__init__(
            words=words,
            fields=[_field(name, spoken) for name in sampling.DOMAINS],
            entries={name: number(getattr(start, name)) for name in sampling.DOMAINS},
        )
        self.on_msg(self._received)
        self.observe(self._read_entries, "entries")
        use_subshell(self)

    def wait(self) -> None:
        """Wait until what was asked has been answered."""
        if self._thread is not None:
            self._thread.join()

    def _read_entries(self, _: Any = None) -> None:
        with languages.using(self._language):
            self.faults = sampling.faults(self.entries)

    def _received(self, _: Any, content: Received, __: Any) -> None:
        if content.get("kind") == "stop":
            self._stopped.set()
            return
        if self.busy:
            return
        self.busy, self.fault = True, ""
        if content.get("kind") == "ask":
            text = str(content.get("text", ""))
            self._thread = threading.Thread(target=self._ask, args=(text,), daemon=True)
            self._thread.start()
            return
        if content.get("kind") == "forget" and self._playground is not None:
            self._playground.forget()
        self.said, self.busy = [], False

    def _tell(self, message: Any) -> None:
        self.send(message)

    def _ask(self, text: str) -> None:
        try:
            asked = sampling.chosen(self._spec, self.entries)
            self._playground = self._playground or self._open()
            self._stopped.clear()
            self._tell({"kind": "begin", "asked": text})
            tokens: dict[str, list[dict[str, Any]]] = {}

            def on_token(name: str, token: Token) -> None:
                tokens.setdefault(name, []).append(asdict(token))
                self._tell({"kind": "token", "by": name, "token": asdict(token)})

            exchange = asdict(self._playground.ask(text, asked, on_token, self._stopped.is_set))
            settings = asked.describe(self._spec, self._language)
            self.said = [*self.said, exchange | {"settings": settings, "tokens": tokens}]
        except (InputError, OSError, RuntimeError, ValueError) as error:
            self.fault = str(error)  # a thread has nobody else to tell
        finally:
            self.busy = False


def _field(name: str, language: str) -> dict[str, str]:
    """Return what the browser needs to draw a number that says how tokens are chosen."""
    low, high = map(number, sampling.DOMAINS[name].bounds)
    return {
        "name": name,
        "label": languages.text(f"playground.label.{name}", language),
        "help": languages.text(f"playground.help.{name}", language),
        "range": languages.text("form.ui.range", language, low=low, high=high),
    }
