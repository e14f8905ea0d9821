"""A tiny run for tests: a learnable set of 80 rows, a tiny BERT, a few steps on one core."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp

from tests.tiny_models import make_tiny_bert
from workbench.runs import EventWriter, RunFolder
from workbench.spec import RunSpec

GOOD = ("wonderful", "great", "happy", "kind", "good")
BAD = ("terrible", "awful", "bad", "late", "worst")
THINGS = ("film", "flight", "story", "food", "crew", "plot", "place", "ending")


def make_rows() -> list[tuple[str, str]]:
    """Return 80 different texts with their labels, balanced."""
    return [
        (f"the {thing} was {word}", label)
        for label, words in (("positive", GOOD), ("negative", BAD))
        for word in words
        for thing in THINGS
    ]


def write_csv(path: Path, rows: list[tuple[str, str]] | None = None) -> Path:
    """Write rows of text and label as csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(make_rows() if rows is None else rows)
    return path


def tiny_spec(folder: Path, **changes: object) -> RunSpec:
    """Return a spec that trains a tiny BERT on the rows within a second or two."""
    model = folder / "tiny-bert"
    if not model.exists():
        make_tiny_bert(model)
    data = folder / "rows.csv"
    if not data.exists():
        write_csv(data)
    return RunSpec().replace(
        {
            "data.source": str(data),
            "model.source": str(model),
            "data.validation_share": 0.3,
            "data.max_tokens": 16,
            "train.learning_rate": 5e-3,
            "train.num_train_epochs": 10,
            "train.per_device_train_batch_size": 8,
            "train.eval_steps": 20,
            "train.precision": "fp32",
            "inspect.probes": ["the film was wonderful"],
            "output.runs_dir": str(folder / "runs"),
            "output.language": "en",
            **changes,
        }
    )


def played(home: Path, acts: Iterable[tuple[int, str, object]], total_steps: int = 70) -> str:
    """Write the log of a run in which somebody did `acts`: step, name, value. Return its folder."""
    run = RunFolder(Path(mkdtemp(dir=home)) / "played")
    run.path.mkdir()
    run.spec_path.write_text("{}", "utf-8")
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=total_steps)
    for step, knob, value in acts:
        writer.write(
            "steered", step, knob=knob, old=None, new=value, who="ada", total_steps=total_steps
        )
    writer.close()
    return str(run.path)
