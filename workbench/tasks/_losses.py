"""What is minimised: the sum of the losses of a batch, and how many there are.

A step divides the sum over all its batches by the count over all of them. So batches whose
gradients are accumulated, and batches in several processes, give the loss of one large batch.

Class weights and label smoothing count in training only: the loss of a validation pass is the
same function without them, so that runs with other weights can be compared.

Shapes:
    B rows, T tokens, C classes (of a language model, the entries of its vocabulary).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, shorten
from ._guessing import IGNORED
from ._records import Setup


@dataclass(frozen=True)
class Objective:
    """A loss: `total(outputs, labels)` is a sum, a tensor; `count(labels)` how many are summed."""

    total: Callable[[Any, Any], Any]
    count: Callable[[Any], int]

    def mean(self, outputs: Any, labels: Any) -> Any:
        """Return the mean loss of one batch."""
        return self.total(outputs, labels) / max(self.count(labels), 1)


def focal_gamma(setup: Setup) -> float:
    """Return the γ of the spec's loss; 0, cross-entropy, where it is not focal."""
    train = setup.spec.train
    return train.focal_gamma if train.loss == "focal" else 0.0


def label_weights(setup: Setup) -> list[float]:
    """Return what each label counts in the loss, in order.

    Source: balanced as in scikit-learn's `compute_class_weight`, N / (C n), N all labels of the
    training rows; of several labels a row as PyTorch's `pos_weight`, (N - n) / n, N the rows. A
    label that no training row has counts 1.
    """
    train, rows, every = setup.spec.train, setup.train_rows, sum(setup.label_counts.values())
    weights = [train.label_weights.get(label, 1.0) for label in setup.labels]
    if train.class_weights == "balanced":
        for place, label in enumerate(setup.labels):
            count = setup.label_counts.get(label, 0)
            if count and setup.spec.data.multi_label:
                weights[place] *= (rows - count) / count
            elif count:
                weights[place] *= every / (len(setup.labels) * count)
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
            ).at("train.label_weights", {label: weight}, "no_such_label")
        if weight < 0:
            raise DataError(
                "train.label_weights: {label} has the weight {weight:g}",
                "choose at least 0",
                label=shorten(label, 40),
                weight=weight,
            ).at("train.label_weights", {label: weight}, "too_small")


def count_known(labels: Any) -> int:
    """Return how many labels are to be predicted: all but those that are `IGNORED`."""
    return int((labels != IGNORED).sum())


def class_loss(setup: Setup, weights: list[float] | None = None) -> Objective:
    """Return the cross-entropy, or focal loss, of one class for each row or token.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection": -(1-p)^γ log p; smoothing
    spreads a share of the target over all classes (Szegedy et al. 2016).

    Shapes:
        logits (B, C) or (B, T, C); labels (B,) or (B, T), `IGNORED` where there is none.
    """
    gamma = focal_gamma(setup)
    smoothing = setup.spec.train.label_smoothing_factor
    weighted = weights if weights is not None and set(weights) != {1.0} else None

    def total(outputs: Any, labels: Any) -> Any:
        logits = outputs.logits
        if labels.ndim == 2:  # tokens; those of prompt tuning stand before the text
            logits = logits[:, -labels.shape[1] :]
        return class_losses(logits, labels, smoothing, weighted, gamma)

    return Objective(total, count_known)


def class_losses(
    logits: Any,
    labels: Any,
    smoothing: float = 0.0,
    weights: list[float] | None = None,
    gamma: float = 0.0,
) -> Any:
    """Return the sum of the cross-entropies, or focal losses, of the labels that are known.

    Shapes:
        logits (…, C); labels (…), `IGNORED` where there is none; the result is a number.
    """
    import torch

    known = labels != IGNORED
    logits, labels = logits[known].float(), labels[known]
    weight = None if weights is None else torch.tensor(weights, device=logits.device)
    if not gamma:
        return torch.nn.functional.cross_entropy(
            logits, labels, weight, reduction="sum", label_smoothing=smoothing
        )
    shares = logits.log_softmax(-1)
    targets = torch.nn.functional.one_hot(labels, logits.shape[-1])
    targets = targets * (1 - smoothing) + smoothing / logits.shape[-1]
    losses = -targets * _focus(shares, gamma) * shares
    return (losses if weight is None else weight * losses).sum()


def label_set_loss(setup: Setup) -> Objective:
    """Return the binary cross-entropy, or focal loss, of several labels a row, summed over all.

    Shapes:
        logits and labels (B, C), labels of 0 and 1.
    """
    import torch
    from torch.nn.functional import logsigmoid

    gamma, weights = focal_gamma(setup), label_weights(setup)
    smoothing = setup.spec.train.label_smoothing_factor

    def total(outputs: Any, labels: Any) -> Any:
        logits = outputs.logits.float()
        weight = torch.tensor(weights, device=logits.device)
        targets = labels.float() * (1 - smoothing) + smoothing / 2
        yes, no = logsigmoid(logits), logsigmoid(-logits)
        losses = -weight * targets * _focus(yes, gamma) * yes
        return (losses - (1 - targets) * _focus(no, gamma) * no).sum()

    return Objective(total, lambda labels: labels.numel())


def next_token_loss(setup: Setup) -> Objective:
    """Return the cross-entropy of each token given those before it.

    Shapes:
        logits (B, P + T, C), P tokens of prompt tuning before the text; labels (B, T).
    """
    smoothing = setup.spec.train.label_smoothing_factor

    def total(outputs: Any, labels: Any) -> Any:
        logits = outputs.logits[:, -labels.shape[1] :]
        return class_losses(logits[:, :-1], labels[:, 1:], smoothing)

    return Objective(total, lambda labels: count_known(labels[:, 1:]))


def _focus(log_share: Any, gamma: float) -> Any:
    """Return (1-p)^γ; where p is 1, its slope would be infinite for γ below 1."""
    if not gamma:
        return 1.0
    return (-log_share.expm1()).clamp(min=1e-6) ** gamma
