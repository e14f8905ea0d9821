"""What a classifier minimises when it is not plain cross-entropy: focal, and weighted labels.

Class weights and label smoothing count in training only: the loss of a validation pass is the
same function without them, so that runs with other weights can be compared.

Shapes:
    B rows, C labels; logits (B, C); labels (B,) numbers, or (B, C) of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import DataError, shorten
from .contract import Setup


def focal_gamma(setup: Setup) -> float:
    """Return the γ of the spec's loss; 0, cross-entropy, where it is not focal."""
    train = setup.spec.train
    return train.focal_gamma if train.loss == "focal" else 0.0


def label_weights(setup: Setup) -> list[float]:
    """Return what each label counts in the loss, in order.

    Source: balanced as in scikit-learn's `compute_class_weight`, N / (C n); of several labels a
    row as PyTorch's `pos_weight`, (N - n) / n. A label that no training row has counts 1.
    """
    train, rows = setup.spec.train, setup.train_rows
    weights = [train.label_weights.get(label, 1.0) for label in setup.labels]
    if train.class_weights == "balanced":
        for place, label in enumerate(setup.labels):
            count = setup.label_counts.get(label, 0)
            if count and setup.spec.data.multi_label:
                weights[place] *= (rows - count) / count
            elif count:
                weights[place] *= rows / (len(setup.labels) * count)
    return weights


def check_weights(setup: Setup) -> None:
    """Refuse weights of labels that there are not, and weights below zero.

    Raises:
        DataError: naming the label.
    """
    for label, weight in setup.spec.train.label_weights.items():
        if label not in setup.labels:
            raise DataError(
                "train.label_weights: no row has the label {label!r}; there are {labels}",
                "choose from these",
                label=shorten(label, 40),
                labels=shorten(", ".join(setup.labels), 120),
            )
        if weight < 0:
            raise DataError(
                "train.label_weights: {label} has the weight {weight:g}",
                "choose at least 0",
                label=shorten(label, 40),
                weight=weight,
            )


def loss_function(setup: Setup) -> Callable[..., Any] | None:
    """Return the loss of a batch, a mean over rows or labels; None where the model's own serves.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection": -(1-p)^γ log p; smoothing
    spreads a share of the target over all labels (Szegedy et al. 2016).
    """
    import torch
    from torch.nn.functional import logsigmoid, one_hot

    gamma, weights = focal_gamma(setup), label_weights(setup)
    smoothing = setup.spec.train.label_smoothing_factor
    several = setup.spec.data.multi_label
    if not several and not gamma and set(weights) == {1.0}:
        return None

    def of_batch(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        logits = outputs.logits.float()
        weight = torch.tensor(weights, device=logits.device)
        if several:
            targets = labels.float() * (1 - smoothing) + smoothing / 2
            yes, no = (
                logsigmoid(logits),
                logsigmoid(-logits),
            )
            losses = -weight * targets * _focus(yes, gamma) * yes
            losses = losses - (1 - targets) * _focus(no, gamma) * no
        else:
            shares = logits.log_softmax(-1)
            targets = one_hot(labels, logits.shape[-1])
            targets = targets * (1 - smoothing) + smoothing / logits.shape[-1]
            losses = -weight * targets * _focus(shares, gamma) * shares
        count = labels.numel() if num_items_in_batch is None else num_items_in_batch
        return losses.sum() / count

    return of_batch


def _focus(log_share: Any, gamma: float) -> Any:
    """Return (1-p)^γ; where p is 1, its slope would be infinite for γ below 1."""
    if not gamma:
        return 1.0
    return (-log_share.expm1()).clamp(min=1e-6) ** gamma
