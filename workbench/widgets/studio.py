"""The studio's widgets: the form beside its spec, the Start button, the attention panel."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from ..errors import InputError
from ..language import text
from ..runs import RunFolder, RunState
from ..sources import entries
from ..spec import RunSpec
from .attention import AttentionView
from .form import SpecForm
from .live import LiveChart, show_live
from .routing import answer_at_once
from .spec_panel import SpecPanel

if TYPE_CHECKING:
    from ..attention.record import AttentionRecord


def show_form(spec: RunSpec) -> SpecForm:
    """Display the form with the spec beside it (below it where the page is narrow)."""
    suggestions = {
        f"{kind}_source": [f"wheel:{entry.name}" for entry in entries(kind)]
        for kind in ("data", "model")
    }
    form = SpecForm(spec, suggestions=suggestions)
    panel = SpecPanel(form)
    form.layout.flex, panel.layout.flex = "3 1 24em", "2 1 20em"
    row = ipywidgets.Layout(display="flex", flex_flow="row wrap", width="100%")
    display(ipywidgets.Box([form, panel], layout=row))
    return form


def section_header(intro: str, button: str, act: Callable[[], None]) -> None:
    """Display a section's sentence and a button that shows the section anew."""
    sentence = ipywidgets.HTML(f"<p style='margin:0'>{html.escape(intro)}</p>")
    sentence.layout.flex = "1 1 24em"
    press = ipywidgets.Button(description=button, icon="refresh", layout={"width": "auto"})
    press.on_click(lambda _: _while_disabled(press, act))
    answer_at_once(press)
    layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", width="100%")
    display(ipywidgets.Box([sentence, press], layout=layout))


class StartPanel:
    """The Start button, its state in words, and the place of the live chart.

    `start` begins a run and returns its folder, or None when it could not; `finished` is called
    when the run has ended, from the thread that follows its events.
    """

    def __init__(self, start: Callable[[], RunFolder | None], finished: Callable[[], None]) -> None:
        self._start = start
        self._finished = finished
        self._chart: LiveChart | None = None
        self._button = ipywidgets.Button(
            description=text("studio.start"),
            button_style="primary",
            icon="play",
            layout={"width": "auto"},
        )
        self._status = ipywidgets.HTML()
        self._button.on_click(self._clicked)
        answer_at_once(self._button)
        self._place: Any = None

    def show(self) -> None:
        """Display the button, and below it the place where the chart will be."""
        intro = ipywidgets.HTML(f"<p>{html.escape(text('studio.train.intro'))}</p>")
        display(ipywidgets.VBox([intro, ipywidgets.HBox([self._button, self._status])]))
        self._place = display({"text/html": "", "text/plain": ""}, raw=True, display_id=True)

    def _clicked(self, _: Any) -> None:
        self._button.disabled = True
        self._say(text("studio.starting"))
        run = self._start()
        if run is None:
            self._button.disabled = False
            self._say("")
            return
        self._say(text("studio.running"))
        self._chart = show_live(run, lambda: self._ended(run), self._place)

    def _ended(self, run: RunFolder) -> None:
        self._button.disabled = False
        state = RunState().fold(run.events())
        failed = state.status == "failed"
        self._say(
            text("studio.failed", message=state.failure) if failed else text("studio.finished")
        )
        if not failed:
            self._finished()

    def _say(self, sentence: str) -> None:
        self._status.value = f"<span role='status'>{html.escape(sentence)}</span>"


class AttentionPanel:
    """A sentence, a button, and where the model looked in it, before and after."""

    def __init__(self, look: Callable[[str], list[AttentionRecord]]) -> None:
        self._look = look
        self._sentence = ipywidgets.Text(
            description=text("studio.sentence"),
            placeholder=text("studio.sentence_hint"),
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"flex": "1 1 24em"},
        )
        self._button = ipywidgets.Button(
            description=text("studio.look"), icon="eye", layout={"width": "auto"}
        )
        self._message = ipywidgets.HTML()
        self._place = ipywidgets.VBox()
        self._button.on_click(lambda _: self.refresh())
        self._sentence.observe(lambda _: self.refresh(), "value")
        answer_at_once(self._button)

    def show(self) -> None:
        """Display the panel."""
        layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", width="100%")
        row = ipywidgets.Box([self._sentence, self._button], layout=layout)
        display(ipywidgets.VBox([row, self._message, self._place]))

    def refresh(self) -> None:
        """Look again at the sentence that stands in the box."""
        try:
            records = self._look(self._sentence.value)
        except InputError as error:
            self._message.value = f"<p role='alert'>{html.escape(str(error))}</p>"
            return
        self._message.value = ""
        self._place.children = [AttentionView(records)] if records else []


def _while_disabled(button: ipywidgets.Button, act: Callable[[], None]) -> None:
    button.disabled = True
    try:
        act()
    finally:
        button.disabled = False
