"""The evaluation of a run: scores, baselines, and every prediction with the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import load_further
from ..data.cleaning import clean_texts
from ..errors import DataError, shorten
from ..models import load_tokenizer, load_trained
from ..runs import RunFolder, write_json
from ..tasks import Outcome, Setup, Task, load_task
from ..training.precision import choose_precision
from ..training.prepare import Prepared, encode_rows, in_order, limit_tokens
from ..training.run import quiet_libraries
from .inference import run_model


def evaluate_prepared(run: RunFolder, prepared: Prepared, model: Any) -> dict[str, Any]:
    """Evaluate the best model on the validation rows and write `evaluation/`.

    Baselines: the rules of the task that learned nothing, and the model before fine-tuning.
    """
    spec, task, setup = prepared.spec, prepared.task, prepared.setup
    rows = in_order(prepared.validation)
    batch = spec.train.per_device_eval_batch_size

    def outputs_of(candidate: Any) -> Any:
        return run_model(candidate, rows, task, setup, prepared.precision, batch)

    outcome = Outcome(outputs_of(model), rows, prepared.data.validation, setup)
    metrics = {"task": task.name, "split": "validation", **task.evaluate(outcome)}
    if spec.evaluate.baselines:
        rivals = task.baselines(outcome, prepared.data.train)
        rivals["before"] = outputs_of(prepared.base_model())
        metrics["baselines"] = {
            name: task.evaluate(replace(outcome, outputs=outputs))["metrics"]
            for name, outputs in rivals.items()
        }
    write_json(run.evaluation_path / "metrics.json", metrics)
    write_predictions(run.evaluation_path / "predictions.parquet", worst_first(task, outcome))
    return metrics


def evaluate_file(run: RunFolder, source: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Evaluate a finished run's model on further labelled data.

    Returns the same structure as `metrics.json`, without baselines, and the predictions with
    the worst first.

    Raises:
        InputError: the run has no model, or the data cannot be read or has unknown labels.
    """
    finished = _Finished(run)
    spec, task, setup = finished.setup.spec, finished.task, finished.setup
    table = load_further(source, task, setup.labels, spec.data.columns, spec.data)
    outcome = finished.outcome(table)
    metrics = {"task": task.name, "split": source, **task.evaluate(outcome)}
    return metrics, worst_first(task, outcome)


def predict_texts(
    run: RunFolder,
    texts: Sequence[str | Mapping[str, Any]],
    given: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Predict with a run's model; one record a text, in order.

    A text may be a mapping from the task's roles; a bare one is the first role that `given`,
    which holds for all of them, leaves open. Texts are cleaned as the run's own were.

    Raises:
        InputError: the run has no model, there is nothing to predict, or a role is missing or
            unknown.
    """
    from datasets import Dataset

    if not texts:
        raise DataError("no text to predict", "give texts as arguments, with --file, or on stdin")
    spec = run.spec()
    task = load_task(spec.task)
    rows = [
        clean_texts(_by_role(task, text, given or {}), task, spec.data.cleaning) for text in texts
    ]
    roles = [role.name for role in task.inputs if any(role.name in row for row in rows)]
    columns = {name: [row.get(name, "") for row in rows] for name in roles}
    table = Dataset.from_dict(columns | {"row": list(range(1, len(rows) + 1))})
    records = task.predictions(_Finished(run).outcome(table))
    return [{name: held for name, held in one.items() if name != "row"} for one in records]


class _Finished:
    """A run's model, ready to answer."""

    def __init__(self, run: RunFolder) -> None:
        spec = run.spec()
        self.task = load_task(spec.task)
        trusted = spec.model.trust_remote_code
        tokenizer = load_tokenizer(run.model_path, trusted)
        self.model = load_trained(run.model_path, trusted, spec.model.quantization)
        limit = limit_tokens(tokenizer, spec.data.max_tokens)
        setup = Setup(spec, tokenizer, _labels(run, self.model), limit)
        self.setup = self.task.recall(self.model, setup)

    def outcome(self, table: Any) -> Outcome:
        """Return what the model makes of the rows of a table."""
        train = self.setup.spec.train
        with quiet_libraries():
            rows = encode_rows(table, self.task, self.setup, training=False)
        outputs = run_model(
            self.model,
            rows,
            self.task,
            self.setup,
            choose_precision(train.precision),
            train.per_device_eval_batch_size,
        )
        return Outcome(outputs, rows, table, self.setup)


def worst_first(task: Task, outcome: Outcome) -> list[dict[str, Any]]:
    """Return one record an example (texts, label, predicted, loss, …), the highest loss first.

    Those of which no truth is known, and so no loss, come last.
    """
    records = task.predictions(outcome)
    return sorted(records, key=lambda row: row.get("loss", 0.0), reverse=True)


def write_predictions(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write prediction records as parquet."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def _labels(run: RunFolder, model: Any) -> list[str]:
    """Return the names that the run noted; of older runs, those that the model knows."""
    known = run.record().get("labels")
    if isinstance(known, list):
        return known
    return [model.config.id2label[number] for number in range(model.config.num_labels)]


def _by_role(task: Task, text: str | Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked by role, complete and with no role that the task does not have."""
    known = [role.name for role in task.inputs]
    if isinstance(text, str):
        free = [name for name in known if name not in given]
        text = {free[0]: text} if free else {}
    row = {**given, **text}
    if unknown := [name for name in row if name not in known]:
        raise DataError(
            "{task} is not asked with a {role!r}",
            "its roles are {choices}",
            task=task.name,
            role=shorten(unknown[0]),
            choices=", ".join(known),
        )
    for role in task.inputs:
        if role.required and not row.get(role.name):
            raise DataError(
                "{task} also needs the {role}",
                "give it --with {role}=TEXT",
                task=task.name,
                role=role.name,
            )
    return row
