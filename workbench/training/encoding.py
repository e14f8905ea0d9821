"""From tables of rows to model inputs: encoded, sorted by length, and put back in their order."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ..data.cells import as_text
from ..language import translate
from ..models.fit import limits_for, require_known_numbers
from ..tasks import Setup, Task
from ..tasks._prompts import template_texts


def training_texts(table: Any, task: Task) -> list[str]:
    """Return what a tokenizer can be trained on: all that is text in the rows, role by role.

    Of conversations, what is said. Where prompts are written in the plain template, its words
    come with each row, or its marks would be unknown.
    """
    kinds = {role.name: role.kind for role in task.roles}
    names = [n for n in table.column_names if kinds.get(n) not in (None, "label", "numbers")]
    texts: list[str] = []
    for name in names:
        for value in table[name][:]:
            said = _said(value)
            texts += [as_text(value)] if said is None else said
    return [*texts, *template_texts(names) * len(table)]


def _said(value: Any) -> list[str] | None:
    """Return what is said in a conversation; None of anything else."""
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in value):
        return None
    return [one["content"] for one in value]


def encode_rows(table: Any, task: Task, setup: Setup, training: bool) -> Any:
    """Return the table as model inputs, with `length` in tokens and the number of the `row`."""

    def encode(batch: Any) -> dict[str, list[Any]]:
        return {"row": batch["row"]} | task.encode(batch, setup, training)

    encoded = table.map(
        encode,
        batched=True,
        remove_columns=table.column_names,
        keep_in_memory=True,
        new_fingerprint=uuid4().hex,  # or the whole tokenizer is hashed, for a cache not used
    )
    for ids in encoded["input_ids"]:
        require_known_numbers(setup.tokenizer, ids, translate("the rows"))
    lengths = [len(ids) for ids in encoded["input_ids"]]
    return encoded.add_column("length", lengths)


def longest_first(rows: Any) -> Any:
    """Return encoded rows sorted by length, the longest first, ties in their order.

    Their column `place` says where they stood.
    """
    import numpy as np

    order = np.argsort(-np.asarray(rows["length"]), kind="stable")
    return rows.add_column("place", list(range(len(rows)))).select(order)


def in_order(rows: Any) -> Any:
    """Return rows that were sorted by length in the order in which they were encoded."""
    import numpy as np

    return rows.select(np.argsort(np.asarray(rows["place"])))


def limit_tokens(tokenizer: Any, wish: int, task: Task) -> int:
    """Return how many tokens a text may keep: as asked, but no more than the model can take.

    A decoder beside an encoder that does not write reads the text as well.
    """
    most = min(wish, int(tokenizer.model_max_length))
    apart = task.is_generative and not task.is_causal
    return most if apart else min(most, limits_for(tokenizer).written)
