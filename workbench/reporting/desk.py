"""The attention desk's front end as text: one script, one style sheet, one set of labels.

The notebook's widget and the pages of a report show the same script; only the model behind it
differs.
"""

from __future__ import annotations

import re
from importlib import resources

from .. import language as languages

_PIECES = (
    "controls.js", "attention/packed.js", "attention/tokens.js", "attention/weights.js",
    "attention/colour.js", "attention/choice.js", "attention/controls.js", "attention/atlas.js",
    "attention/zoom.js", "attention/paint.js", "attention/strip.js", "attention/formula.js",
    "attention/change.js", "attention/along.js", "attention/lens.js", "attention/honesty.js",
    "attention/head.js", "attention/desk.js",
)  # fmt: skip
_AREA = "attention.view."
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_EXPORT = "export default { render };\n"


def desk_module() -> str:
    """Return the front end as a module that exports `render`, for anywidget."""
    return "\n".join(_static(piece) for piece in _PIECES)


def desk_script() -> str:
    """Return the front end as a script without exports, to be followed by a call of `render`.

    It lies in every saved notebook and page, so comments stay behind.
    """
    return _COMMENT.sub("", desk_module().replace(_EXPORT, ""))


def desk_style() -> str:
    """Return the style sheet."""
    return _static("attention/desk.css")


def desk_labels(language: str | None = None) -> dict[str, str]:
    """Return the interface text that the front end asks its model for."""
    strings = languages.catalogue(language or languages.current())
    return {k.removeprefix(_AREA): v for k, v in strings.items() if k.startswith(_AREA)}


def _static(name: str) -> str:
    return resources.files("workbench").joinpath("static", *name.split("/")).read_text("utf-8")
