"""`wb.playground`: a run's model before and after, live in a widget, headless as a table."""

from __future__ import annotations

from typing import Any

from ..errors import RunError
from ..evaluation.playground import open_playground, remembers, require_writer
from ..runs import RunFolder
from . import pages
from .kernel import Slots, is_live


def play(run: RunFolder, beside: RunFolder | None = None) -> None:
    """Show the playground of a run, beside the model before it or that of another run.

    Raises:
        InputError: its model writes no text, or is not there yet.
    """
    for one in filter(None, (run, beside)):
        require_writer(one)
    if is_live():
        from IPython.display import display

        display(desk_of(run, beside))
    else:
        Slots(live=False, count=0).fill(pages.answers_page(run))


def desk_of(run: RunFolder, beside: RunFolder | None = None) -> Any:
    """Return the widget; models are loaded at the first question.

    Raises:
        RunError: there is no model yet.
    """
    from ..widgets.playground import PlaygroundDesk

    for one in filter(None, (run, beside)):
        if not one.model_path.is_dir():
            raise RunError("{run} has no model yet", "let it end first", run=one.name)
    names = {"before": beside.name, "after": run.name} if beside else {}
    return PlaygroundDesk(
        lambda: open_playground(run, beside=beside), run.spec(), remembers(run), names=names
    )
