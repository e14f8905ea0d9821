"""What makes a step on a processor cheaper without changing what it computes."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

# mallopt's numbers in glibc's malloc.h, and glibc's own values.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 << 20}
_ORDINARY = {_MMAP_MAX: 65536, _TRIM_THRESHOLD: 128 << 10, _TOP_PAD: 128 << 10}

_LEVELS = 1 << 16


@contextmanager
def on_processor(model: Any) -> Iterator[None]:
    """Train `model` with memory kept between steps and with cheaper dropout masks.

    Freed memory normally goes back to the system, so that each step pays again for the pages of
    its largest tensor, the gradient of the embeddings (47 MB in MiniLM). Under glibc it is kept
    instead while this lasts; elsewhere nothing changes.
    """
    dropouts = [module for module in model.modules() if type(module) is torch.nn.Dropout]
    for module in dropouts:
        module.__class__ = Dropout16
    _tell_malloc(_KEEPING)
    try:
        yield
    finally:
        _tell_malloc(_ORDINARY)
        for module in dropouts:
            module.__class__ = torch.nn.Dropout


class Dropout16(torch.nn.Dropout):
    """Dropout whose mask takes 16 random bits an element, four elements a draw.

    torch draws a number for each element. The rate is rounded to a multiple of 1/65,536, and
    what is kept is scaled by the rounded rate, so that the expectation is exact.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `input` with a share `p` of its elements zero and the others scaled up.

        Shapes:
            input: any; the result has the same.
        """
        dropped = round(self.p * _LEVELS)
        if not self.training or not dropped or dropped == _LEVELS or input.device.type != "cpu":
            return super().forward(input)
        draws = torch.empty((input.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        levels = draws.view(torch.int16)[: input.numel()].view(input.shape)
        mask = (levels >= dropped - _LEVELS // 2).to(input.dtype)
        return input * mask.mul_(_LEVELS / (_LEVELS - dropped))


def clip_gradients(parameters: list[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Shorten the gradients to `max_norm` where they are longer; return their norm before.

    `torch.nn.utils.clip_grad_norm_` multiplies every gradient by one when there is nothing to
    shorten, which reads and writes them all.
    """
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if max_norm > 0 and not norm <= max_norm:  # also where the norm is no number
        torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def _tell_malloc(settings: dict[int, int]) -> None:
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):  # a C library without mallopt
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in settings.items():
            mallopt(name, value)
