"""Logits of a model on encoded rows, in batches sorted by length."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.precision import Precision
from ..training.prepare import collate


def predict_logits(
    model: Any, rows: Any, tokenizer: Any, precision: Precision, batch_size: int = 64
) -> np.ndarray:
    """Return the logits of each row, in the order given: (B, C) float32.

    `rows` is an encoded table with `length`. Long rows run with long rows, so that little is
    spent on padding.
    """
    import torch

    order = np.argsort(np.asarray(rows["length"]), kind="stable")[::-1]
    parts: list[np.ndarray] = []
    was_training = model.training
    model.eval().to(precision.device)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision.name)
    autocast = torch.autocast(precision.device, dtype=dtype, enabled=dtype is not None)
    try:
        with torch.inference_mode(), autocast:
            for start in range(0, len(order), batch_size):
                batch = collate(
                    tokenizer, [rows[int(i)] for i in order[start : start + batch_size]]
                )
                batch.pop("labels", None)
                inputs = {name: tensor.to(precision.device) for name, tensor in batch.items()}
                parts.append(model(**inputs).logits.float().cpu().numpy())
    finally:
        model.train(was_training)
    logits = np.concatenate(parts)
    restored = np.empty_like(logits)
    restored[order] = logits
    return restored
