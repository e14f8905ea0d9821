"""Outcomes made by hand: what a model said, and the examples it was asked."""

from __future__ import annotations

from typing import Any

from workbench.spec import RunSpec
from workbench.tasks import Outcome, Setup


def outcome_of(outputs: Any, labels: list[str], spec: RunSpec | None = None, **columns: Any) -> Any:
    """Return an outcome on rows with these columns, each encoded as one row."""
    from datasets import Dataset

    rows = len(outputs)
    texts = {} if "text" in columns else {"text": [f"text {n}" for n in range(1, rows + 1)]}
    table = Dataset.from_dict(texts | columns | {"row": list(range(1, rows + 1))})
    setup = Setup(spec or RunSpec(), None, labels, 128)
    return Outcome(outputs, table.select_columns("row"), table, setup)
