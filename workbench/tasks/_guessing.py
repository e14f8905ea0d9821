"""What tasks that guess tokens share: plain text files, padding, sums of losses, token counts.

Shapes:
    B rows, T tokens, V entries of the vocabulary, N guessed tokens.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..language import text as say
from ..sources.paths import bare_name

IGNORED = -100
FEWEST_PARAGRAPHS = 4
# Above this loss, its perplexity is no number of a computer's.
MOST_LOSS = 700.0


def read_paragraphs(text: str, name: str) -> tuple[list[dict[str, Any]], list[str]] | None:
    """Read a .txt file whose texts run over several lines, with blank lines between them.

    Any other file is left to be read as a table, or line by line.
    """
    if not bare_name(name).endswith(".txt"):
        return None
    lines = [line.rstrip("\n") for line in io.StringIO(text, newline=None)]
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip())
    wrapped = any("\n" in block.strip() for block in blocks)
    tabular = sum("\t" in line for line in lines) > len(lines) / 2
    if len(blocks) < FEWEST_PARAGRAPHS or not wrapped or tabular:
        return None
    note = say("data.note.paragraphs", count=f"{len(blocks):,}")
    return [{"text": block.strip()} for block in blocks], [note]


def sums(logits: Any, labels: Any) -> Any:
    """Return for each row the sum of the losses, the number of tokens, and how many were right.

    Shapes:
        logits (B, T, V); labels (B, T), `IGNORED` where nothing is to be guessed; result (B, 3).
    """
    import torch

    known = labels != IGNORED
    targets = labels[known]
    shares = logits[known].float().log_softmax(-1)
    found = torch.stack(
        [
            -shares.gather(1, targets[:, None])[:, 0],
            torch.ones_like(targets, dtype=torch.float32),
            (shares.argmax(-1) == targets).float(),
        ],
        dim=1,
    )
    result = torch.zeros(len(labels), 3, device=found.device)
    return result.index_add_(0, known.nonzero()[:, 0], found)


def means(found: np.ndarray) -> dict[str, float | None]:
    """Return loss and share of right tokens from sums: (B, 3); None where nothing was guessed."""
    loss, count, right = np.asarray(found, float).reshape(-1, 3).sum(axis=0)
    if not count:
        return {"loss": None, "token_accuracy": None}
    return {"loss": float(loss / count), "token_accuracy": float(right / count)}


def followed(found: np.ndarray) -> dict[str, float]:
    """Return what `means` does, with NaN where nothing was guessed: no such pass is the best."""
    return {name: math.nan if held is None else held for name, held in means(found).items()}


def perplexity(loss: float | None) -> float | None:
    """Return e to the power of a mean loss: among how many tokens one might as well guess."""
    return None if loss is None else math.exp(min(loss, MOST_LOSS))


def token_means(
    records: list[dict[str, Any]], perplexity_name: str, *others: str
) -> Callable[[Any], dict[str, float]]:
    """Return what gives the loss of some records, e to its power, and the means of `others`: (K,).

    These are means over tokens: a record counts as often as it has `tokens`. One without a loss
    does not count.
    """
    names = ("loss", *others)
    held = np.asarray([[r.get(name) for name in ("tokens", *names)] for r in records], float)
    held[np.isnan(held).any(axis=1)] = 0

    def scores(places: Any) -> dict[str, float]:
        counts, values = held[places, 0], held[places, 1:]
        if not counts.sum():
            return {}
        found = dict(zip(names, (counts @ values / counts.sum()).tolist(), strict=True))
        return found | {perplexity_name: math.exp(min(found["loss"], MOST_LOSS))}

    return scores


class TokenCounts:
    """How often each token occurs in texts: a model that knows nothing else of a language.

    Each token of the vocabulary counts once more than it occurs, so that none is impossible.
    """

    def __init__(self, texts: Iterable[Iterable[int]], size: int) -> None:
        counts = np.ones(size)
        for ids in texts:
            np.add.at(counts, np.asarray(list(ids), dtype=int), 1)
        self.shares = counts / counts.sum()
        self.order = np.argsort(-counts, kind="stable")

    def losses(self, ids: Any) -> np.ndarray:
        """Return −log of the share of each token."""
        return -np.log(self.shares[np.asarray(ids, dtype=int)])
