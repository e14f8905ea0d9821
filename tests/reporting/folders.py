"""A run folder written by hand, with text that wants to be HTML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from figures.examples import HOSTILE, metrics, profile, record, state

from workbench.runs import EventWriter, RunFolder, write_json, write_text
from workbench.spec import RunSpec

LABELS = ("negative", HOSTILE)
LONG = "very long, " * 4000


def predictions() -> list[dict[str, Any]]:
    """Rows with the worst first; the third is right."""
    rows = [
        {
            "row": 7,
            "text": f"{HOSTILE} <img src=https://evil.example/x.png>",
            "predicted": LABELS[0],
        },
        {"row": 12, "text": LONG, "predicted": LABELS[0]},
        {"row": 3, "text": "just right", "predicted": LABELS[1]},
        {"row": 5, "text": "航班晚点了，但是机组人员非常棒。", "predicted": LABELS[0]},
    ]
    return [
        {**row, "label": LABELS[1], "confidence": 0.97 - n / 10, "loss": 3.5 - n,
         "probabilities": [0.97 - n / 10, 0.03 + n / 10]}
        for n, row in enumerate(rows)
    ]  # fmt: skip


def run_folder(root: Path, language: str = "en") -> RunFolder:
    """Write a finished run with every part."""
    run = RunFolder(root / "minilm-tweets-20260101-120000")
    run.path.mkdir(parents=True)
    run.write_spec(
        RunSpec().replace({"output.language": language}),
        {
            "labels": list(LABELS),
            "train_rows": 2000,
            "validation_rows": 500,
            "device": "cpu",
            "precision": "bf16",
            "precision_reason": "the processor multiplies bf16 natively",
            "command": "workbench train runs/minilm-tweets-20260101-120000/spec.yaml",
            "environment": {"python": "3.11.9", "platform": "Linux", "torch": "2.13.0"},
        },
    )
    writer = EventWriter(run.events_path)
    known = state()
    writer.write("run_started", 0, total_steps=120, device="cpu", precision="bf16")
    for event in [*known.steps, *known.evaluations]:
        kind, step = event["event"], event["step"]
        rest = {k: v for k, v in event.items() if k not in ("event", "seq", "step", "wall_seconds")}
        writer.write(kind, step, **rest)
    writer.write("run_ended", 120, reason="finished", best_step=80, seconds=41.5)
    writer.close()
    data = replace(
        profile(LABELS),
        preview=[{"text": HOSTILE, "label": LABELS[0]}, {"text": LONG, "label": LABELS[1]}],
        notes=["3 rows had no text and were left out."],
        findings=[
            {"kind": "conflicts", "harmful": True, "sentence": f"2 rows {HOSTILE}", "count": 2,
             "examples": [{"split": "train", "row": 7, "text": HOSTILE, "label": HOSTILE,
                           "why": HOSTILE}]},
        ],
    )  # fmt: skip
    write_json(run.path / "data.json", data.to_dict())
    write_json(
        run.path / "model.json",
        {"source": "wheel:minilm", "parameters": 22_713_986, "layers": 6, "heads": 12,
         "train_bytes": 640_000_000, "licence": "Apache-2.0", "language": "en", "batch": 16,
         "tokens": 128, "pretrained": True, "context_tokens": 0, "pretraining_data": ""},
    )  # fmt: skip
    write_json(run.evaluation_path / "metrics.json", metrics(LABELS))
    table = pyarrow.Table.from_pylist(predictions())
    pyarrow.parquet.write_table(table, run.evaluation_path / "predictions.parquet")
    for when in ("before", "after"):
        text = replace(record(), model=when, text=f"the flight {HOSTILE}").to_json()
        write_text(run.attention_path / f"probe-00-{when}.json", text)
    return run
