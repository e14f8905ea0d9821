"""A button that tries learning rates without holding up the notebook, and one that takes one."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets
from IPython.display import display

from ..errors import InputError
from ..language import text
from .layouts import ROW, WHOLE_ROW
from .routing import use_subshell

if TYPE_CHECKING:
    from ..training.lr_finder import Finder

Progress = Callable[[int, int], None]


class _StoppedError(Exception):
    """Somebody pressed the button again."""


class RatePanel:
    """The learning-rate finder's button, what it says meanwhile, and the button that follows it.

    `find` does the work, in a thread of its own, and tells of each step; `show` shows what was
    found; `take` puts the suggestion into the form.
    """

    def __init__(
        self,
        find: Callable[[Progress], Finder],
        show: Callable[[Finder], None],
        take: Callable[[float], None],
    ) -> None:
        self._find, self._show, self._take = find, show, take
        self._rate = 0.0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._press = ipywidgets.Button(layout={"width": "auto"})
        self._use = ipywidgets.Button(
            button_style="primary", icon="check", layout={"width": "auto", "display": "none"}
        )
        self._status = ipywidgets.HTML(layout={"flex": "1 1 12em"})
        self._stale = ipywidgets.HTML(layout=WHOLE_ROW)
        self._press.on_click(lambda _: self._pressed())
        self._use.on_click(lambda _: self._taken())
        self._rest("")

    def show(self) -> None:
        """Display the panel."""
        intro = ipywidgets.HTML(f"<p style='margin:0'>{html.escape(text('studio.rate.intro'))}</p>")
        row = ipywidgets.Box([self._press, self._use, self._status, self._stale], layout=ROW)
        panel = ipywidgets.VBox([intro, row])
        use_subshell(panel)
        display(panel)

    def tell_stale(self, is_stale: bool) -> None:
        """Say, or no longer say, that what was found was found for other settings."""
        words = f"<p role='status' style='margin:0'>⟳ {html.escape(text('studio.rate.stale'))}</p>"
        self._stale.value = words if is_stale else ""

    def wait(self) -> None:
        """Wait until what was begun has ended."""
        if self._thread is not None:
            self._thread.join()

    def _pressed(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self._stop.set()
            return
        self._stop.clear()
        self._press.description, self._press.icon = text("studio.rate.stop"), "stop"
        self._use.layout.display = "none"
        self._say(text("studio.starting"))
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            found = self._find(self._follow)
        except _StoppedError:
            self._rest(text("studio.rate.stopped"))
        except (InputError, OSError, RuntimeError, ValueError) as error:
            self._rest(str(error), "alert")  # a thread has nobody else to tell
        else:
            self._show(found)
            self._rest("")
            self.tell_stale(False)
            if found.suggestion is not None:
                self._rate = found.suggestion
                self._use.description = text("studio.rate.take", rate=f"{self._rate:.1e}")
                self._use.layout.display = None

    def _follow(self, done: int, steps: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
        self._say(text("studio.rate.progress", done=done, steps=steps))

    def _taken(self) -> None:
        try:
            self._take(self._rate)
        except InputError as error:
            self._say(str(error), "alert")
            return
        self._say(text("studio.rate.taken", rate=f"{self._rate:.1e}"))

    def _rest(self, words: str, role: str = "status") -> None:
        self._press.description, self._press.icon = text("studio.rate.find"), "search"
        self._say(words, role)

    def _say(self, words: str, role: str = "status") -> None:
        self._status.value = f"<span role='{role}'>{html.escape(words)}</span>"
