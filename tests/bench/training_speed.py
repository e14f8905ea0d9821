"""Training and evaluation speed against a plain Trainer, side by side in one run.

Plain: transformers' Trainer as the guide has it, with dynamic padding, fp32, rows in random
order. Ours: the same model, rows, seed and steps through the workbench (bf16 where the hardware
has it, batches grouped by length, evaluation sorted by length). Also says how far both are from
the machine's limit: the matrix products of training, 6 FLOPs a parameter and token, against the
speed of one large matrix product.

    python tests/bench/training_speed.py [--rows 2000] [--source wheel:tweets]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from workbench.evaluation.inference import run_model
from workbench.runs import EventWriter, RunFolder
from workbench.spec import RunSpec
from workbench.training.loop import TrainingLoop
from workbench.training.prepare import Prepared, prepare
from workbench.training.run import quiet_libraries


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--source", default="wheel:tweets")
    options = parser.parse_args()
    spec = RunSpec().replace(
        {"data.source": options.source, "max_train_rows": options.rows, "eval_steps": 0}
    )
    with quiet_libraries():
        prepared = prepare(spec)
        results = {"plain Trainer, fp32": plain(prepared), "workbench": ours(prepared)}
    report(prepared, results)


def plain(prepared: Prepared) -> dict[str, float]:
    """Train and evaluate as the guide does."""
    train = prepared.spec.train
    columns = [name for name in prepared.train.column_names if name in ("row", "length")]
    order = np.argsort(prepared.validation["row"])
    in_row_order = prepared.validation.select(order).remove_columns(columns)
    set_seed(train.seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=prepared.new_model(),
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=train.num_train_epochs,
                per_device_train_batch_size=train.per_device_train_batch_size,
                per_device_eval_batch_size=train.per_device_eval_batch_size,
                learning_rate=train.learning_rate,
                warmup_steps=train.warmup_steps,
                weight_decay=train.weight_decay,
                seed=train.seed,
                use_cpu=prepared.precision.device == "cpu",
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=prepared.train.remove_columns(columns),
            eval_dataset=in_row_order,
            data_collator=DataCollatorWithPadding(prepared.tokenizer),
        )
        trainer.remove_callback(PrinterCallback)
        train_seconds = timed(trainer.train)
        began = time.perf_counter()
        output = trainer.predict(in_row_order)
        seconds = time.perf_counter() - began
    return scores(prepared, train_seconds, seconds, output.predictions, output.label_ids)


def ours(prepared: Prepared) -> dict[str, float]:
    """Train and evaluate as the workbench does, without its evaluations during training."""
    set_seed(prepared.spec.train.seed)
    with tempfile.TemporaryDirectory() as folder:
        writer = EventWriter(Path(folder) / "events.jsonl")
        loop = TrainingLoop(prepared, RunFolder(Path(folder)), writer, model=prepared.new_model())
        loop.discard = True  # no evaluation and checkpoint at the end
        loop.evaluate_now = lambda: False  # the journal is kept, evaluation is timed below
        train_seconds = timed(loop.run_to_end)
        writer.close()
    began = time.perf_counter()
    logits = run_model(
        loop.model,
        prepared.validation,
        prepared.task,
        prepared.setup,
        prepared.precision,
        prepared.spec.train.per_device_eval_batch_size,
    )
    seconds = time.perf_counter() - began
    labels = np.asarray(prepared.validation["labels"])
    return scores(prepared, train_seconds, seconds, logits, labels)


def scores(
    prepared: Prepared, train_seconds: float, seconds: float, logits: Any, labels: Any
) -> dict[str, float]:
    """Return rows a second and accuracy."""
    return {
        "train rows/s": len(prepared.train) / train_seconds,
        "evaluation rows/s": len(labels) / seconds,
        "accuracy": float((np.asarray(logits).argmax(-1) == labels).mean()),
    }


def timed(work: Any) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def matrix_product_flops(dtype: torch.dtype) -> float:
    """Return the FLOP/s of a 2,048³ matrix product, the best of five."""
    one = torch.randn(2048, 2048, dtype=dtype)
    return 2 * 2048**3 / min(timed(lambda: one @ one) for _ in range(5))


def report(prepared: Prepared, results: dict[str, dict[str, float]]) -> None:
    """Print the table, the ratios, and the distance from the limit."""
    before, after = results.values()
    print(f"{len(prepared.train)} training rows, {len(prepared.validation)} validation rows")
    print(f"{'':20}" + "".join(f"{name:>22}" for name in results) + f"{'ratio':>10}")
    for name in before:
        ratio = "" if name == "accuracy" else f"{after[name] / before[name]:.2f}×"
        print(f"{name:20}{before[name]:>22.3f}{after[name]:>22.3f}{ratio:>10}")
    model = prepared.new_model()
    embeddings = model.get_input_embeddings().weight.numel()
    parameters = sum(p.numel() for p in model.parameters()) - embeddings
    flops = 6 * parameters * float(np.mean(prepared.train["length"]))
    for name, result, dtype in (
        ("plain Trainer, fp32", before, torch.float32),
        (
            "workbench",
            after,
            torch.bfloat16 if prepared.precision.name == "bf16" else torch.float32,
        ),
    ):
        peak = matrix_product_flops(dtype)
        share = result["train rows/s"] * flops / peak
        print(f"{name}: {share:.0%} of the {peak / 1e9:.0f} GFLOP/s of one large {dtype} product")


if __name__ == "__main__":
    main()
