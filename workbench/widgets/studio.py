"""The studio's widgets: the form beside its spec, the Start button, the attention panel."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from ..errors import InputError
from ..language import text
from ..runs import RunFolder, read_state
from ..runs.summary import summarise
from ..sources import entries
from ..spec import RunSpec
from .attention import AttentionDesk
from .form import SpecForm
from .layouts import ROW, WHOLE_ROW
from .outputs import RunOutputs
from .routing import use_subshell
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
    display(ipywidgets.Box([form, panel], layout=ROW))
    return form


def section_header(
    intro: str, button: str, stale: str, act: Callable[[], None]
) -> Callable[[bool], None]:
    """Display a section's sentence and a button that shows the section anew.

    Returns a function that says, or no longer says, that what stands below is `stale`.
    """
    sentence = ipywidgets.HTML(f"<p style='margin:0'>{html.escape(intro)}</p>")
    sentence.layout.flex, sentence.layout.margin = "1 1 24em", "0 8px 0 0"
    press = ipywidgets.Button(description=button, icon="refresh", layout={"width": "auto"})
    press.on_click(lambda _: _at_work(press, act))
    use_subshell(press)
    message = ipywidgets.HTML(layout=WHOLE_ROW)
    display(ipywidgets.Box([sentence, press, message], layout=ROW))

    def tell(is_stale: bool) -> None:
        words = f"<p role='status' style='margin:0'>⟳ {html.escape(stale)}</p>"
        message.value = words if is_stale else ""

    return tell


def show_output() -> Callable[[Sequence[ipywidgets.Widget]], None]:
    """Display an empty place and return a function that puts widgets there, from any thread."""
    place = ipywidgets.VBox()
    display(place)

    def fill(widgets: Sequence[ipywidgets.Widget]) -> None:
        place.children = tuple(widgets)

    return fill


def show_choice(question: str, runs: list[RunFolder], pick: Callable[[RunFolder], None]) -> None:
    """Display a button a run; a click picks it."""
    buttons = []
    for run in runs:
        button = ipywidgets.Button(description=run.name, layout={"width": "auto"})
        button.on_click(lambda _, run=run: pick(run))
        use_subshell(button)
        buttons.append(button)
    sentence = ipywidgets.HTML(f"<p>{html.escape(question)}</p>")
    display(ipywidgets.VBox([sentence, *buttons]))


class StartPanel:
    """The Start button, its state in words, and the place of the live chart.

    `start` begins a run and returns its folder; a fault that it raises is told beside the button.
    `finished` is called with the run when it has ended, from the thread that follows its events.
    Runs that are training already (`active`) are offered to be shown.
    """

    def __init__(
        self,
        start: Callable[[], RunFolder],
        finished: Callable[[RunFolder], None],
        active: Sequence[RunFolder] = (),
    ) -> None:
        self._start = start
        self._finished = finished
        self._offer = ipywidgets.VBox([self._offered(run) for run in active])
        if active:
            key = "studio.training_one" if len(active) == 1 else "studio.training_many"
            words = html.escape(text(key, count=len(active)))
            message = ipywidgets.HTML(f"<span role='status'>{words}</span>")
            self._offer.children = (message, *self._offer.children)
        self._button = ipywidgets.Button(
            description=text("studio.start"),
            button_style="primary",
            icon="play",
            layout={"width": "auto"},
        )
        self._status = ipywidgets.HTML(layout={"flex": "1 1 12em"})
        self._button.on_click(self._clicked)
        use_subshell(self._button)
        self._places = RunOutputs()
        self._run: RunFolder | None = None

    def show(self) -> None:
        """Display the button, and below it the place where the chart will be."""
        intro = ipywidgets.HTML(f"<p>{html.escape(text('studio.train.intro'))}</p>")
        buttons = ipywidgets.Box([self._button, self._status], layout=ROW)
        display(ipywidgets.VBox([intro, self._offer, buttons]))
        self._places.show()

    def _offered(self, run: RunFolder) -> ipywidgets.Button:
        """Return the button that shows a run which is training already."""
        button = ipywidgets.Button(
            description=text("studio.show_run", run=run.name), icon="eye", layout={"width": "auto"}
        )

        def pressed(_: Any) -> None:
            self._offer.children = ()
            self._watch(run)

        button.on_click(pressed)
        use_subshell(button)
        return button

    def _clicked(self, _: Any) -> None:
        # The button is never disabled: one that has the focus would lose it.
        if self._run is not None and summarise(self._run).active:
            return
        _at_work(self._button, self._begin)

    def _begin(self) -> None:
        self._say(text("studio.starting"))
        try:
            self._run = run = self._start()
        except InputError as error:
            self._say(f"✗ {error}", "alert")
            return
        self._watch(run)

    def _watch(self, run: RunFolder) -> None:
        self._run = run
        self._say(text("studio.running"))
        self._places.fill(run, lambda: self._ended(run))

    def _ended(self, run: RunFolder) -> None:
        state = read_state(run)
        ways = {"failed": "studio.failed", "discarded": "studio.discarded"}
        self._say(text(ways.get(state.status, "studio.finished"), message=state.failure))
        if state.status not in ways:
            self._finished(run)

    def _say(self, sentence: str, role: str = "status") -> None:
        style = " style='white-space:pre-wrap'" if role == "alert" else ""
        self._status.value = f"<span role='{role}'{style}>{html.escape(sentence)}</span>"


class AttentionPanel:
    """Where the model looked, before and after; the desk itself asks for another sentence.

    `look` gives the records of a sentence; of an empty one, those kept with the run, whose
    training loss `loss` gives.
    """

    def __init__(
        self,
        look: Callable[[str], list[AttentionRecord]],
        asks: Mapping[str, Callable[..., Any]] | None = None,
        loss: Callable[[], Sequence[tuple[int, float]]] = tuple,
        twin: str = "",
    ) -> None:
        self._look = look
        self._loss = loss
        self._twin = twin
        self._asks = dict(asks or {}) | {"text": look}
        self._message = ipywidgets.HTML()
        self._place = ipywidgets.VBox()

    def show(self) -> None:
        """Display the panel."""
        display(ipywidgets.VBox([self._message, self._place]))

    def refresh(self) -> None:
        """Show what the run has kept."""
        try:
            records = self._look("")
        except InputError as error:
            self._message.value = f"<p role='alert'>{html.escape(str(error))}</p>"
            return
        self._message.value = ""
        self._place.children = (
            [AttentionDesk(records, self._asks, loss=self._loss(), twin=self._twin)]
            if records
            else []
        )


def _at_work(button: ipywidgets.Button, act: Callable[[], None]) -> None:
    """Show that a button is at work; unlike one that is disabled, it keeps the focus."""
    icon, button.icon = button.icon, "hourglass-half"
    try:
        act()
    finally:
        button.icon = icon
