"""The evaluation of a run: scores, baselines, and every prediction with the worst first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..data import load_further
from ..runs import RunFolder, write_json
from ..runs.evaluation import Evaluation
from ..tasks import Outcome, Task
from ..training.encoding import in_order
from ..training.prepare import Prepared
from .answering import Answerer, finished, rows_to_ask
from .inference import run_model
from .playground import keep_answers
from .zero_shot import intervals, spread


def evaluate_prepared(
    run: RunFolder, prepared: Prepared, model: Any, with_base: bool = True
) -> Evaluation:
    """Evaluate the best model on the validation rows and write `evaluation/`.

    Baselines: the rules of the task that learned nothing, and, `with_base`, the model before
    fine-tuning.
    """
    spec, task, setup = prepared.spec, prepared.task, prepared.setup
    rows = in_order(prepared.validation)
    batch = spec.train.per_device_eval_batch_size

    def outputs_of(candidate: Any, rows: Any) -> Any:
        return run_model(candidate, rows, task, setup, prepared.precision, batch)

    asks = task.is_generative and any(map(str.strip, spec.inspect.probes))
    compared = with_base and (spec.evaluate.baselines or asks)
    base = prepared.base_model() if compared else None
    outcome = Outcome(outputs_of(model, rows), rows, prepared.data.validation, setup)
    own_scores = {"task": task.name, "split": "validation", **task.evaluate(outcome)}
    metrics = cast(Evaluation, own_scores)
    if spec.evaluate.baselines:
        others = {
            name: replace(outcome, outputs=outputs)
            for name, outputs in task.baselines(outcome, prepared.data.train).items()
        }
        some = spread(outcome, spec.evaluate.zero_shot_rows) if task.is_generative else outcome
        if base is not None:
            others["before"] = replace(some, outputs=outputs_of(base, some.rows))
        judged = {name: task.evaluate(other) for name, other in others.items()}
        metrics["baselines"] = {name: found["metrics"] for name, found in judged.items()}
        metrics["baseline_rows"] = {name: found["rows"] for name, found in judged.items()}
        if task.is_generative:
            own = {"after": outcome, **others}
            metrics["intervals"] = {name: intervals(task, one) for name, one in own.items()}
        for aspect, own in metrics.get("aspects", {}).items():
            own["baselines"] = {
                name: found["aspects"][aspect]
                for name, found in judged.items()
                if aspect in found.get("aspects", {})
            }
    write_json(run.evaluation_path / "metrics.json", metrics)
    write_predictions(run.evaluation_path / "predictions.parquet", worst_first(task, outcome))
    if asks:
        after = Answerer(model, task, setup, prepared.precision)
        keep_answers(run, after, None if base is None else replace(after, model=base))
    return metrics


def evaluate_file(run: RunFolder, source: str) -> tuple[Evaluation, list[dict[str, Any]]]:
    """Evaluate a finished run's model on further labelled data.

    Returns the same structure as `metrics.json`, without baselines, and the predictions with
    the worst first.

    Raises:
        InputError: the run has no model, or the data cannot be read or has unknown labels.
    """
    model = finished(run)
    spec, task, setup = model.setup.spec, model.task, model.setup
    table = load_further(source, task, setup.labels, spec.data.columns, spec.data)
    outcome = model.outcome(table)
    found = {"task": task.name, "split": source, **task.evaluate(outcome)}
    return cast(Evaluation, found), worst_first(task, outcome)


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
    rows = rows_to_ask(run.spec(), texts, given)
    return finished(run).ask(rows)


def worst_first(task: Task, outcome: Outcome) -> list[dict[str, Any]]:
    """Return one record an example (texts, label, predicted, loss, …), the highest loss first.

    A loss that is no number is the worst of all; those of which no truth is known, and so no
    loss, come last.
    """

    def badness(record: Mapping[str, Any]) -> float:
        loss = record.get("loss", -math.inf)
        return math.inf if math.isnan(loss) else loss

    return sorted(task.predictions(outcome), key=badness, reverse=True)


def write_predictions(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write prediction records as parquet."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(exist_ok=True)
    # pyarrow would take the columns of the first record for those of all.
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
