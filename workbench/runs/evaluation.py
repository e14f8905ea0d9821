"""What an evaluation leaves in a run: its scores, and what the figures of it are drawn from."""

from __future__ import annotations

from typing import Any, TypedDict

Scores = dict[str, float | None]


class Aspect(TypedDict, total=False):
    """The scores of one aspect by itself, and those of the baselines."""

    rows: int
    metrics: Scores
    baselines: dict[str, Any]


class Evaluation(TypedDict, total=False):
    """`evaluation/metrics.json`: what every task gives, and below it what only some do.

    Attributes:
        split: The split, or the file, that it is of.
        figures: Those that it can be drawn in, where they are not all of the task's.
        signatures: With which settings a library computed its scores.
        intervals: The standard error of each score, by model or baseline.
        baseline_rows: How many rows each baseline was judged on.
    """

    task: str
    split: str
    rows: int
    labels: list[str]
    metrics: Scores
    figures: list[str]
    signatures: dict[str, str]
    baselines: dict[str, Scores]
    baseline_rows: dict[str, int]
    intervals: dict[str, Any]
    aspects: dict[str, Any]
    per_class: list[dict[str, Any]]
    per_number: list[dict[str, Any]]
    points: dict[str, Any]
    confusion: list[list[int]]
    roc: Any
    pr: Any
    calibration: Any
