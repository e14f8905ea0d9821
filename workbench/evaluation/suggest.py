"""What a run's model would answer to rows that are to be labelled, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import RunError
from ..labelling.items import Item, Suggestion
from ..labelling.journal import Place
from ..labelling.queue import shares_of
from ..runs import RunFolder
from ..tasks import Task, load_task
from .run import predict_texts


def suggest(
    run: RunFolder, items: Sequence[Item], task: Task, labels: Sequence[str] = ()
) -> tuple[dict[Place, Suggestion], np.ndarray | None]:
    """Return a suggestion for each item, and the model's probabilities (N, C), if it gives any.

    Classes that are none of `labels` are not suggested.

    Raises:
        InputError: the run has no model, or one for another task.
    """
    learned = run.spec().task
    if learned != task.name:
        raise RunError(
            "the run {run} was trained for {learned}, not for {task}",
            "give a run of the same task",
            run=run.name,
            learned=learned,
            task=task.name,
        )
    labelling = load_task(learned).labelling
    if labelling is None:
        return {}, None
    predictions = predict_texts(run, [item.values for item in items])
    found = {}
    for item, one in zip(items, predictions, strict=True):
        value = labelling.suggested(one)
        if labelling.kind == "class":
            held = [value] if isinstance(value, str) else value
            if not set(held) <= set(labels):
                continue
        if value is not None:
            found[item.place] = Suggestion(value, one.get("confidence"))
    return found, shares_of(predictions)
