"""The scale on which numbers are learned, and a head that gives them in the units of the data.

A model learns numbers in standard deviations from their mean over the training rows, so that
large, small and mixed ones are learned alike; mean and deviation are kept in its config as
`target_mean` and `target_std`. As it is saved, both are folded into its head, W' = σW and
b' = σb + μ: whoever loads it reads the units of the data. The config then names the weights of the
head as `target_folded`. A head without a bias learns without the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ._number_scores import scale_of
from ._records import Setup
from .base import Task


class ScaledTask(Task):
    """A task whose head gives numbers, in standard deviations from their mean while it learns."""

    def adapt(self, model: Any, setup: Setup) -> None:
        """Note the scale of the numbers in the config; a head that has learned is set to it."""
        mean, std = scale_of(setup)
        old_mean, old_std = scale_given(model.config, len(mean))
        order = getattr(model, "label_order", None)
        if order is not None and not is_folded(model.config):
            old_mean, old_std = old_mean[list(order)], old_std[list(order)]
        names = set(model.label_weights) - set(model.new_weights)
        _rescale(_weights(model, names), old_std / std, (old_mean - mean) / std)
        _note(model.config, mean, std, [])

    def restore_setup(self, model: Any, setup: Setup) -> Setup:
        """Take the scale of the numbers from a model's config; older models have none.

        A head that gives the units of the data is set back to the scale on which it learned: in
        half precision, a large mean would swallow the differences.
        """
        config = model.config
        scale = (getattr(config, name, None) or [] for name in ("target_mean", "target_std"))
        means, stds = (dict(zip(setup.labels, held, strict=False)) for held in scale)
        setup = replace(setup, label_means=means, label_stds=stds)
        if is_folded(config):
            mean, std = scale_of(setup)
            _rescale(_weights(model, set(config.target_folded)), 1 / std, -mean / std)
            _note(config, mean, std, [])
        return setup

    @contextmanager
    def as_saved(self, model: Any, setup: Setup) -> Iterator[None]:
        """Let the head give the units of the data, for as long as the model is being saved."""
        mean, std = scale_of(setup)
        names = list(model.label_weights)
        weights = _weights(model, set(names))
        learned = {name: weight.detach().clone() for name, weight in weights.items()}
        _rescale(weights, std, mean)
        _note(model.config, mean, std, names)
        try:
            yield
        finally:
            for name, weight in weights.items():
                weight.data.copy_(learned[name])
            _note(model.config, mean, std, [])


def in_units(numbers: np.ndarray, model: Any, setup: Setup) -> np.ndarray:
    """Return what a head gives in the units of the data: (B, C)."""
    if is_folded(model.config):
        return numbers
    mean, std = scale_of(setup)
    return numbers * std + mean


def is_folded(config: Any) -> bool:
    """Say whether the head of a model gives the units of the data by itself."""
    return bool(getattr(config, "target_folded", None))


def scale_given(config: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of what the head of a model gives, 0 and 1 for units of the data.

    Shapes:
        each: (C,) for `count` numbers.
    """
    plain = np.zeros(count), np.ones(count)
    if is_folded(config):
        return plain
    mean, std = (
        np.asarray(getattr(config, f"target_{name}", None) or []) for name in ("mean", "std")
    )
    return (mean, std) if mean.shape == std.shape == (count,) else plain


def _note(config: Any, mean: np.ndarray, std: np.ndarray, folded: list[str]) -> None:
    config.target_mean, config.target_std = mean.tolist(), std.tolist()
    if folded or hasattr(config, "target_folded"):
        config.target_folded = folded


def _weights(model: Any, names: set[str]) -> dict[str, Any]:
    """Return those weights of a model, by name; of one in an adapter, those that learn."""
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    plain = {n.replace(".modules_to_save.default", ""): p for n, p in inner.named_parameters()}
    return {name: plain[name] for name in plain if name in names}


def _rescale(weights: dict[str, Any], factor: np.ndarray, shift: np.ndarray) -> None:
    """Let a head give `factor` times what it gives, and `shift` more where it has a bias."""
    import torch

    for weight in weights.values():
        exact = weight.data.double()
        ratio = torch.tensor(factor, dtype=torch.float64, device=weight.device)
        if weight.ndim > 1:
            exact = exact * ratio[:, None]
        else:
            exact = exact * ratio + torch.tensor(shift, dtype=torch.float64, device=weight.device)
        weight.data.copy_(exact)
