"""What most tasks do alike; a task names another function where it differs.

Shapes:
    B rows of a batch, T tokens, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from ._encode import encoder_of
from ._forward import forward
from ._padding import pad

if TYPE_CHECKING:
    from .contract import Setup

# Longer texts are measured by their beginning: they are cut far before that anyway.
CHARACTERS_A_TOKEN = 40


def read(values: dict[str, Any], repaired: Callable[[str, object], None]) -> dict[str, Any]:
    """Take the values of a row as they are."""
    return values


def read_file(text: str, name: str) -> None:
    """Leave a file to be read as a table."""
    return


def labels_of(values: dict[str, Any]) -> list[str]:
    """Say that an example has no labels."""
    return []


def stratum(values: dict[str, Any]) -> str:
    """Count all examples alike when some are held out."""
    return ""


def check(setup: Setup) -> None:
    """Find nothing in the spec that does not fit the data."""


def only_answer(kept: Any, labels: Any, setup: Setup) -> str:
    """Name no answer that all rows got: answers are of many kinds."""
    return ""


def lengths(batch: Mapping[str, list[Any]], setup: Setup) -> list[int]:
    """Return the tokens of each row's text, or pair of texts, before it is cut."""
    return count_tokens(setup, batch["text"], batch.get("text_pair"))


def count_tokens(setup: Setup, texts: list[str], pairs: list[str] | None = None) -> list[int]:
    """Return the tokens of texts, or pairs of texts, special ones included, before any cut."""
    limit = CHARACTERS_A_TOKEN * (setup.max_tokens + 10)
    first = [text[:limit] for text in texts]
    second = None if pairs is None else [text[:limit] for text in pairs]
    # `verbose` off: the tokenizer would warn of texts beyond its limit, which we count.
    encoded = encoder_of(setup)(first, second, truncation=False, verbose=False)
    return [len(ids) for ids in encoded["input_ids"]]


def measures(table: Any, setup: Setup) -> dict[str, list[float]]:
    """Say that there is nothing to draw of the data but labels and lengths."""
    return {}


def settings(setup: Setup) -> dict[str, Any]:
    """Change nothing in the model's config."""
    return {}


def by_kind(task: Any, spec: Any, kind: str | None) -> Any:
    """Do the task alike with models of all kinds that have its head."""
    return task


def adapt(model: Any, setup: Setup) -> None:
    """Leave a new model as it was loaded."""


def as_saved(model: Any, setup: Setup) -> AbstractContextManager[None]:
    """Save a model as it learned."""
    return nullcontext()


def collate(rows: list[dict[str, Any]], setup: Setup) -> dict[str, Any]:
    """Pad model inputs to the longest row of the batch and stack them as tensors.

    Shapes:
        input_ids, attention_mask: (B, T) with T the longest row; labels: (B,) or (B, C).
    """
    import torch

    batch = pad(rows, setup.tokenizer)
    if "labels" in rows[0]:
        batch["labels"] = torch.tensor([row["labels"] for row in rows])
    return batch


def keep(logits: Any, labels: Any) -> Any:
    """Keep the logits of a validation batch as they are: for heads that give a few a row."""
    return logits


def recall(model: Any, setup: Setup) -> Setup:
    """Need to know nothing of the rows that a finished model learned from."""
    return setup


def infer(model: Any, inputs: dict[str, Any], rows: list[dict[str, Any]], setup: Setup) -> Any:
    """Return the logits of a batch as an array: (B, C) float32."""
    return forward(model, inputs).logits.float().cpu().numpy()


def rescore(records: list[dict[str, Any]]) -> Callable[[Any], dict[str, float]]:
    """Give no scores: those of the task do not follow from the records of its rows."""
    return lambda places: {}


def means_of(*names: str) -> Callable[[list[dict[str, Any]]], Any]:
    """Return a `rescore` of scores that are the means over the records that have them."""

    def rescore(records: list[dict[str, Any]]) -> Callable[[Any], dict[str, float]]:
        held = {
            name: np.asarray([one.get(name, np.nan) for one in records], float) for name in names
        }
        held = {name: values for name, values in held.items() if np.isfinite(values).any()}

        def scores(places: Any) -> dict[str, float]:
            known = {name: values[places] for name, values in held.items()}
            known = {name: one[np.isfinite(one)] for name, one in known.items()}
            return {name: float(one.mean()) for name, one in known.items() if len(one)}

        return scores

    return rescore


def is_wrong(record: dict[str, Any]) -> bool:
    """Call a prediction wrong that is not the label."""
    return record["predicted"] != record["label"]


def line(record: dict[str, Any]) -> str:
    """Return a prediction as one line: what was predicted, and the text."""
    return f"{record['predicted']}\t{record['text']}"
