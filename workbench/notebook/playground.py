"""`wb.playground`: a run's model before and after, live in a widget, headless as a table."""

from __future__ import annotations

from typing import Any

from ..errors import RunError
from ..evaluation.playground import open_playground, remembers, require_writer
from ..runs import RunFolder
from . import pages
from .kernel import Slots, is_live


def play(run: RunFolder) -> None:
    """Show the playground of a run.

    Raises:
        InputError: its model writes no text, or is not there yet.
    """
    require_writer(run)
    if is_live():
        from IPython.display import display

        display(desk_of(run))
    else:
        Slots(live=False, count=0).fill(pages.answers_page(run))


def desk_of(run: RunFolder) -> Any:
    """Return the widget; models are loaded at the first question.

    Raises:
        RunError: there is no model yet.
    """
    from ..widgets.playground import PlaygroundDesk

    if not run.model_path.is_dir():
        raise RunError("{run} has no model to ask yet", "let it end first", run=run.name)
    return PlaygroundDesk(lambda: open_playground(run), run.spec(), remembers(run))
