"""Numbers that say what kind of head a map belongs to, for all heads, while they pass by.

All are means over the queries. Weights of a row sum to 1, so all but entropy and distance are
shares between 0 and 1.

- `entropy`: how widely a query looks, in bits; 2^entropy is the number of tokens it amounts to.
- `distance`: tokens between the query and what it looks at.
- `previous`: weight on the token before (queries from the second on).
- `first`: weight on the first token, the usual sink (queries from the second on; in a causal
  model the first has no choice).
- `separators`: weight on special tokens other than the first, such as [SEP] or </s>.
- `diagonal`: weight on the token itself; from one text to another, on the token at the same
  place in proportion.
- `induction`: the text is given twice; weight of a token's second occurrence on the token that
  followed its first.

Source: Clark et al. 2019 (1906.04341) for separators and previous; Xiao et al. 2023 (2309.17453)
    for sinks; Olsson et al. 2022 (2209.11895) for induction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ROWS_BYTES = 4_000_000


def head_statistics(
    weights: torch.Tensor, separators: list[int], one_text: bool
) -> dict[str, torch.Tensor | None]:
    """Return each statistic of each head, `induction` apart; None where it has no meaning.

    `separators` are the places of special keys other than the first token; `one_text` says that
    queries and keys are the same tokens.

    Shapes:
        weights: (H, Tq, Tk) float; each statistic: (H,).
    """
    import torch

    _, queries, keys = weights.shape
    places = torch.arange(queries, device=weights.device)
    found: dict[str, torch.Tensor | None] = {
        "entropy": _entropy(weights),
        "distance": None,
        "previous": None,
        "first": weights[:, 1 if one_text and queries > 1 else 0 :, 0].mean(1),
        "separators": weights[:, :, separators].sum(-1).mean(1) if separators else None,
    }
    if not one_text:
        scaled = (places.float() * (keys - 1) / max(1, queries - 1)).round().long()
        return found | {"diagonal": weights[:, places, scaled].mean(1)}
    found["diagonal"] = weights.diagonal(dim1=1, dim2=2).mean(1)
    if queries > 1:
        found["previous"] = weights.diagonal(-1, 1, 2).mean(1)
    found["distance"] = _distance(weights)
    return found


def induction(weights: torch.Tensor, start: int, period: int) -> torch.Tensor:
    """Return the induction score of each head on a text that stands twice from `start` on.

    Shapes:
        weights: (H, T, T) with T >= start + 2 · period; returns (H,).
    """
    import torch

    second = torch.arange(start + period, start + 2 * period, device=weights.device)
    return weights[:, second, second - period + 1].mean(1)


def _entropy(weights: torch.Tensor) -> torch.Tensor:
    import torch

    # entr is 0 at 0, and needs no mask.
    parts = [torch.special.entr(rows).sum((1, 2)) for _, rows in _some_rows(weights)]
    return torch.stack(parts).sum(0) / (weights.shape[1] * math.log(2))


def _distance(weights: torch.Tensor) -> torch.Tensor:
    import torch

    keys = torch.arange(weights.shape[2], device=weights.device, dtype=torch.float32)
    parts = []
    for start, rows in _some_rows(weights):
        queries = keys[start : start + rows.shape[1]]
        away = (queries[:, None] - keys[None, :]).abs_()
        parts.append(rows.flatten(1) @ away.flatten())
    return torch.stack(parts).sum(0) / weights.shape[1]


def _some_rows(weights: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield some rows at a time, so that what is made of them needs little memory."""
    heads, queries, keys = weights.shape
    step = max(1, ROWS_BYTES // (4 * heads * keys))
    for start in range(0, queries, step):
        yield start, weights[:, start : start + step]
