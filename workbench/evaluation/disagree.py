"""Where two runs disagree: the validation rows that they answer differently, and who is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..runs import RunFolder

_NEEDED = ("row", "text", "label", "predicted", "confidence")
_TEXTS = ("text", "text_pair")


@dataclass(frozen=True)
class Disagreements:
    """What two runs answer on the same validation rows, or the reason why that cannot be said.

    `reason` is empty, `no_predictions`, `other_task`, `other_labels` or `other_rows`. Of all
    `rows`, `differing` are answered differently: by the first run alone rightly in `only_first`,
    by the second alone in `only_second`, by none in the others. `examples` holds `row`, the
    texts, `label`, each run's answer (`first`, `second`) and confidence, and who is `right`
    (`first`, `second`, `neither`); those of which both are sure come first.
    """

    reason: str = ""
    rows: int = 0
    differing: int = 0
    only_first: int = 0
    only_second: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)


def find_disagreements(first: RunFolder, second: RunFolder) -> Disagreements:
    """Return the rows on which two runs disagree.

    Raises:
        InputError: a run's spec is missing or damaged.
    """
    if first.spec().task != second.spec().task:
        return Disagreements("other_task")
    one, other = (run.record().get("labels") for run in (first, second))
    if isinstance(one, list) and isinstance(other, list) and set(one) != set(other):
        return Disagreements("other_labels")
    answers = [_read(run) for run in (first, second)]
    if answers[0] is None or answers[1] is None:
        return Disagreements("no_predictions")
    # Not the fingerprint of the data: that covers the training rows, which may well differ.
    if _questions(answers[0]) != _questions(answers[1]):
        return Disagreements("other_rows")
    theirs = {row["row"]: row for row in answers[1]}
    examples = [
        _example(row, other)
        for row in answers[0]
        if row["predicted"] != (other := theirs[row["row"]])["predicted"]
    ]
    # The less sure of the two counts: where one of them wavers, there is little to disagree on.
    examples.sort(key=lambda e: (-min(e["first_confidence"], e["second_confidence"]), e["row"]))
    right = [example["right"] for example in examples]
    return Disagreements(
        rows=len(answers[0]),
        differing=len(examples),
        only_first=right.count("first"),
        only_second=right.count("second"),
        examples=examples,
    )


def _read(run: RunFolder) -> list[dict[str, Any]] | None:
    """Return a run's predictions; None where there are none, or none of single labels."""
    import pyarrow
    import pyarrow.parquet

    path = run.evaluation_path / "predictions.parquet"
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            if not set(_NEEDED) <= set(columns):
                return None
            wanted = [name for name in (*_NEEDED, "text_pair") if name in columns]
            return file.read(columns=wanted).to_pylist()
    except (OSError, pyarrow.ArrowException):
        return None


def _questions(rows: list[dict[str, Any]]) -> dict[Any, tuple[Any, ...]]:
    return {row["row"]: (*(row.get(name) for name in _TEXTS), row["label"]) for row in rows}


def _example(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    label = first["label"]
    right = {first["predicted"]: "first", second["predicted"]: "second"}.get(label, "neither")
    return {
        "row": first["row"],
        **{name: first[name] for name in _TEXTS if name in first},
        "label": label,
        "first": first["predicted"],
        "first_confidence": first["confidence"],
        "second": second["predicted"],
        "second_confidence": second["confidence"],
        "right": right,
    }
