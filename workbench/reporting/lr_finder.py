"""The answer of the learning-rate finder as a file: a page, a picture, or the record itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from .. import figures, language
from ..errors import InputError
from ..runs import write_output
from ..training.lr_finder import Finder, explain
from .parts import drawing, file, template


def write_finder(found: Finder, path: Path) -> None:
    """Write what was found as `.html`, `.svg` or `.json`.

    Raises:
        InputError: the file has another ending or cannot be written.
    """
    check_ending(path)
    write_output(path, _MAKERS[path.suffix](found))


def check_ending(path: Path) -> None:
    """Refuse a file whose ending says nothing that can be written.

    Raises:
        InputError: naming the endings that can.
    """
    if path.suffix not in _MAKERS:
        raise InputError(
            "--out {name!r} has an ending that cannot be written",
            "end it in {endings}",
            name=path.name,
            endings=", ".join(_MAKERS),
        )


def _page(found: Finder) -> str:
    return template("lr_finder.html.j2").render(
        language=language.current(),
        css=Markup(file("page.css")),
        drawn=drawing(figures.lr_finder(found)),
        message=explain(found),
    )


_MAKERS: dict[str, Callable[[Finder], str]] = {
    ".html": _page,
    ".svg": lambda found: figures.to_svg(figures.lr_finder(found)),
    ".json": lambda found: json.dumps(found.to_dict(), ensure_ascii=False, indent=1) + "\n",
}
