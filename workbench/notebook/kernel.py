"""What the kernel knows about who is watching, and how to show things to them."""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..figures.output import html_output
from ..sources.paths import NOTEBOOK_FOLDER


def is_live() -> bool:
    """Return whether a person is there to click.

    Front ends tell with each cell whether anybody could answer a prompt (`allow_stdin` of the
    Jupyter protocol): JupyterLab says yes, papermill and nbconvert say no.
    """
    from IPython import get_ipython

    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    parent = kernel.get_parent("shell") or {}
    return bool(parent.get("content", {}).get("allow_stdin", False))


def in_notebook() -> bool:
    """Return whether this is a kernel: a notebook's, in front of somebody or headless."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def is_headless() -> bool:
    """Return whether this is a notebook that nobody watches: what it starts must end in it."""
    return in_notebook() and not is_live()


def chdir_to_project_root() -> None:
    """Work in the folder that `workbench lab` was started in, where paths mean the same.

    The folder of the notebook, in which its kernel began, is kept in mind: a file may lie there.
    """
    if root := os.environ.get("WORKBENCH_ROOT"):
        os.environ.setdefault(NOTEBOOK_FOLDER, str(Path.cwd()))
        os.chdir(root)


@contextmanager
def fetching(live: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function `(done_bytes, total_bytes, text)` that shows downloads where somebody looks.

    Its place is made when there is something to show, and is empty afterwards.
    """
    from IPython.display import display

    shown: list[Any] = []
    last_shown = 0.0

    def show(done: int, total: int, what: str) -> None:
        nonlocal last_shown
        if not live or (time.monotonic() - last_shown < 0.5 and done < total):
            return
        last_shown = time.monotonic()
        bar = f"<progress max='{total}' value='{done}'></progress>" if total else ""
        words = f"{what}: {done / 1e6:.0f} MB"
        markup = html_output(f"<span role='status'>{html.escape(words)}</span> {bar}", words)
        if shown:
            shown[0].update(markup, raw=True)
        else:
            shown.append(display(markup, raw=True, display_id=True))

    try:
        yield show
    finally:
        for handle in shown:
            handle.update(_empty(), raw=True)


class Slot:
    """A place in a cell's output that can be filled, and filled again, from anywhere.

    Live, the place is made at once, so that a click long after the cell has ended still fills
    it; what it holds is saved with the notebook. Headless, each filling is shown as it comes.
    """

    def __init__(self, live: bool) -> None:
        self._handle: Any = None
        if live:
            from IPython.display import display

            self._handle = display(_empty(), raw=True, display_id=True)

    def fill(self, bundle: dict[str, Any]) -> None:
        """Show a mime bundle here."""
        from IPython.display import display

        if self._handle is None:
            display(bundle, raw=True)
            return
        # Lab redraws a plot only where the kind of output changes, so empty the place first.
        self._handle.update(_empty(), raw=True)
        self._handle.update(bundle, raw=True)

    def clear(self) -> None:
        """Empty the place."""
        if self._handle is not None:
            self._handle.update(_empty(), raw=True)


class Slots:
    """A row of places below one another; holds as many bundles as the page needs."""

    def __init__(self, live: bool, count: int) -> None:
        self._live = live
        self._slots = [Slot(live) for _ in range(count if live else 0)]

    def fill(self, bundles: list[dict[str, Any]]) -> None:
        """Show the bundles in order; places left over are emptied.

        Raises:
            ValueError: live, there are more bundles than places.
        """
        if not self._live:
            self._slots = [Slot(False) for _ in bundles]
        for slot, bundle in zip(self._slots, bundles, strict=False):
            slot.fill(bundle)
        if len(bundles) > len(self._slots):
            raise ValueError(f"{len(bundles)} bundles for {len(self._slots)} places")
        for slot in self._slots[len(bundles) :]:
            slot.clear()


def _empty() -> dict[str, Any]:
    return {"text/html": "", "text/plain": ""}
