"""Attention rollout: what a token holds of each input token after all layers, if heads are means.

Source: Abnar & Zuidema 2020 (2005.00928): R = Âₗ · R with Â = (A + I) / 2 and A the mean of a
    layer's heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Rollout:
    """Multiplies layers as they come, from the first to the last.

    `sinks` are keys that are left out, each row's other weights taking their share: in causal
    models almost everything flows to the first token otherwise.
    """

    def __init__(self, sinks: list[int] | None = None) -> None:
        self._sinks = sinks or []
        self._total: torch.Tensor | None = None

    def add(self, mean: torch.Tensor) -> None:
        """Take the next layer: the mean of its heads.

        Shapes:
            mean: (T, T)
        """
        import torch

        mean = mean.float().clone()
        if self._sinks:
            mean[:, self._sinks] = 0
            sums = mean.sum(-1, keepdim=True)
            mean = torch.where(sums > 1e-9, mean / sums.clamp_min(1e-9), torch.zeros_like(mean))
        mixed = mean + torch.eye(len(mean), device=mean.device)
        mixed /= mixed.sum(-1, keepdim=True)
        self._total = mixed if self._total is None else mixed @ self._total

    def result(self) -> torch.Tensor:
        """Return the product, rows summing to 1.

        Shapes:
            (T, T)
        """
        if self._total is None:
            raise ValueError("no layer was added")
        return self._total
