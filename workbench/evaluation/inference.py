"""What a model answers to encoded rows, in batches sorted by length."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tasks import Setup, Task
from ..training.precision import Precision


def run_model(
    model: Any, rows: Any, task: Task, setup: Setup, precision: Precision, batch_size: int = 64
) -> Any:
    """Return what the task makes of the model's output for each row, in the order given.

    That is an array (N, …) where the task gives arrays, else a list. `rows` is an encoded table
    with `length`. Long rows run with long rows, so that little is spent on padding.
    """
    import torch

    order = np.argsort(np.asarray(rows["length"]), kind="stable")[::-1]
    parts: list[Any] = []
    was_training = model.training
    model.eval().to(precision.device)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision.name)
    autocast = torch.autocast(precision.device, dtype=dtype, enabled=dtype is not None)
    try:
        with torch.inference_mode(), autocast:
            for start in range(0, len(order), batch_size):
                chosen = [rows[int(i)] for i in order[start : start + batch_size]]
                batch = task.collate(chosen, setup)
                inputs = {name: tensor.to(precision.device) for name, tensor in batch.items()}
                parts.append(task.infer(model, inputs, chosen, setup))
    finally:
        model.train(was_training)
    if isinstance(parts[0], np.ndarray):
        found = np.concatenate(parts)
        restored = np.empty_like(found)
        restored[order] = found
        return restored
    by_place = dict(zip(order.tolist(), (one for part in parts for one in part), strict=True))
    return [by_place[place] for place in range(len(order))]
