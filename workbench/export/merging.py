"""A whole model out of one with an adapter."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from ..models import load_tokenizer, load_trained, merged
from ..models.adapters import is_adapter
from ..models.weights import save_standard
from ..runs import RunFolder
from .sample import answers, sample

# In fp32, adding the adapter to the weights rounds otherwise than adding what it gives.
TOLERANCE = 1e-3


def write_merged(run: RunFolder, folder: Path) -> float:
    """Write a run's model with its adapter merged into the weights; return the check.

    Raises:
        ModelError: the run has no adapter, it cannot be merged, or the answers change.
    """
    if not is_adapter(run.model_path):
        raise ModelError(
            "the run {run} has no adapter, so there is nothing to merge",
            "export it with --to folder",
            run=run.name,
        )
    trusted = run.spec().model.trust_remote_code
    model = load_trained(run.model_path, trusted)
    batch = sample(model, load_tokenizer(run.model_path, trusted))
    before = answers(model, batch)
    whole = merged(model)
    difference = max(
        float((one - two).abs().max())
        for one, two in zip(before, answers(whole, batch), strict=True)
    )
    if not difference <= TOLERANCE:
        raise ModelError(
            "the merged model gives other answers (by up to {difference:.3g})",
            "export it with --to folder",
            difference=difference,
        )
    save_standard(whole, folder)
    return difference
