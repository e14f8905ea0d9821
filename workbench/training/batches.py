"""Which rows go into which batch: the same in every process, from seed and epoch alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch

# Rows are sorted by length within groups of so many batches: enough to save padding, and few
# enough that every group is a fair sample of the whole.
GROUP = 50


def epoch_batches(
    lengths: Sequence[int], batch: int, strategy: str, seed: int, epoch: int
) -> list[list[int]]:
    """Return the batches of one epoch, each a list of row numbers; the last may be shorter.

    `strategy` is `random`, `sequential`, or `group_by_length`: drawn at random, but rows of like
    length share a batch, and the batches come in random order. The longest comes first, so that
    a lack of memory shows at once.
    """
    rows = len(lengths)
    if strategy == "sequential":
        return _cut(list(range(rows)), batch)
    rng = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    order = torch.randperm(rows, generator=rng).tolist()
    if strategy == "random":
        return _cut(order, batch)
    # At least four groups, so that chance has a say in small sets, too.
    group = batch * max(1, min(rows // (batch * 4), GROUP))
    alike = [
        row
        for start in range(0, rows, group)
        for row in sorted(order[start : start + group], key=lambda row: -lengths[row])
    ]
    *whole, last = _cut(alike, batch)
    shuffled = [whole[i] for i in torch.randperm(len(whole), generator=rng).tolist()]
    shuffled.append(last)  # a short batch stays the last, as in any epoch
    longest = max(range(len(shuffled)), key=lambda i: max(lengths[row] for row in shuffled[i]))
    if len(shuffled[longest]) == batch:
        shuffled[0], shuffled[longest] = shuffled[longest], shuffled[0]
    return shuffled


def steps_left(
    epochs: float, epoch: int, batch: int, batches_per_epoch: int, accumulation: int
) -> int:
    """Return the optimiser steps from a place in the data to the end of `epochs` passes.

    The place is `batch` batches into the pass number `epoch`. Each pass ends with a step, even
    over fewer batches than `accumulation`; of a fraction of a pass the share of its steps counts.
    """
    steps_per_epoch = -(-batches_per_epoch // accumulation)
    whole = int(epochs)
    share = _ceil((epochs - whole) * steps_per_epoch)
    taken = -(-batch // accumulation)
    if epoch > whole:
        return 0
    if epoch == whole:
        return max(0, share - taken)
    rest = -(-(batches_per_epoch - batch) // accumulation)
    return rest + (whole - epoch - 1) * steps_per_epoch + share


def _cut(order: list[int], batch: int) -> list[list[int]]:
    return [order[start : start + batch] for start in range(0, len(order), batch)]


def _ceil(value: float) -> int:
    # 0.1 * 30 is a little more than 3 in floating point, and still three steps.
    return -int(-round(value, 6) // 1)
