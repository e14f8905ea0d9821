"""Several texts in one row of tokens, each read as if it stood alone.

The places of the tokens are counted anew in each text, and no mask is given: from the places,
transformers makes the mask that keeps each text to itself. Not every model heeds them: what passes
on a state (Mamba), knows distances alone (BLOOM), or makes its mask otherwise would read over the
edges. Whether a model does is found by trying.

Source: Krell et al. 2021 (2107.02027), packing without cross-contamination, and its best fit.

Shapes:
    B rows, T tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

from ..errors import ModelError
from ._batching import call, inner_of, same, trying
from ._guessing import IGNORED

# Tokens of the texts with which a model is tried.
_TRIED = (7, 6)


def packed(rows: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Fill rows of at most `size` tokens with whole texts; each row is named after its first.

    The longest come first, each into the row that has least room left for it. Rows, and the texts
    of each, stand in the order of the texts.
    """
    room: list[tuple[int, int]] = []  # what is left in each row, the least first
    members: list[list[int]] = []
    order = sorted(range(len(rows)), key=lambda number: -len(rows[number]["input_ids"]))
    for number in order:
        length = len(rows[number]["input_ids"])
        place = bisect_left(room, (length, -1))
        if place < len(room):
            left, row = room.pop(place)
        else:
            left, row = size, len(members)
            members.append([])
        members[row].append(number)
        insort(room, (left - length, row))
    return [_joined([rows[n] for n in sorted(some)]) for some in sorted(map(sorted, members))]


def _joined(texts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "row": texts[0]["row"],
        "input_ids": [one for text in texts for one in text["input_ids"]],
        "labels": [one for text in texts for one in [IGNORED, *text["labels"][1:]]],
        "position_ids": [place for text in texts for place in range(len(text["input_ids"]))],
    }


def require_apart(model: Any) -> None:
    """Refuse a model that would read over the edges of the texts in a row.

    Raises:
        ModelError: saying what to set.
    """
    if not keeps_apart(model):
        raise ModelError(
            "data.packing: a {kind} model reads each text of a row together with those before it",
            "set data.packing to false",
            kind=inner_of(model).config.model_type,
        ).at("data.packing", True, "does_not_go_with")


def keeps_apart(model: Any) -> bool:
    """Say whether a text in a row of several is read as it is read alone: found by trying."""
    import torch

    first, second = _TRIED
    words = range(5, max(6, min(inner_of(model).config.get_text_config().vocab_size, 250)))
    texts = [
        [words[(7 * n + 11 * text + 3) % len(words)] for n in range(length)]
        for text, length in enumerate((first, first, second))
    ]

    def read(*rows: list[list[int]]) -> Any:
        ids = torch.tensor([[one for text in row for one in text] for row in rows])
        places = [[place for text in row for place in range(len(text))] for row in rows]
        inputs = {"input_ids": ids, "position_ids": torch.tensor(places)}
        device = inner_of(model).device
        return call(model, {name: one.to(device) for name, one in inputs.items()}).logits

    with trying(model):
        try:
            both = read([texts[0], texts[2]], [texts[1], texts[2]])
            alone = [read([text])[0] for text in texts]
        except Exception:  # whatever it is: it does not take places without a mask
            return False
    return all(
        same(model, alone[number], both[number, :first])
        and same(model, alone[2], both[number, first:])
        for number in (0, 1)
    )
