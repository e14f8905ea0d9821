"""The evaluation of a run: scores, baselines, and every prediction with the worst first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ..data import load_further
from ..errors import DataError
from ..models import load_tokenizer, load_trained
from ..runs import RunFolder, write_json
from ..tasks import Task, load_task
from ..training.precision import choose_precision
from ..training.prepare import Prepared, encode_rows, limit_tokens
from .inference import predict_logits


def evaluate_prepared(run: RunFolder, prepared: Prepared, model: Any) -> dict[str, Any]:
    """Evaluate the best model on the validation rows and write `evaluation/`.

    Baselines: the majority class of the training rows, and the model before fine-tuning.
    """
    spec, task = prepared.spec, prepared.task
    table, rows = prepared.data.validation, prepared.validation
    # `rows` is sorted by length; bring it back to the table's order.
    rows = rows.select(np.argsort(_positions(table, rows)))
    bins = spec.evaluate.calibration_bins
    batch = spec.train.per_device_eval_batch_size
    labels = np.asarray(table["label"])

    def logits_of(candidate: Any) -> np.ndarray:
        return predict_logits(candidate, rows, prepared.tokenizer, prepared.precision, batch)

    logits = logits_of(model)
    metrics = {"task": task.name, "split": "validation"}
    metrics |= task.evaluate(logits, labels, prepared.labels, bins)
    if spec.evaluate.baselines:
        majority = _majority_logits(prepared.data.train["label"], len(labels), len(prepared.labels))
        before = logits_of(prepared.new_model())
        metrics["baselines"] = {
            "majority": task.evaluate(majority, labels, prepared.labels, bins)["metrics"],
            "before": task.evaluate(before, labels, prepared.labels, bins)["metrics"],
        }
    write_json(run.evaluation_path / "metrics.json", metrics)
    rows_shown = prediction_rows(table, logits, prepared.labels, task)
    write_predictions(run.evaluation_path / "predictions.parquet", rows_shown)
    return metrics


def evaluate_file(run: RunFolder, source: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Evaluate a finished run's model on further labelled data.

    Returns the same structure as `metrics.json`, without baselines, and the predictions with
    the worst first.

    Raises:
        InputError: the run has no model, or the data cannot be read or has unknown labels.
    """
    spec = run.spec()
    task = load_task(spec.task)
    tokenizer = load_tokenizer(run.model_path)
    model = load_trained(run.model_path)
    names = label_names(model)
    table = load_further(source, task, names, spec.data.columns, spec.data)
    rows = encode_rows(table, task, tokenizer, limit_tokens(tokenizer, spec.data.max_tokens))
    precision = choose_precision(spec.train.precision)
    logits = predict_logits(
        model, rows, tokenizer, precision, spec.train.per_device_eval_batch_size
    )
    labels = np.asarray(table["label"])
    metrics = {"task": task.name, "split": source}
    metrics |= task.evaluate(logits, labels, names, spec.evaluate.calibration_bins)
    return metrics, prediction_rows(table, logits, names, task)


def predict_texts(
    run: RunFolder, texts: list[str], pairs: list[str] | None = None
) -> list[dict[str, Any]]:
    """Predict texts with a run's model; one record a text, in order.

    Raises:
        InputError: the run has no model, or there is nothing to predict.
    """
    from datasets import Dataset

    if not texts:
        raise DataError("no text to predict", "give texts as arguments, with --file, or on stdin")
    spec = run.spec()
    task = load_task(spec.task)
    tokenizer = load_tokenizer(run.model_path)
    model = load_trained(run.model_path)
    columns: dict[str, list[Any]] = {"text": texts, "row": list(range(len(texts)))}
    if pairs is not None:
        columns["text_pair"] = pairs
    rows = encode_rows(
        Dataset.from_dict(columns), task, tokenizer, limit_tokens(tokenizer, spec.data.max_tokens)
    )
    logits = predict_logits(model, rows, tokenizer, choose_precision(spec.train.precision))
    answers = task.predictions(logits, label_names(model), None)
    return [{"text": text, **answer} for text, answer in zip(texts, answers, strict=True)]


def label_names(model: Any) -> list[str]:
    """Return the names of a model's classes, by number."""
    return [model.config.id2label[number] for number in range(model.config.num_labels)]


def prediction_rows(
    table: Any, logits: np.ndarray, names: list[str], task: Task
) -> list[dict[str, Any]]:
    """Return one record a row (text, label, predicted, loss, …), the highest loss first."""
    shown = [name for name in ("row", "text", "text_pair") if name in table.column_names]
    rows = [
        {name: row[name] for name in shown} | answer
        for row, answer in zip(
            table, task.predictions(logits, names, np.asarray(table["label"])), strict=True
        )
    ]
    return sorted(rows, key=lambda row: row["loss"], reverse=True)


def write_predictions(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write prediction records as parquet."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def _majority_logits(train_labels: list[int], rows: int, classes: int) -> np.ndarray:
    """Return logits that say the training shares of the classes for every row: (rows, classes)."""
    counts = Counter(train_labels)
    shares = np.array([counts.get(number, 0) for number in range(classes)], float) + 1e-9
    return np.tile(np.log(shares / shares.sum()), (rows, 1))


def _positions(table: Any, rows: Any) -> np.ndarray:
    place = {row: position for position, row in enumerate(table["row"])}
    return np.array([place[row] for row in rows["row"]])
