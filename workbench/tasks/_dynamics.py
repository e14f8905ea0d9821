"""What is recorded of each row while it is learned: loss, confidence, margin, correctness.

The loss here is plain cross-entropy, whatever is minimised: class weights, smoothing and focus
would make rows hard to compare.

Shapes:
    B rows, T tokens, C labels; logits (B, C) or (B, T, C); labels (B,) numbers, (B, C) of 0 and
    1, or (B, T) numbers, below 0 where a token has none.
"""

from __future__ import annotations

from typing import Any


def of_classes(logits: Any, labels: Any) -> dict[str, Any]:
    """Return what a batch says of rows with one label each, as tensors (B,) and (B, C)."""
    shares = logits.float().log_softmax(-1)
    place = labels[:, None]
    given = shares.gather(-1, place)[:, 0]
    others = shares.scatter(-1, place, float("-inf")).amax(-1)
    predicted = shares.argmax(-1)
    return {
        "label": labels,
        "predicted": predicted,
        "correct": predicted == labels,
        "loss": -given,
        "confidence": given.exp(),
        "margin": given - others,
        "probabilities": shares.exp(),
    }


def of_label_sets(logits: Any, labels: Any) -> dict[str, Any]:
    """Return what a batch says of rows whose labels are each given or not.

    Confidence is the mean over the labels of the probability of what is given, the margin that of
    the label that fits worst, and a row is correct if all its labels are.
    """
    from torch.nn.functional import logsigmoid

    signed = logits.float() * (2 * labels.float() - 1)
    none = labels.new_full((len(labels),), -1).long()
    return {
        "label": none,
        "predicted": none,
        "correct": (signed > 0).all(-1),
        "loss": -logsigmoid(signed).mean(-1),
        "confidence": signed.sigmoid().mean(-1),
        "margin": signed.amin(-1),
        "probabilities": logits.float().sigmoid(),
    }


def of_tokens(logits: Any, labels: Any) -> dict[str, Any]:
    """Return what a batch says of rows whose tokens have labels.

    Loss and confidence are means over the tokens that have one, the margin is that of the token
    whose label fits worst, and a row is correct if all of them are.
    """
    import torch

    shares = logits[:, -labels.shape[1] :].float().log_softmax(-1)  # without made-up tokens
    place, counted = labels.clamp(min=0)[..., None], labels >= 0
    given = shares.gather(-1, place)[..., 0]
    margins = given - shares.scatter(-1, place, float("-inf")).amax(-1)
    count = counted.sum(-1).clamp(min=1)
    none = torch.full_like(labels[:, 0], -1)
    return {
        "label": none,
        "predicted": none,
        "correct": ((margins > 0) | ~counted).all(-1),
        "loss": (-given * counted).sum(-1) / count,
        "confidence": (given.exp() * counted).sum(-1) / count,
        "margin": margins.masked_fill(~counted, float("inf")).amin(-1).nan_to_num(posinf=0.0),
    }
