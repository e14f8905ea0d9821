"""What stands out in a text: markup, addresses, numbers of people and accounts, control characters.

A pattern is a regular expression, where need be with a check of the digits, and what it is masked
by. Those of people (`personal`) are found by their form only: names and postal addresses are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .header import is_number


@dataclass(frozen=True)
class Pattern:
    """One kind of thing to find in texts.

    Of `needs` a text must hold one, or it is not searched at all, which is quick. A match for which
    `holds` is false is none.
    """

    name: str
    expression: str
    mask: str = ""
    needs: tuple[str, ...] = ()
    personal: bool = False
    holds: Callable[[str], bool] = lambda text: True
    flags: int = 0

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The regular expression."""
        return re.compile(self.expression, self.flags)

    def find(self, text: str) -> list[str]:
        """Return what matches in a text, in order."""
        return [match.group() for match in self._matches(text)]

    def occurs(self, text: str) -> bool:
        """Say whether anything matches."""
        return next(self._matches(text), None) is not None

    def replace(self, text: str, by: str | None = None) -> str:
        """Return the text with each match replaced by the mask, or by `by`."""
        if not self._may_hold(text):
            return text
        put = self.mask if by is None else by
        return self.compiled.sub(lambda m: put if self.holds(m.group()) else m.group(), text)

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        if self._may_hold(text):
            yield from (m for m in self.compiled.finditer(text) if self.holds(m.group()))

    def _may_hold(self, text: str) -> bool:
        # Called for every cell and pattern: a loop is several times as fast as `any`.
        for mark in self.needs:
            if mark in text:
                return True
        return not self.needs


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character in "0123456789"]


def luhn_holds(text: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812, annex B); all zeros are no number."""
    digits = _digits(text)
    doubled = [2 * d - 9 * (d > 4) for d in digits[-2::-2]]
    return any(digits) and (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def iban_holds(text: str) -> bool:
    """Check the two check digits of a bank account (ISO 13616)."""
    plain = text.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def resident_id_holds(text: str) -> bool:
    """Check the last digit of a Chinese resident identity number (GB 11643-1999)."""
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(text[:17]))
    return "10X98765432"[total % 11] == text[17].upper()


def phone_holds(text: str) -> bool:
    """Tell a telephone number from a date or an amount by its number of digits."""
    return 8 <= len(_digits(text)) <= 15


# Names of elements, so that `a < b` and `<3` are no markup.
TAG_NAMES = (
    "a|abbr|article|aside|b|blockquote|body|br|button|center|cite|code|dd|del|details|div|dl|dt|em|"
    "embed|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|"
    "main|mark|meta|nav|object|ol|option|p|path|pre|q|s|script|section|select|small|source|span|"
    "strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|time|title|tr|"
    "tt|u|ul|video"
)
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"

PATTERNS = (
    Pattern(
        "tag", rf"</?(?:{TAG_NAMES})(?:\s[^<>]*)?/?>|<!--.*?-->", needs=("<",), flags=re.I | re.S
    ),
    Pattern(
        "entity", r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});", needs=("&",)
    ),
    Pattern(
        "url",
        r"(?<![A-Za-z0-9])(?:https?://|ftp://|www\.)[^\s<>\"'`，。；！？、）》」】]*[^\s<>\"'`，。；！？、）》」】.,;:!?)\]}]",
        "[URL]",
        needs=("://", "www.", "WWW.", "Www."),
        flags=re.I,
    ),
    Pattern(
        "email",
        rf"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:{_WORD}\.)+[A-Za-z]{{2,24}}(?![A-Za-z0-9_@-])",
        "[EMAIL]",
        needs=("@",),
        personal=True,
    ),
    Pattern(
        "handle",
        r"(?<![A-Za-z0-9_@.])@\w{1,30}(?![\w@]|\.[A-Za-z0-9])",
        "[HANDLE]",
        needs=("@",),
        personal=True,
    ),
    Pattern(
        "iban",
        r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        "[IBAN]",
        personal=True,
        holds=iban_holds,
    ),
    Pattern(
        "resident_id",
        r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])"
        r"(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])",
        "[ID]",
        personal=True,
        holds=resident_id_holds,
    ),
    Pattern(
        "card",
        r"(?<![0-9A-Za-z.])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])",
        "[CARD]",
        personal=True,
        holds=luhn_holds,
    ),
    Pattern(
        "ip",
        r"(?<![0-9.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}"
        r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?!\.?[0-9])",
        "[IP]",
        needs=(".",),
        personal=True,
    ),
    Pattern(
        "phone",
        r"(?<![0-9A-Za-z.,+-])(?:"
        r"\+[0-9]{1,3}[ -]?(?:\(?[0-9]{1,4}\)?[ -]?)(?:[0-9]{2,4}[ -]?){1,3}[0-9]{2,4}"
        r"|1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"  # a mobile telephone in China
        r"|0[0-9]{2,3}[ -]?[0-9]{7,8}"  # a fixed one, with its area
        r"|\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}"  # North America
        r"|0[1-9][0-9]{1,3}[ ]?[0-9]{3}[ ]?[0-9]{3,4}"  # Great Britain
        r")(?![0-9A-Za-z]|[.,][0-9])",
        "[PHONE]",
        personal=True,
        holds=phone_holds,
    ),
    # Tabs and line ends belong to texts; a zero-width joiner holds emoji and Arabic together.
    Pattern(
        "control",
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb]",
    ),
    Pattern("replacement", "\ufffd+", needs=("\ufffd",)),
    # A name for a row rather than a word: a number of ten digits or more, a UUID, a digest.
    Pattern(
        "id",
        r"(?<![\w.])(?:[0-9]{10,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        r"|(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{24,64}"
        r"|[0-9]\.[0-9]+E\+[0-9]{2})(?!\w)",
        "[ID]",
    ),
    # A spreadsheet would take a cell that begins so for a formula, and run it.
    Pattern("formula", r"\A\s*(?:=|[+@-](?![\d.]))"),
)
MASKABLE = tuple(pattern.name for pattern in PATTERNS if pattern.mask)
PERSONAL = tuple(pattern.name for pattern in PATTERNS if pattern.personal)
SUSPICIOUS = tuple(pattern.name for pattern in PATTERNS if pattern.name != "formula")

_BY_NAME = {pattern.name: pattern for pattern in PATTERNS}


def pattern(name: str) -> Pattern:
    """Return the pattern with this name."""
    return _BY_NAME[name]


def masked(text: str, names: Sequence[str]) -> str:
    """Return the text with all that these patterns find masked, in the order of `PATTERNS`.

    Longer things are masked before what they hold: an address before its `@name`.
    """
    for one in PATTERNS:
        if one.name in names:
            text = one.replace(text)
    return text


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe in front.

    Numbers stay as they are.

    Source:
        OWASP, "CSV Injection".
    """
    if not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or is_number(text):
        return text
    return f"'{text}"
