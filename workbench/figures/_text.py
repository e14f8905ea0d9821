"""Text in figures: escaped for plotly, and measured for the static image."""

from __future__ import annotations

import html
import re
import unicodedata

from ..errors import shorten
from ..language.direction import isolated

# The only markup that plotly reads in a text, and that we draw as its plain words.
_MARKUP = re.compile(r"</?(?:b|i|em|strong|u|s|sub|sup|span|a)(?:\s[^<>]*)?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+"
)
_CLOSING = frozenset("，。、；：）！？")
_NARROW = frozenset("iljftrI.,:;|!'`()[]{}/\\-· ")


def escape(value: object, limit: int = 200) -> str:
    """Return a text from data as one line that plotly shows literally.

    Plotly reads `<b>`, `<a href>` and entities in any text, and, where MathJax is about, what
    stands between dollar signs.
    """
    line = html.escape(isolated(shorten(value, limit)), quote=False)
    return line.replace("$", "&#36;")


def lines(text: str | None) -> list[str]:
    """Return the plain lines that plotly would show for a text with its markup."""
    parts = _BREAK.split(text or "")
    return [html.unescape(_MARKUP.sub("", part)) for part in parts]


def unisolated(line: str) -> str:
    """Return a line without the marks that `escape` puts around names written from the right."""
    return line.replace("\u2068", "").replace("\u2069", "")


def literal(name: str) -> str:
    """Return a plain text as plotly text, for a function that reads the latter."""
    return name.replace("&", "&amp;").replace("<", "&lt;")


def xml(text: object) -> str:
    """Return a text escaped for XML, without the characters that XML cannot hold."""
    return html.escape(_NOT_XML.sub("�", str(text)))


def width(line: str, size: float) -> float:
    """Estimate the width of a line of text in pixels, for a sans-serif font of `size` pixels."""
    return size * sum(_em(character) for character in line)


def cut(line: str, size: float, room: float) -> str:
    """Return the line, cut with an ellipsis where it is wider than `room` pixels."""
    if width(line, size) <= room:
        return line
    while line and width(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def wrap(line: str, size: float, room: float) -> list[str]:
    """Break a line at spaces, or between wide characters, so that each part fits the room."""
    parts: list[str] = []
    current = ""
    for piece in _PIECE.findall(line):
        if current.strip() and width(current + piece, size) > room and piece not in _CLOSING:
            parts.append(current.strip())
            current = ""
        current += piece
    return [*parts, current.strip()] if current.strip() or not parts else parts


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _NARROW:
        return 0.32
    if character in "mwMW@%":
        return 0.86
    return 0.66 if character.isupper() else 0.56
