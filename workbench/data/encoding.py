"""From bytes to text: byte-order marks, named encodings, and a guess where none is named."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from ..errors import DataError, shorten
from ..language import text as say
from .alphabets import latin_encodings, other_encodings

# Longer marks first: UTF-32LE begins with the two bytes of UTF-16LE.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
SAMPLE_BYTES = 65_536
WORDS = re.compile(b"[A-Za-z\x80-\xff]+")
ALONE = re.compile(b"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
# UTF-8 read as Windows-1252, and the traces of bytes that were lost on the way.
GARBLED = re.compile("[ÃÂ][\u0080-\u00bf]|â€[\u0080-\u2122]|ï¿½|锟斤拷")


@dataclass(frozen=True)
class Decoded:
    """Text, the encoding it was in, and what is worth telling about that."""

    text: str
    encoding: str
    notes: list[str] = field(default_factory=list)


def decode(raw: bytes, encoding: str, name: str) -> Decoded:
    """Decode a file's bytes; `auto` detects the encoding and mends what it can.

    A named encoding is taken at its word: bytes that do not fit are an error. Under `auto`, bytes
    that fit no encoding become U+FFFD and are counted in the notes.

    Raises:
        DataError: the encoding is unknown or wrong, or the bytes are no text at all.
    """
    if encoding == "auto":
        return _detect(raw, name)
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)  # a codec such as hex is known, and none of text
    except (LookupError, ValueError):
        raise DataError(
            "data.encoding: no such encoding {encoding!r}",
            "set it to auto, utf-8, gb18030, big5, shift_jis, utf-16, cp1252, …",
            encoding=shorten(encoding),
        ).at("data.encoding", encoding, "no_such_encoding") from None
    try:
        text = raw.decode(encoding)
    except UnicodeError as error:
        # utf-16 and utf-32 raise a bare UnicodeError on a missing byte-order mark.
        start = getattr(error, "start", 0)
        line = raw.count(b"\n", 0, start) + 1
        raise DataError(
            "{name} is not {encoding}: the byte {byte:#04x} on line {line} does not fit",
            "set data.encoding to auto or to {found}",
            name=name,
            encoding=encoding,
            byte=raw[start],
            line=line,
            found=_detect(raw, name).encoding,
        ).at("data.encoding", encoding, "wrong_encoding") from None
    notes = _garbled(text)
    if not text.isascii() and not codec.name.startswith("utf") and _is_utf8(raw):
        notes.append(say("data.note.also_utf8", encoding=codec.name))
    return Decoded(text.removeprefix("\ufeff"), codec.name, notes)


def _detect(raw: bytes, name: str) -> Decoded:
    marked = next((encoding for mark, encoding in MARKS if raw.startswith(mark)), "")
    if known := marked or _wide_encoding(raw):
        return _decode_loosely(raw, known)
    if b"\0" in raw:
        return _without_zeros(raw, name)
    if _is_utf8(raw):
        return _decode_loosely(raw, "utf-8")
    decoded = _decode_loosely(raw, "utf-8")
    broken = decoded.text.count("\ufffd")
    foreign = len(decoded.text) - len(decoded.text.encode("ascii", "ignore")) - broken
    # Much valid UTF-8 and a few stray bytes: UTF-8 that was cut or spoilt somewhere.
    if foreign > 20 * broken:
        return decoded
    if guesses := _guess(raw):
        found = _decode_loosely(raw, guesses[0])
        return replace(found, notes=[*found.notes, *_rival(raw, guesses)])
    return decoded


def _without_zeros(raw: bytes, name: str) -> Decoded:
    """Decode text with zero bytes in it, which become blanks."""
    if _is_binary(raw[:SAMPLE_BYTES]):
        raise DataError(
            "{name} is not a text file",
            "give csv, tsv, json, jsonl, parquet, xlsx, xls or txt",
            name=name,
        )
    line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
    found = _detect(raw.replace(b"\0", b" "), name)
    note = say("data.note.nul_bytes", count=f"{raw.count(0):,}", line=f"{line:,}")
    return replace(found, notes=[*found.notes, note])


def _guess(raw: bytes) -> list[str]:
    """Return the likeliest 8-bit or East Asian encoding, and the next if it is close."""
    # Only lines beyond ASCII tell encodings apart; no candidate has a line feed in a character.
    lines: list[bytes] = []
    size = 0
    for line in raw.splitlines():
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > SAMPLE_BYTES:
                break
    sample = b"\n".join(lines)
    return latin_encodings(sample) if _looks_latin(sample) else other_encodings(sample)


def _looks_latin(sample: bytes) -> bool:
    """Say whether letters with accents, quotes and signs stand alone among ASCII letters.

    The characters of East Asian encodings and of other alphabets come in runs.
    """
    words = [word for word in WORDS.findall(sample) if not word.isascii()]
    high = sum(byte > 0x7F for word in words for byte in word)
    alone = sum(len(ALONE.findall(word)) for word in words)
    return alone > 0.8 * high or 2 * high < sum(map(len, words))


def _rival(raw: bytes, encodings: list[str]) -> list[str]:
    """Return what is to be said of a second encoding that fits nearly as well."""
    if len(encodings) < 2:
        return []
    line = next(line for line in raw.splitlines() if not line.isascii())
    shown = [shorten(line.decode(one, "replace"), 60) for one in encodings]
    return [
        say("data.note.close_encodings", encoding=encodings[0], line=shown[0],
            other=encodings[1], other_line=shown[1])
    ]  # fmt: skip


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _garbled(text: str) -> list[str]:
    """Note text that was once decoded wrongly and saved so: `â€™` for an apostrophe."""
    found = GARBLED.findall(text)
    if not found:
        return []
    return [say("data.note.garbled", count=f"{len(found):,}", example=found[0])]


def _wide_encoding(raw: bytes) -> str:
    """Recognise UTF-16 without a mark: every other byte of Latin text is zero."""
    sample = raw[:SAMPLE_BYTES]
    if len(sample) < 4:
        return ""
    half = len(sample) // 2
    if sample[1::2].count(0) > 0.4 * half and sample[::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.4 * half and sample[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    if b"\0" not in sample or len(raw) % 2:
        return ""
    # Text of other alphabets has a zero byte only in its blanks, commas and line ends.
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: half * 2].decode(encoding, "replace")
        tidy = sum(one in "\r\n\t" or (one.isprintable() and one != "\ufffd") for one in text)
        common = sum(
            one < "\u3000" or "\u3000" <= one <= "\u9fff" or one > "\uac00" for one in text
        )
        if tidy > 0.99 * len(text) and common > 0.99 * len(text) and "\n" in text:
            return encoding
    return ""


def _is_binary(sample: bytes) -> bool:
    """Say whether bytes are no text: much that is neither a letter nor a blank."""
    odd = sum(byte < 9 or 13 < byte < 32 for byte in sample if byte != 27)
    return odd > 0.05 * len(sample)


def _decode_loosely(raw: bytes, encoding: str) -> Decoded:
    try:
        text = raw.decode(encoding)
        notes = _garbled(text)
    except UnicodeDecodeError:
        text = raw.decode(encoding, errors="replace")
        line = text.count("\n", 0, text.find("\ufffd")) + 1
        broken = text.count("\ufffd")
        notes = [say("data.note.broken_bytes", count=f"{broken:,}", encoding=encoding, line=line)]
    return Decoded(text.removeprefix("\ufeff"), encoding, notes)
