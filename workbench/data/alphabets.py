"""Which 8-bit encoding bytes are in: the one in which they spell the letters of some language."""

from __future__ import annotations

import math
from itertools import pairwise

# The letters beyond ASCII that languages write, by the encodings that have them.
_WEST = (
    "éèêàçùâîôûëïœ", "äöüß", "áéíóúñü", "ãõáéíóúâêôç", "àèéìòù", "åäöé", "æøåé", "éëïèü",
)  # fmt: skip
_EAST = (
    "áčďéěíňóřšťúůýž", "ąćęłńóśźż", "áéíóöőúüű", "áäčďéíľĺňóôŕšťúýž", "čćđšž", "ăâîşţ",
)  # fmt: skip
_LATIN = {
    "cp1252": _WEST,
    "cp1250": _EAST,
    "iso8859_2": _EAST,
    "cp1254": ("çğıöşüâî",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "mac_roman": _WEST[:3],
    "cp437": ("éèêàçùâîôûëï", *_WEST[1:3]),
}
# Quotes, dashes and signs that any text may have.
_SIGNS = "‘’‚“”„«»–—…€£§©®°·¡¿´•\xa0"
_CYRILLIC = ("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic")
_UKRAINIAN = "іїєґў"
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя" + _UKRAINIAN
_NARROW = (*_CYRILLIC, "cp1256", "iso8859_6", "cp1253", "iso8859_7", "cp1255", "cp874")
# East Asian encodings, with the one that orders their characters by use and its usual first bytes.
_WIDE = {
    "gb18030": ("gb2312", 0xA1, 0xD7),
    "big5": ("big5", 0xA1, 0xC6),
    "cp932": ("euc_jp", 0xA1, 0xCF),
    "euc_jp": ("euc_jp", 0xA1, 0xCF),
    "cp949": ("euc_kr", 0xA1, 0xC8),
}
_USUAL_SHARE = 0.75
# The characters that stand most often in texts: they decide where bytes spell usual ones twice.
_FREQUENT = {
    "gb18030": (
        "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里"
        "很好差店服务次没都快慢吃喝买送看小后还起多真么"
    ),
    "big5": (
        "的一是不了人我在有他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可裡"
        "很好差店服務次沒都快慢吃喝買送看小後還起多真麼"
    ),
    "cp949": (
        "이다는에가을의고지하도은를한어서로사기아나자시대리으인들그해게수일정과있요라니보안스제전주여네면와습"
    ),
}  # fmt: skip
_CLOSE = 0.02
_SIGN, _ALONE, _FOREIGN = -3.2, -4.0, -9.0
_NEARLY = math.log(1.5)
_LEAST = -6.0  # below it, no language is meant


def latin_encodings(sample: bytes) -> list[str]:
    """Return the encodings of Latin letters that fit best, the likeliest first; two if close."""
    scores: dict[str, float] = {}
    texts: dict[str, str] = {}
    for encoding, languages in _LATIN.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        scores[encoding] = max(_likelihood(text, letters) for letters in languages)
        texts[encoding] = text
    ranked = sorted(scores, key=lambda one: -scores[one])
    if not ranked or scores[ranked[0]] < _LEAST:
        return []
    # Of encodings that fit nearly alike the most usual, which stands first.
    near = [one for one in scores if scores[one] > scores[ranked[0]] - _NEARLY]
    others = [one for one in ranked if one in near and texts[one] != texts[near[0]]]
    return [near[0], *others[:1]]


def _likelihood(text: str, letters: str) -> float:
    """Return the mean log-likelihood of characters beyond ASCII in a language.

    Each of its letters is alike; one that stands alone, as in `£5`, is rather a sign.
    """
    typical = math.log(0.9 / len(letters))
    both = {*letters, *letters.upper()}
    total, count = 0.0, 0
    for before, one, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if one <= "\x7f":
            continue
        count += 1
        if one in _SIGNS:
            total += _SIGN
        elif one in both:
            total += typical if before.isalpha() or after.isalpha() else _ALONE
        else:
            total += _FOREIGN
    return total / max(1, count)


def other_encodings(sample: bytes) -> list[str]:
    """Return the encodings of other alphabets that fit best, the likeliest first; two if close."""
    from charset_normalizer import from_bytes

    if wide := _wide_encodings(sample):
        return wide
    found = list(from_bytes(sample, cp_isolation=list(_NARROW), preemptive_behaviour=False))
    # Encodings of one byte a character read any bytes at all, as scattered letters.
    found = [one for one in found if _mostly_foreign(str(one))]
    if not found:
        return []
    best = found[0]
    if best.encoding in _CYRILLIC:
        return [_tidiest(sample)]
    runners_up = [
        one.encoding
        for one in found[1:]
        if one.chaos - best.chaos < _CLOSE and str(one) != str(best)
        and one.coherence > best.coherence - 0.1
    ]  # fmt: skip
    return [best.encoding, *runners_up[:1]]


def _wide_encodings(sample: bytes) -> list[str]:
    """Return the East Asian encodings in which nearly all characters are usual ones."""
    shares, texts = {}, {}
    for encoding, (ordered, first, last) in _WIDE.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        found = [one for one in text if one > "\x7f"]
        typical = 0
        for one in found:
            raw = one.encode(ordered, "ignore")
            typical += len(raw) == 2 and first <= raw[0] <= last
        kana = sum("\u3040" <= one <= "\u30ff" for one in found)
        # Japanese is never without kana, and Chinese and Korean hardly ever have any.
        strange = kana if encoding in ("gb18030", "big5", "cp949") else len(found) * (not kana)
        often = sum(one in _FREQUENT.get(encoding, "") for one in found)
        shares[encoding] = (typical - strange / 2 + often / 2) / max(1, len(found))
        texts[encoding] = text
    ranked = sorted(shares, key=lambda one: -shares[one])
    if not ranked or shares[ranked[0]] < _USUAL_SHARE:
        return []
    best = ranked[0]
    near = [one for one in ranked[1:] if shares[one] > shares[best] - _CLOSE]
    return [best, *[one for one in near if texts[one] != texts[best]][:1]]


def _tidiest(sample: bytes) -> str:
    """Return the Cyrillic encoding with the fewest capitals inside of words, and odd signs."""
    costs = {}
    for encoding in _CYRILLIC:  # of equal ones the first, which is the most usual
        text = sample.decode(encoding, "replace")
        inside = sum(a.islower() and b.isupper() for a, b in pairwise(text))
        shouted = sum(a.isupper() and b.islower() and c.isupper()
                      for a, b, c in zip(text, text[1:], text[2:], strict=False))  # fmt: skip
        strange = sum(
            one > "\x7f" and one.lower() not in _RUSSIAN and one not in _SIGNS for one in text
        )
        rare = sum(one.lower() in _UKRAINIAN for one in text)
        capitals = sum(map(str.isupper, text))
        costs[encoding] = 3 * inside + shouted + 3 * strange + 0.1 * rare + 0.5 * capitals
    return min(costs, key=lambda one: costs[one])


def _mostly_foreign(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    return sum(one > "\u024f" for one in letters) > 0.3 * len(letters)
