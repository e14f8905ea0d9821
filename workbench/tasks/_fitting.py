"""A prompt that is too long: its source is cut at the end, never what is asked of it.

Shapes:
    T tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import DataError
from ._encode import encoder_of
from ._pairs import Pair
from ._records import Setup


def fitted(pair: Pair, setup: Setup, limit: int, count: Callable[[Pair], int]) -> tuple[Pair, bool]:
    """Return a pair whose prompt has at most `limit` tokens by `count`, and whether it was cut.

    Raises:
        DataError: what stands around the source alone is longer.
    """
    over = count(pair) - limit
    if over <= 0:
        return pair, False
    ends = _ends(pair.source, setup)
    kept = len(ends) - over
    while kept > 0:
        cut = replace(pair, source=pair.source[: ends[kept - 1]].rstrip())
        over = count(cut) - limit
        if over <= 0:
            return cut, True
        kept -= over
    raise DataError(
        "data.prompt_template: what is asked has {count} tokens without the text, and {limit} are "
        "read",
        "write a shorter one, raise data.max_tokens, or lower generate.max_new_tokens",
        count=count(replace(pair, source="")),
        limit=limit,
    ).at("data.prompt_template", setup.spec.data.prompt_template, "too_long")


def is_lost(whole: Pair, cut: Pair) -> bool:
    """Say whether the answers to a question stood in the part of a passage that was cut off."""
    known = [one for one in whole.references if whole.beside and one in whole.source]
    return bool(known) and not any(one in cut.source for one in known)


def _ends(text: str, setup: Setup) -> list[int]:
    """Return where each token of a text ends; from a tokenizer that knows no places, about."""
    how: Any = {"add_special_tokens": False, "return_offsets_mapping": True, "verbose": False}
    if not setup.tokenizer.is_fast:
        how.pop("return_offsets_mapping")
    found = encoder_of(setup)(text, **how)
    if "offset_mapping" in found:
        return [end for _, end in found["offset_mapping"]]
    size = len(found["input_ids"])
    return [len(text) * (place + 1) // size for place in range(size)]
