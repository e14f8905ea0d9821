"""From texts to token ids, and back to the texts of a record."""

from __future__ import annotations

from typing import Any

from .contract import Outcome, Record, Setup


def encode_texts(
    setup: Setup, texts: list[str], pairs: list[str] | None = None
) -> dict[str, list[Any]]:
    """Turn texts, or pairs of texts, into token ids, cut at `max_tokens` and not padded.

    Of a pair, the longer text is cut first.
    """
    tokenizer = setup.tokenizer
    encoded = tokenizer(texts, pairs, truncation=True, max_length=setup.max_tokens)
    return {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}


def texts_of(outcome: Outcome, roles: tuple[str, ...] = ("text", "text_pair")) -> list[Record]:
    """Return `row` and texts of each example: the beginning of a prediction record."""
    known = [name for name in ("row", *roles) if name in outcome.table.column_names]
    return [{name: row[name] for name in known} for row in outcome.table.select_columns(known)]
