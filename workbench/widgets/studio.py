"""The studio's widgets: the form beside its spec, the Start button, the attention panel."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from ..errors import InputError
from ..figures.output import html_output
from ..language import text
from ..runs import RunFolder, read_state
from ..runs.summary import summarise
from ..sources import entries
from ..spec import RunSpec, to_yaml
from .attention import AttentionDesk
from .form import Offer, SpecForm
from .handles import make_place
from .layouts import ROW, WHOLE_ROW
from .models_offered import models_offered
from .outputs import RunOutputs
from .routing import use_subshell
from .spec_panel import SpecPanel

if TYPE_CHECKING:
    from ..attention.record import AttentionRecord


def show_form(spec: RunSpec) -> SpecForm:
    """Display the form with the spec beside it (below it where the page is narrow)."""
    suggestions: dict[str, Offer] = {
        "data_source": [f"wheel:{entry.name}" for entry in entries("data")],
        "model_source": models_offered,
    }
    form = SpecForm(spec, suggestions=suggestions)
    panel = SpecPanel(form)
    form.layout.flex, panel.layout.flex = "3 1 24em", "2 1 20em"
    display(ipywidgets.Box([form, panel], layout=ROW))
    keep_last_state(form)
    return form


# Lab shows an error in the place of each widget whose kernel is gone; where the notebook is not
# trusted, it drops this sheet, and the sentence stands below the errors.
_WITHOUT_KERNEL = (
    "<style>.jp-Notebook:has(.wb-saved):not([data-wb-language]) "
    ".jp-OutputArea-output.jupyter-widgets:not(:has(*)){display:none}</style>"
)


def keep_last_state(form: SpecForm) -> None:
    """Keep what the form says in the saved notebook, for whoever opens it without its kernel.

    While the form lives, its style sheet hides this.
    """
    place = make_place()

    def keep(form: SpecForm) -> None:
        if not form.fault_text:
            place.update(last_state(to_yaml(form.spec)), raw=True)

    form.on_change(keep)
    keep(form)


def last_state(settings: str) -> dict[str, Any]:
    """Return what a notebook shows without its kernel: what to do, and its settings as YAML."""
    told, title = text("studio.saved.told"), text("studio.saved.settings")
    markup = (
        f"{_WITHOUT_KERNEL}<p>{html.escape(told)}</p><details><summary>{html.escape(title)}"
        f"</summary><pre>{html.escape(settings)}</pre></details>"
    )
    return html_output(markup, told, "wb-saved")


def section_header(
    intro: Callable[[], str], button: str, stale: str, act: Callable[[], None]
) -> Callable[[bool], None]:
    """Display a section's sentence and a button that shows the section anew.

    Returns a function that says, or no longer says, that what stands below is `stale`; `intro` is
    then asked again, for another task wants other words.
    """
    sentence = ipywidgets.HTML(_paragraph(intro()))
    sentence.layout.flex, sentence.layout.margin = "1 1 24em", "0 8px 0 0"
    press = ipywidgets.Button(description=button, icon="refresh", layout={"width": "auto"})
    press.on_click(lambda _: _at_work(press, act))
    use_subshell(press)
    message = ipywidgets.HTML(layout=WHOLE_ROW)
    display(ipywidgets.Box([sentence, press, message], layout=ROW))

    def tell(is_stale: bool) -> None:
        words = f"<p role='status' style='margin:0'>⟳ {html.escape(stale)}</p>"
        message.value = words if is_stale else ""
        sentence.value = _paragraph(intro())

    return tell


def _paragraph(words: str) -> str:
    return f"<p style='margin:0'>{html.escape(words)}</p>"


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
        self.remark = ""  # what whoever starts a run wants to have said beside the button

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
        self._say(" ".join(filter(None, (text("studio.running"), self.remark))))
        self.remark = ""
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
