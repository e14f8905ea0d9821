"""`DataProfile`: what the data looks like to the model, as plain data for page and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..errors import shorten
from ..spec import DataSpec

if TYPE_CHECKING:
    from .load import LoadedData

MOST_BINS = 32
PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 200
# Longer texts are measured by their beginning: they are cut far before that anyway.
CHARACTERS_A_TOKEN = 40
BATCH_ROWS = 1000


@dataclass(frozen=True)
class DataProfile:
    """Rows, columns, labels and lengths of a loaded set.

    `splits` is in order, usually `train` and `validation`; `rows`, `label_counts` and
    `length_counts` are per split. `length_edges` (tokens) has one more entry than each list of
    `length_counts`; a bin counts the rows with more tokens than its left edge and at most as many
    as its right one, the last bin also those with more. `truncated_share` is the share of
    training rows longer than `max_tokens`.
    `detected` says what was found out about the file (encoding, delimiter, header, split), for
    show. `preview` holds the first rows by role. `notes` are sentences worth telling the user.
    """

    source: str
    splits: list[str]
    rows: dict[str, int]
    columns: dict[str, str]
    detected: dict[str, str]
    label_counts: dict[str, dict[str, int]]
    length_edges: list[int]
    length_counts: dict[str, list[int]]
    max_tokens: int
    truncated_share: float
    preview: list[dict[str, str]]
    fingerprint: str
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> DataProfile:
        """Read what `to_dict` gave."""
        return cls(**plain)


def profile_data(loaded: LoadedData, tokenizer: Any, spec: DataSpec) -> DataProfile:
    """Measure loaded data with the model's tokenizer.

    Units:
        Lengths are in tokens, special tokens included, before texts are cut.
    """
    splits = {"train": loaded.train, "validation": loaded.validation}
    max_tokens = min(spec.max_tokens, int(tokenizer.model_max_length))
    lengths = {name: _lengths(table, tokenizer, max_tokens) for name, table in splits.items()}
    edges = length_edges([*lengths["train"], *lengths["validation"]], max_tokens)
    longer = sum(length > max_tokens for length in lengths["train"])
    return DataProfile(
        source=spec.source,
        splits=list(splits),
        rows={name: len(table) for name, table in splits.items()},
        columns=dict(loaded.columns),
        detected=dict(loaded.detected),
        label_counts={name: _label_counts(table, loaded.labels) for name, table in splits.items()},
        length_edges=edges,
        length_counts={name: _histogram(counts, edges) for name, counts in lengths.items()},
        max_tokens=max_tokens,
        truncated_share=longer / len(lengths["train"]),
        preview=_preview(loaded),
        fingerprint=loaded.fingerprint,
        notes=list(loaded.notes),
    )


def length_edges(lengths: Sequence[int], max_tokens: int) -> list[int]:
    """Return the edges of even bins of a round width that show nearly all lengths.

    The few longest texts would squeeze all others into one bin; they are left to the last one,
    which reaches beyond `max_tokens` if any text does.
    """
    ordered = sorted(lengths)
    top = max(ordered[int(0.995 * (len(ordered) - 1))], 1)
    if ordered[-1] > max_tokens:
        top = max(top, max_tokens + 1)
    widths = (1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 50, 64, 80, 100, 128, 200, 256, 500, 512)
    width = next((w for w in widths if top <= w * MOST_BINS), -(-top // MOST_BINS))
    return [*range(0, top, width), -(-top // width) * width]


def _lengths(table: Any, tokenizer: Any, max_tokens: int) -> list[int]:
    limit = CHARACTERS_A_TOKEN * (max_tokens + 10)
    lengths: list[int] = []
    for start in range(0, len(table), BATCH_ROWS):
        batch = table[start : start + BATCH_ROWS]
        texts = [text[:limit] for text in batch["text"]]
        pairs = [text[:limit] for text in batch["text_pair"]] if "text_pair" in batch else None
        # `verbose` off: the tokenizer would warn of texts beyond its limit, which we count.
        encoded = tokenizer(texts, pairs, truncation=False, verbose=False)
        lengths += map(len, encoded["input_ids"])
    return lengths


def _histogram(lengths: list[int], edges: list[int]) -> list[int]:
    inside = [min(max(length, 1), edges[-1]) for length in lengths]
    return [sum(low < length <= high for length in inside) for low, high in pairwise(edges)]


def _label_counts(table: Any, labels: list[str]) -> dict[str, int]:
    numbers = list(table["label"])
    return {label: numbers.count(number) for number, label in enumerate(labels)}


def _preview(loaded: LoadedData) -> list[dict[str, str]]:
    rows = loaded.train.select(range(min(PREVIEW_ROWS, len(loaded.train))))
    return [
        {
            name: loaded.labels[value] if name == "label" else shorten(value, PREVIEW_CHARACTERS)
            for name, value in row.items()
            if name != "row"
        }
        for row in rows
    ]
