"""A tiny run in which some labels were flipped, for tests of what finds and corrects them."""

from __future__ import annotations

from pathlib import Path

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import pipeline
from workbench.runs import RunFolder

OTHER = {"positive": "negative", "negative": "positive"}
# Numbers of rows, from 1, whose label is the wrong one.
FLIPPED = (3, 22, 47, 70)


def noisy_run(folder: Path, **changes: object) -> RunFolder:
    """Train on rows of which those in `FLIPPED` have the wrong label, and check on clean ones."""
    rows = [
        (text, OTHER[label] if number in FLIPPED else label)
        for number, (text, label) in enumerate(make_rows(), 1)
    ]
    write_csv(folder / "rows.csv", rows)
    write_csv(folder / "clean.csv")
    spec = tiny_spec(folder, **{"data.validation_split": str(folder / "clean.csv")})
    return pipeline.train(
        spec.replace({"inspect.probes": [], "output.run_name": "noisy", **changes})
    )
