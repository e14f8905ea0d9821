"""What is recorded of each row while it is learned: loss, confidence, margin, correctness.

The loss of classes and tokens is plain cross-entropy, whatever is minimised: class weights,
smoothing and focus would make rows hard to compare. What a task has no meaning for is left out.

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
    return {
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
    shares = logits[:, -labels.shape[1] :].float().log_softmax(-1)  # without made-up tokens
    place, counted = labels.clamp(min=0)[..., None], labels >= 0
    given = shares.gather(-1, place)[..., 0]
    margins = given - shares.scatter(-1, place, float("-inf")).amax(-1)
    count = counted.sum(-1).clamp(min=1)
    return {
        "correct": ((margins > 0) | ~counted).all(-1),
        "loss": (-given * counted).sum(-1) / count,
        "confidence": (given.exp() * counted).sum(-1) / count,
        "margin": margins.masked_fill(~counted, float("inf")).amin(-1).nan_to_num(posinf=0.0),
    }


def of_spans(starts: Any, ends: Any, labels: Any) -> dict[str, Any]:
    """Return what a batch says of windows in which a span is to be found.

    The loss is the mean of that of the first and the last token, confidence the probability of
    the true span, p(first) × p(last); a window is right if both were the likeliest.

    Shapes:
        starts, ends: (B, T); labels: (B, 2).
    """
    sides = [part.float().log_softmax(-1) for part in (starts, ends)]
    first, last = (s.gather(1, labels[:, [n]])[:, 0] for n, s in enumerate(sides))
    right = [s.argmax(-1) == labels[:, n] for n, s in enumerate(sides)]
    return {
        "loss": -(first + last) / 2,
        "confidence": (first + last).exp(),
        "correct": right[0] & right[1],
    }


def of_written(logits: Any, labels: Any) -> dict[str, Any]:
    """Return what a batch says of rows whose tokens are to be written or guessed.

    Loss and confidence are means over those tokens, of -log p and of p; correctness is the share
    of them that were the likeliest. A row without any says nothing. Rows are taken one by one:
    the shares of a whole batch, over all tokens there are, may be larger than the model.

    Shapes:
        logits: (B, T, V), with V tokens there are; labels: (B, T).
    """
    import torch

    found = []
    for row, own in zip(logits[:, -labels.shape[1] :], labels, strict=True):  # not made-up tokens
        known = own >= 0
        truth, guesses = own[known], row[known].float()
        losses = torch.nn.functional.cross_entropy(guesses, truth, reduction="none")
        right = (guesses.argmax(-1) == truth).float()
        found.append(torch.stack([losses.mean(), (-losses).exp().mean(), right.mean()]))
    return dict(zip(("loss", "confidence", "correct"), torch.stack(found, dim=1), strict=True))
