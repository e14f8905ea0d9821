"""What the kernel knows about who is watching, and how to show things to them."""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..figures.output import html_output
from ..sources.paths import NOTEBOOK_FOLDER
from ..widgets.handles import NOTHING, is_app, make_place


def is_live() -> bool:
    """Return whether a person is there to click.

    Front ends tell with each cell whether anybody could answer a prompt (`allow_stdin` of the
    Jupyter protocol): JupyterLab says yes, papermill and nbconvert say no. Voilà says no as well,
    but shows the notebook to somebody. `WORKBENCH_LIVE`, 0 or 1, overrides all of this.

    Raises:
        InputError: `WORKBENCH_LIVE` is something else.
    """
    wish = os.environ.get("WORKBENCH_LIVE", "").strip()
    if wish in ("0", "1"):
        return wish == "1"
    if wish:
        raise InputError(
            "WORKBENCH_LIVE is {value!r}",
            "set it to 1 where somebody is there to click, to 0 where nobody is, or leave it out",
            value=wish,
        )
    from IPython import get_ipython

    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    if is_app():
        return True
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
    From then on a fault of the input is shown in a cell as one line, without a traceback.
    """
    InputError._render_traceback_ = _one_line  # type: ignore[attr-defined]
    if root := os.environ.get("WORKBENCH_ROOT"):
        os.environ.setdefault(NOTEBOOK_FOLDER, str(Path.cwd()))
        os.chdir(root)


def _one_line(error: InputError) -> list[str]:
    """Return what IPython shows of an error: its kind, and what is wrong."""
    return [f"{type(error).__name__}: {error}"]


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
            handle.update(NOTHING, raw=True)


class Slot:
    """A place in a cell's output that can be filled, and filled again, from anywhere.

    Live, the place is made at once, so that a click long after the cell has ended still fills
    it; what it holds is saved with the notebook. Headless, each filling is shown as it comes.
    """

    def __init__(self, live: bool) -> None:
        self._handle: Any = None
        if live:
            self._handle = make_place()

    def fill(self, bundle: dict[str, Any]) -> None:
        """Show a mime bundle here."""
        from IPython.display import display

        about = _described(bundle)
        if self._handle is None:
            display(bundle, raw=True, metadata=about)
            return
        # Lab redraws a plot only where the kind of output changes, so empty the place first.
        self._handle.update(NOTHING, raw=True)
        self._handle.update(bundle, raw=True, metadata=about)

    def clear(self) -> None:
        """Empty the place."""
        if self._handle is not None:
            self._handle.update(NOTHING, raw=True)


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


def _described(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a bundle: what an exported page says of its image, as `alt`."""
    words = bundle.get("text/plain", "")
    return {mime: {"alt": words} for mime in bundle if mime.startswith("image/") and words}
