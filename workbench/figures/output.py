"""HTML in a notebook's output, in which text from data stays text.

JupyterLab typesets what stands between dollar signs in any HTML output, so that `$3 and $2` loses
its dollars and `$\\href{…}{…}$` becomes a link. Its MathJax passes by what has the class below.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import plain
from ..language.direction import in_order

_LITERAL = "mathjax_ignore"
# JupyterLab drops the style sheets of a notebook that it does not trust, and aligns to the right.
_CELL = re.compile(r"<(th|td)\b(?![^>]*\bstyle=)")
_LEFT = r'<\1 style="text-align:left"'


def html_output(markup: str, text: str, *classes: str) -> dict[str, Any]:
    """Return HTML, whose texts are escaped, and its plain twin as a mime bundle."""
    shown = _CELL.sub(_LEFT, in_order(markup))
    wrapped = f'<div class="{" ".join((_LITERAL, *classes))}">{shown}</div>'
    return {"text/html": wrapped, "text/plain": plain(text)}
