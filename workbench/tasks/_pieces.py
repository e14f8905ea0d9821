"""Tokens as a reader wants them: letters in place of bytes, `▁` where a space was.

Byte-level BPE writes each byte as a letter of its own (`Ġ` for a space, `å¤©` for 天), and others
fall back to bytes (`<0xE5>`) for characters that they do not have. A character that is cut into
several tokens stands in each of them, with the part that the token is: `天⟨1/3⟩`. Bytes that are no
character are written as `<0xE5>`.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


def readable_tokens(tokenizer: Any, ids: list[int]) -> list[str]:
    """Return tokens to read: `▁` where a space was, `⏎` for a new line, whole characters."""
    pieces = tokenizer.convert_ids_to_tokens(ids)
    # A model may know more numbers than its tokenizer has words.
    tokens = [f"<{n}>" if one is None else str(one) for n, one in zip(ids, pieces, strict=True)]
    byte_level, special = _is_byte_level(tokenizer), set(tokenizer.all_special_tokens)
    added = {str(one) for one in tokenizer.added_tokens_decoder.values()} | special
    held = [None if one in added else _bytes_of(one, byte_level) for one in tokens]
    shown: list[str] = []
    for is_bytes, group in groupby(zip(tokens, held, strict=True), lambda one: one[1] is not None):
        run = list(group)
        if is_bytes:
            shown += _characters([bytes_ or b"" for _, bytes_ in run])
        else:
            shown += [one for one, _ in run]
    return [one.replace("\n", "⏎") for one in shown]


def token_text(tokenizer: Any, token: int) -> str:
    """Return a token by itself as text, blanks and all; its bytes where it is part of a character.

    Decoded alone, such a part would be the replacement character, whichever it is.
    """
    read = str(tokenizer.decode([token]))
    if read and "\N{REPLACEMENT CHARACTER}" not in read:
        return read
    return readable_tokens(tokenizer, [token])[0]


def _is_byte_level(tokenizer: Any) -> bool:
    if not getattr(tokenizer, "is_fast", False):
        return False
    backend = tokenizer.backend_tokenizer
    return "ByteLevel" in f"{backend.decoder} {backend.pre_tokenizer}"


def _bytes_of(token: str, byte_level: bool) -> bytes | None:
    """Return the bytes that a token stands for; None where it is text already."""
    if byte_level:
        known = _byte_of_letter()
        return bytes(known[one] for one in token) if all(one in known for one in token) else None
    found = _BYTE.fullmatch(token)
    return bytes([int(found[1], 16)]) if found else None


@cache
def _byte_of_letter() -> dict[str, int]:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return {letter: number for number, letter in bytes_to_unicode().items()}


def _characters(held: list[bytes]) -> list[str]:
    """Return each token as the characters that its bytes are, or are part of."""
    whole = b"".join(held)
    owners = [number for number, bytes_ in enumerate(held) for _ in bytes_]
    shown, place = [""] * len(held), 0
    while place < len(whole):
        length = _length(whole, place)
        among = sorted(set(owners[place : place + length]))
        try:
            letter = whole[place : place + length].decode("utf-8")
        except UnicodeDecodeError:
            shown[owners[place]] += f"<0x{whole[place]:02X}>"
            place += 1
            continue
        for part, owner in enumerate(among, 1):
            shown[owner] += letter if len(among) == 1 else f"{letter}⟨{part}/{len(among)}⟩"
        place += length
    return ["▁" + one[1:] if one.startswith(" ") else one for one in shown]


def _length(whole: bytes, place: int) -> int:
    """Return how many bytes the character has that begins here."""
    first = whole[place]
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
