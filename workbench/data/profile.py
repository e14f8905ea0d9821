"""`DataProfile`: what the data looks like to the model, as plain data for page and report."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..errors import shorten
from ..tasks import Setup, Task
from .cells import as_text
from .lengths import length_edges
from .profiling.loaded import findings_of

if TYPE_CHECKING:
    from .load import LoadedData

PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 200
MEASURE_BINS = 20
BATCH_ROWS = 1000


@dataclass(frozen=True)
class DataProfile:
    """Rows, columns, labels and lengths of a loaded set.

    `splits` is in order, usually `train` and `validation`; `rows`, `label_counts` and
    `length_counts` are per split. `length_edges` (tokens) has one more entry than each list of
    `length_counts`; a bin counts the rows with more tokens than its left edge and at most as many
    as its right one, the last bin also those with more. `truncated_share` is the share of
    training rows longer than `max_tokens`.
    `findings` are what stands out in these rows, in words and with the rows (`profiling.Finding`).
    `cleaning` says for each split of the source what each step did, with examples.
    `measures` are further numbers of the rows, by name: `edges` of bins, and `counts` per split.
    `detected` says what was found out about the file (encoding, delimiter, header, split), for
    show. `preview` holds the first rows by role. `notes` are sentences worth telling the user.
    """

    source: str
    splits: list[str]
    rows: dict[str, int]
    columns: dict[str, str | list[str]]
    detected: dict[str, str]
    label_counts: dict[str, dict[str, int]]
    length_edges: list[int]
    length_counts: dict[str, list[int]]
    max_tokens: int
    truncated_share: float
    preview: list[dict[str, str]]
    fingerprint: str
    notes: list[str] = field(default_factory=list)
    measures: dict[str, dict[str, Any]] = field(default_factory=dict)
    cleaning: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> DataProfile:
        """Read what `to_dict` gave.

        Raises:
            TypeError: what counts is no number; the file may be somebody else's.
        """
        made = cls(**plain)
        for counts in (made.rows, *made.label_counts.values()):
            if not all(isinstance(count, int) for count in counts.values()):
                raise TypeError(f"{counts!r} counts nothing")
        return made


def profile_data(loaded: LoadedData, task: Task, setup: Setup) -> DataProfile:
    """Measure loaded data with the model's tokenizer.

    Units:
        Lengths are in tokens, special tokens included, before texts are cut.
    """
    splits = {"train": loaded.train, "validation": loaded.validation}
    lengths = {name: _lengths(table, task, setup) for name, table in splits.items()}
    edges = length_edges([*lengths["train"], *lengths["validation"]], setup.max_tokens)
    longer = sum(length > setup.max_tokens for length in lengths["train"])
    return DataProfile(
        source=setup.spec.data.source,
        splits=list(splits),
        rows={name: len(table) for name, table in splits.items()},
        columns=dict(loaded.columns),
        detected=dict(loaded.detected),
        label_counts={name: count_labels(table, loaded.labels) for name, table in splits.items()}
        if task.names_labels
        else {},
        length_edges=edges,
        length_counts={name: _histogram(counts, edges) for name, counts in lengths.items()},
        max_tokens=setup.max_tokens,
        truncated_share=longer / len(lengths["train"]),
        preview=_preview(loaded.train),
        fingerprint=loaded.fingerprint,
        notes=list(loaded.notes),
        cleaning=dict(loaded.cleaning),
        findings=[one.to_dict() for one in findings_of(loaded, task, setup, lengths)],
        measures=_measures({name: task.measures(t, setup) for name, t in splits.items()}),
    )


def count_labels(table: Any, labels: list[str]) -> dict[str, int]:
    """Return how often each label occurs in a table of `load_data`; the one column of labels."""
    column = next((name for name, f in table.features.items() if _names(f)), None)
    if column is None:
        return {}
    values = table[column][:]
    flat = [n for value in values for n in value] if isinstance(values[0], list) else values
    counts = Counter(flat)
    return {label: counts[number] for number, label in enumerate(labels)}


def _lengths(table: Any, task: Task, setup: Setup) -> list[int]:
    return [
        length
        for start in range(0, len(table), BATCH_ROWS)
        for length in task.lengths(table[start : start + BATCH_ROWS], setup)
    ]


def _histogram(lengths: list[int], edges: list[int]) -> list[int]:
    inside = [min(max(length, 1), edges[-1]) for length in lengths]
    return [sum(low < length <= high for length in inside) for low, high in pairwise(edges)]


def _measures(splits: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, Any]]:
    """Put the numbers of each measure into the same even bins for all splits."""
    import numpy as np

    found: dict[str, dict[str, Any]] = {}
    for name in splits["train"]:
        values = {split: measures[name] for split, measures in splits.items()}
        everything = [value for numbers in values.values() for value in numbers]
        edges = np.histogram_bin_edges(everything, bins=MEASURE_BINS)
        found[name] = {
            "edges": [float(f"{edge:.6g}") for edge in edges],
            "counts": {s: np.histogram(v, edges)[0].tolist() for s, v in values.items()},
        }
    return found


def _names(feature: Any) -> list[str] | None:
    return getattr(getattr(feature, "feature", feature), "names", None)


def _preview(table: Any) -> list[dict[str, str]]:
    rows = table.select(range(min(PREVIEW_ROWS, len(table))))
    return [
        {
            name: shorten(_shown(value, _names(table.features[name])), PREVIEW_CHARACTERS)
            for name, value in row.items()
            if name != "row"
        }
        for row in rows
    ]


def _shown(value: Any, names: list[str] | None) -> str:
    """Return a value for a reader: labels by their names, lists item by item."""
    if isinstance(value, list):
        return ", ".join(_shown(item, names) for item in value)
    if isinstance(value, int) and names:
        return names[value]
    return f"{value:.6g}" if isinstance(value, float) else as_text(value)
