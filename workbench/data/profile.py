"""`DataProfile`: what the data looks like to the model, as plain data for page and report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class DataProfile:
    """Rows, columns, labels and lengths of a loaded set.

    `splits` is in order, usually `train` and `validation`; `rows`, `label_counts` and
    `length_counts` are per split. `length_edges` (tokens) has one more entry than each list of
    `length_counts`. `truncated_share` is the share of training rows longer than `max_tokens`.
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
