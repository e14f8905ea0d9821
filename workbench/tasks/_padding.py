"""Rows of several lengths as one batch: padded on the right, with a mask that says where.

On the right, the places of the tokens, counted from the left, are those of the row alone.

Shapes:
    B rows, T tokens: the longest row.
"""

from __future__ import annotations

from typing import Any


def pad(
    rows: list[dict[str, Any]], tokenizer: Any, further: dict[str, int] | None = None
) -> dict[str, Any]:
    """Stack the model inputs of rows, and `further` columns with what fills each: each (B, T).

    The mask is made from the lengths: not every tokenizer gives one. A row without any token is
    read as one token of padding.
    """
    import torch

    first = rows[0]
    fill = {name: 0 for name in tokenizer.model_input_names if name in first}
    fill |= {"input_ids": _padding(tokenizer)} | (further or {})
    if "token_type_ids" in fill:
        fill["token_type_ids"] = tokenizer.pad_token_type_id
    fill.pop("attention_mask", None)
    lengths = [max(len(row["input_ids"]), 1) for row in rows]
    width = max(lengths)
    batch = {
        name: torch.tensor([[*row[name], *[value] * (width - len(row[name]))] for row in rows])
        for name, value in fill.items()
        if name in first
    }
    places = torch.arange(width)
    batch["attention_mask"] = (places < torch.tensor(lengths)[:, None]).long()
    return batch


def _padding(tokenizer: Any) -> int:
    return 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
