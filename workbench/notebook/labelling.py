"""`wb.label`: a session on the rows of a source, in the widget where somebody watches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import plain
from ..evaluation import labels as held
from ..evaluation.labels import open_labels
from ..language import text
from ..runs import RunFolder, open_run
from ..spec import RunSpec
from . import pages
from .kernel import chdir_to_project_root, is_live


class Labels(held.Labels):
    """The labels of a source, as a notebook shows them."""

    is_shown = False

    def _ipython_display_(self) -> None:
        """Say how far the person has come, but not below the widget that says it already."""
        if not self.is_shown:
            print(plain(str(self)))  # noqa: T201


def label(
    spec: RunSpec,
    labels: Sequence[str] = (),
    run: RunFolder | str | Path | None = None,
    **how: Any,
) -> Labels:
    """Return `open_labels`, and show the widget where somebody watches.

    Raises:
        InputError: as `open_labels`.
    """
    if isinstance(run, str | Path):
        chdir_to_project_root()
        run = open_run(run)
    made = open_labels(spec, labels, run=run, **how)
    shown = Labels(made.items, made.session)
    if is_live():
        from IPython.display import display

        from ..widgets.labelling import LabellingDesk

        display(LabellingDesk(shown.session))
        path = shown.session.journal.path
        display(pages.note(text("labelling.use", path=path)), raw=True)
        shown.is_shown = True
    return shown
