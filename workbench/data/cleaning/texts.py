"""Steps that change texts: each function takes a step's parameters and returns text → text."""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from ...spec import cleaning as spec
from ..patterns import PATTERNS, TAG_NAMES, pattern

Mend = Callable[[str], str]


def fix_text(step: spec.FixText) -> Mend:
    """Undo wrong decoding, where the result is likelier text than what was there.

    Likelier is text with fewer sequences that hardly occur, no sign that stands for nothing, and no
    accent on a punctuation mark. Single control characters are left: what they were is a guess.

    Source:
        Speer, ftfy, `fix_encoding` and `badness`.
    """
    from ftfy import TextFixerConfig, fix_encoding
    from ftfy.badness import badness

    cautious = TextFixerConfig(fix_c1_controls=False)

    def normalize(text: str) -> str:
        if text.isascii():
            return text
        after = fix_encoding(text, cautious)
        if after == text or badness(after) >= badness(text) or _senseless(after) > _senseless(text):
            return text
        return after

    return normalize


def looks_garbled(text: str) -> bool:
    """Say whether a text still looks as if it had been decoded wrongly."""
    from ftfy.badness import is_bad

    return not text.isascii() and is_bad(text)


def _senseless(text: str) -> int:
    """Count signs for private use, lost characters, and accents that stand on punctuation."""
    kinds = list(map(unicodedata.category, text))
    alone = sum(
        kind in ("Mn", "Mc", "Me") and before[0] == "P" and not "\ufe00" <= sign <= "\ufe0f"
        for sign, before, kind in zip(text[1:], kinds, kinds[1:], strict=False)
    )
    return alone + sum(kind in ("Co", "Cn") for kind in kinds) + text.count("\ufffd")


def unicode(step: spec.Unicode) -> Mend:
    """Bring characters into a normal form (Unicode Standard Annex 15)."""
    form: Any = step.form
    return lambda text: text if text.isascii() else unicodedata.normalize(form, text)


def html(step: spec.Html) -> Mend:
    """Leave out markup, scripts and styles; blocks become lines, entities characters."""
    tag, entity = pattern("tag"), pattern("entity")

    def normalize(text: str) -> str:
        if "<" in text and tag.occurs(text):
            reader = _TextOf()
            reader.feed(text)
            reader.close()
            return "".join(reader.parts).strip()
        return entities.unescape(text) if entity.occurs(text) else text

    return normalize


def control(step: spec.Control) -> Mend:
    """Remove control characters and invisible marks."""
    remove = pattern("control").compiled.sub
    return lambda text: text if text.isprintable() else remove("", text)


def whitespace(step: spec.Whitespace) -> Mend:
    """Make each run of blanks one blank; in texts of several lines, line by line."""
    if not step.keep_lines:
        return lambda text: " ".join(text.split())

    def normalize(text: str) -> str:
        lines = [" ".join(line.split()) for line in re.split(r"\r\n?|\n", text)]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    return normalize


def mask(step: spec.Mask) -> Mend:
    """Put a word in the place of what patterns find; an address before the name in it."""
    chosen = [one for one in PATTERNS if one.name in step.what]

    def normalize(text: str) -> str:
        for one in chosen:
            text = one.replace(text)
        return text

    return normalize


def chinese(step: spec.Chinese) -> Mend:
    """Write Chinese in simplified or traditional characters, words before single characters.

    Source:
        OpenCC, `t2s` and `s2t`.
    """
    from opencc import OpenCC

    convert = OpenCC({"simplified": "t2s", "traditional": "s2t"}[step.to]).convert
    return lambda text: text if text.isascii() else convert(text)


_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre",
        "section", "select", "table", "tbody", "tfoot", "thead", "title", "tr", "ul",
    }
)  # fmt: skip
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style", "template", "noscript", "head"})
_KNOWN = re.compile(rf"(?:{TAG_NAMES}|{'|'.join(_BLOCKS | _CELLS | _UNSEEN)})\Z", re.IGNORECASE)


class _TextOf(HTMLParser):
    """Collects the text that a reader would see. What is no element of HTML stays as written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._mark(tag)
        if tag in _UNSEEN:
            self._unseen.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self._mark(tag)

    def handle_endtag(self, tag: str) -> None:
        self._mark(tag, f"</{tag}>")
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    def _mark(self, tag: str, written: str | None = None) -> None:
        if not _KNOWN.match(tag):
            self.handle_data(written or self.get_starttag_text() or "")
        elif not self._unseen and tag in _BLOCKS:
            self.parts.append("\n")
        elif not self._unseen and tag in _CELLS:
            self.parts.append(" ")


# What of a step's work can be seen to be undone: texts of which this holds were left as they are.
LEFT: dict[str, Callable[[str], bool]] = {"fix_text": looks_garbled}
