"""Hand-made records, one for every figure, with hostile names where data gives the names."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tests.records import record_of
from workbench import figures
from workbench.attention.record import AttentionRecord
from workbench.data.profile import DataProfile
from workbench.data.profiling import SourceProfile
from workbench.data.profiling.record import Column, Tokens
from workbench.dynamics import Dynamics
from workbench.figures.compare import Contender
from workbench.runs import RunState
from workbench.training.lr_finder import Finder, ramp, suggest

SENTENCE = ["[CLS]", "the", "flight", "was", "late", ",", "but", "the", "crew", "[SEP]"]
HOSTILE = "<script>alert(1)</script> & $x$ \x00"


def state(steps: int = 120) -> RunState:
    """A finished run whose loss falls, with one loss that is no number."""
    waves = [0.12 * math.sin(step * 1.7) + 0.05 * math.sin(step * 0.37) for step in range(steps)]
    logged = [
        {
            "event": "step_logged",
            "seq": step,
            "step": step + 1,
            "wall_seconds": step * 0.3,
            "loss": math.nan if step == 40 else 0.25 + 0.5 * math.exp(-step / 40) + waves[step],
            "learning_rate": 5e-5 * min((step + 1) / 12, (steps - step) / (steps - 12)),
            "grad_norm": 2.0 + 8 * abs(waves[step]),
        }
        for step in range(steps)
    ]
    evaluated = [
        {
            "event": "evaluated",
            "seq": steps + step,
            "step": step,
            "wall_seconds": step * 0.3,
            "best": step <= steps * 0.7,
            "metrics": {
                "loss": 0.33 + 0.3 * math.exp(-step / 30) + (0.02 if step > steps * 0.7 else 0),
                "accuracy": 0.88 - 0.3 * math.exp(-step / 30),
                "f1_macro": 0.86 - 0.35 * math.exp(-step / 28),
                "precision_macro": 0.87 - 0.31 * math.exp(-step / 26),
                "recall_macro": 0.85 - 0.36 * math.exp(-step / 29),
            },
        }
        for step in range(20, steps + 1, 20)
    ]
    start = {"event": "run_started", "seq": 0, "step": 0, "wall_seconds": 0, "total_steps": steps}
    end = {"event": "run_ended", "seq": 999, "step": steps, "wall_seconds": 40.0}
    return RunState().fold([start, *logged, *evaluated, end | {"reason": "finished"}])


def profile(labels: tuple[str, ...] = ("negative", "positive")) -> DataProfile:
    """A set with two splits and lengths up to 64 tokens."""
    edges = list(range(0, 65, 4))
    bell = [round(400 * math.exp(-(((n - 5) / 3) ** 2))) for n in range(len(edges) - 1)]
    return DataProfile(
        source="tweets.csv",
        splits=["train", "validation"],
        rows={"train": 2000, "validation": 500},
        columns={"text": "text", "label": "mood"},
        detected={"encoding": "utf-8"},
        label_counts={
            "train": {name: 1400 // (n + 1) for n, name in enumerate(labels)},
            "validation": {name: 350 // (n + 1) for n, name in enumerate(labels)},
        },
        length_edges=edges,
        length_counts={"train": bell, "validation": [n // 5 for n in reversed(bell)]},
        max_tokens=48,
        truncated_share=0.032,
        preview=[],
        fingerprint="0123",
    )


def measured(name: str = "similarity") -> DataProfile:
    """A set whose rows have a number."""
    counts = {"train": [4, 9, 2], "validation": [1, 2, 1]}
    return replace(profile(), measures={name: {"edges": [0.0, 1.0, 2.5, 5.0], "counts": counts}})


def metrics(labels: tuple[str, ...] = ("negative", "positive")) -> dict[str, Any]:
    """An evaluation on 100 rows of each class."""
    size = len(labels)
    xs = [n / 40 for n in range(41)]
    scores = {"loss": 0.35, "accuracy": 0.873, "f1_macro": 0.861, "ece": 0.041}
    return {
        "task": "text-classification",
        "split": "validation",
        "rows": 100 * size,
        "labels": list(labels),
        "metrics": scores,
        "per_class": [
            {"label": name, "precision": 0.9 - 0.02 * n, "recall": 0.8, "f1": 0.85 - 0.01 * n,
             "support": 100, "roc_auc": 0.93, "average_precision": 0.9}
            for n, name in enumerate(labels)
        ],
        "confusion": [
            [80 if r == c else 20 // max(1, size - 1) for c in range(size)] for r in range(size)
        ],
        "roc": {
            name: {"fpr": xs, "tpr": [x ** (0.2 + 0.05 * n) for x in xs], "auc": 0.93 - 0.01 * n}
            for n, name in enumerate(labels)
        },
        "pr": {
            name: {"recall": xs, "precision": [1 - x**4 * (0.5 + 0.02 * n) for x in xs],
                   "average_precision": 0.9 - 0.01 * n}
            for n, name in enumerate(labels)
        },
        "calibration": {
            "ece": 0.041,
            "bins": [
                {
                    "low": n / 10,
                    "high": (n + 1) / 10,
                    "count": 4 ** (n - 4) if n > 4 else 0,
                    "confidence": n / 10 + 0.05 if n > 4 else None,
                    "accuracy": n / 10 if n > 4 else None,
                }
                for n in range(10)
            ],
        },
        "baselines": {
            "majority": {"accuracy": 0.5, "f1_macro": 0.333},
            "before": {"accuracy": 0.484, "f1_macro": None},
        },
        "aspects": {
            name: {"rows": 40 + n, "accuracy": 0.8 - 0.1 * n, "f1_macro": 0.7,
                   "baselines": {"majority": {"accuracy": 0.5}, "before": {"accuracy": 0.4}}}
            for n, name in enumerate(labels)
        },
    }  # fmt: skip


def scores(names: tuple[str, ...] = ("similarity",)) -> dict[str, Any]:
    """An evaluation of predicted numbers, 40 rows of each name."""
    true = [5 * n / 39 for n in range(40)]
    waves = [0.8 * math.sin(3 * n) for n in range(40)]
    return {
        "task": "text-regression",
        "rows": 80,
        "labels": list(names),
        "metrics": {"loss": 0.32, "spearman": 0.91, "pearson": 0.92, "mse": 0.32, "mae": 0.51},
        "points": {
            name: {"true": true, "predicted": [t + w + k for t, w in zip(true, waves, strict=True)]}
            for k, name in enumerate(names)
        },
        "baselines": {"mean": {"mse": 2.2, "mae": 1.3}, "before": {"mse": 7.1, "mae": 2.4}},
    }


def source_profile(names: tuple[str, ...] = ("text", "label")) -> SourceProfile:
    """A source whose columns have these names, with some cells empty."""
    return SourceProfile(
        source=names[-1],
        task="text-classification",
        rows={"train": 90, "test": 10},
        roles={"text": names[0]},
        columns=[
            Column(name, "text", 100, 10 * n, 90, 40, 120, names[-1])
            for n, name in enumerate(names)
        ],
        label_counts={"train": dict.fromkeys(names, 45)},
        characters={"edges": [0, 50, 100], "counts": {"train": [60, 30], "test": [8, 2]}},
        tokens={"edges": [0, 16, 32], "counts": {"train": [60, 30], "test": [8, 2]}},
        tokenizer=Tokens(names[-1], 2000, 0.02, 0.1, 0.3, 1.4, {16: 0.32, 32: 0.04, 64: 0.0}),
        languages={"en": 0.9, "?": 0.07, names[-1]: 0.03},
        scripts={"Latin": 0.97, "Han": 0.03},
        findings=[],
        detected={"train": {"encoding": "utf-8"}, "test": {}},
        notes=[],
        fingerprint="0" * 64,
        max_tokens=32,
        sampled_rows=100,
        near=True,
    )


def dynamics(labels: tuple[str, ...] = ("negative", "positive"), rows: int = 60) -> Dynamics:
    """Three passes over rows that are learned in time, but every tenth has a wrong label."""
    given = np.arange(rows) % len(labels)
    truth = np.where(np.arange(rows) % 10 == 0, (given + 1) % len(labels), given)
    noise = np.random.default_rng(5).normal(size=(3, rows, len(labels)))
    logits = noise + np.eye(len(labels))[truth] * np.array([1.0, 2.0, 3.0])[:, None, None]
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    places = np.arange(rows)
    own, others = shares[:, places, given], shares.copy()
    others[:, places, given] = 0
    predicted = shares.argmax(axis=-1)
    return Dynamics(
        list(labels), places + 1, given, -np.log(own), own,
        np.log(own / others.max(axis=-1)), (predicted == given) * 1.0, predicted, shares,
    )  # fmt: skip


def record(tokens: tuple[str, ...] = (), layers: int = 2, heads: int = 3) -> AttentionRecord:
    """The attention of a small model in which every token looks at itself and its neighbour."""
    words = list(tokens) or SENTENCE
    count = len(words)
    noise = np.random.default_rng(7).random((layers, heads, count, count)) ** 6
    weights = noise + 1.5 * np.eye(count) + np.eye(count, k=-1)
    weights /= weights.sum(axis=-1, keepdims=True)
    return record_of(
        weights,
        words,
        words=list(range(count)),
        model="after",
        step=120,
        prediction="positive (97%)",
    )


def finder() -> Finder:
    """A ramp whose loss falls, turns and blows up."""
    rates = ramp(1e-7, 1e-1, 60)
    losses = [0.7 - 0.3 / (1 + (1e-4 / rate) ** 2) + 3e4 * rate**2 for rate in rates[:53]]
    losses.append(math.inf)
    found = suggest(rates[:54], losses)
    return Finder(rates[:54], losses, found.smoothed, found.rate, found.lowest, found.reason)


def contenders(names: tuple[str, ...]) -> list[Contender]:
    """Runs of these names, each but the first a fork of the one before it."""
    return [
        Contender(name, state(120 + 30 * n), 40 * n if n else None, n - 1 if n else None)
        for n, name in enumerate(names)
    ]


def figure(name: str, labels: tuple[str, ...] = ("negative", "positive")) -> Any:
    """Return the figure called `name`, made of the records above."""
    made = {
        **dict.fromkeys(
            (
                "loss_curves",
                "metric_curves",
                "learning_rate_curve",
                "gradient_norm_curve",
                "training_curves",
            ),
            lambda make: make(state()),
        ),
        **dict.fromkeys(("label_counts", "length_histogram"), lambda make: make(profile(labels))),
        **dict.fromkeys(
            ("languages", "missing_cells", "scripts", "truncated_shares"),
            lambda make: make(source_profile(labels)),
        ),
        "dataset_map": lambda make: make(dynamics(labels)),
        "measure_histogram": lambda make: make(measured(labels[-1]), labels[-1]),
        "predicted_against_true": lambda make: make(scores(labels)),
        "lr_finder": lambda make: make(finder()),
        "schedule": lambda make: make(range(100), [5e-5 * (1 - n / 100) for n in range(100)]),
        **dict.fromkeys(
            ("compared_training_loss", "compared_validation_loss"),
            lambda make: make(contenders(labels)),
        ),
        "compared_metric": lambda make: make(contenders(labels), "accuracy"),
    }
    return made.get(name, lambda make: make(metrics(labels)))(getattr(figures, name))
