"""A validation pass: the metrics that are followed while a model learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .prepare import Prepared
from .processes import Processes, processes
from .step import autocast, to_device

# What fills the rows of a batch with fewer tokens than another; no task takes it for a label.
FILLED = -100


def validate(
    model: Any, prepared: Prepared, together: Processes | None = None
) -> tuple[dict[str, float], str]:
    """Return the followed metrics of a model on the validation rows; it stays in its mode.

    Second is the answer that all rows got, where they should not all have the same; else it is
    empty. Each process answers its share of the batches; all get the same metrics.
    """
    together = together or processes()
    task, rows = prepared.task, prepared.validation
    size = prepared.spec.train.per_device_eval_batch_size
    starts = range(0, len(rows), size)[together.rank :: together.size]
    device = prepared.precision.device
    was_training = model.training
    model.eval()
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    try:
        with torch.inference_mode():
            for start in starts:
                chosen = rows.__getitems__(list(range(start, min(start + size, len(rows)))))
                inputs = to_device(prepared.collate(chosen), device)
                with autocast(prepared.precision):
                    outputs = task.forward(model, inputs)
                kept = task.reduce_logits(answers_of(outputs), inputs["labels"])
                parts.append((_array(kept), _array(inputs["labels"])))
    finally:
        model.train(was_training)
    dealt = together.collect(parts)
    if not together.main:
        return together.share(({}, ""))
    ordered = [
        dealt[number % len(dealt)][number // len(dealt)] for number in range(sum(map(len, dealt)))
    ]
    kept, labels = (joined([part[side] for part in ordered]) for side in (0, 1))
    setup = prepared.setup
    scores = task.score(kept, labels, setup)
    scores |= {name: float(one(kept, labels)) for name, one in task.further_scores.items()}
    return together.share((scores, task.only_answer(kept, labels, setup)))


def answers_of(outputs: Any) -> Any:
    """Return a model's logits; for questions those of the first and of the last token."""
    if hasattr(outputs, "start_logits"):
        return outputs.start_logits, outputs.end_logits
    return outputs.logits


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """Return the rows of all batches in one array; rows with fewer tokens end in `FILLED`."""
    width = max((part.shape[1] for part in parts if part.ndim > 1), default=0)
    return np.concatenate([_widened(part, width) for part in parts])


def _widened(part: np.ndarray, width: int) -> np.ndarray:
    if part.ndim < 2 or part.shape[1] == width:
        return part
    missing = [(0, 0)] * part.ndim
    missing[1] = (0, width - part.shape[1])
    return np.pad(part, missing, constant_values=FILLED)


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.float() if tensor.is_floating_point() else tensor
    return tensor.cpu().numpy()
