"""What is kept of each head as it passes by: statistics, thumbnail, norms, and some whole maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .formula import formula_of
from .modules import ModuleLocation, ModuleLocator
from .record import STATISTICS, Block, Formula, Layer, TokenSequence
from .rollout import Rollout
from .statistics import head_statistics

# The largest side of a thumbnail; smaller ones are made from it where it does not fit.
SIDE = 64

Chosen = tuple[int, int, int]  # block, layer, head


@dataclass
class _Kept:
    """What is kept of one layer; heads in order."""

    module: str
    heads: int
    kv_heads: int
    window: int | None
    statistics: dict[str, list[float | None]] = field(
        default_factory=lambda: {name: [] for name in STATISTICS}
    )
    norms: list[np.ndarray] = field(default_factory=list)
    thumbnails: list[np.ndarray] = field(default_factory=list)
    missing: str = ""


class Collector:
    """Listens to a model's run over one text and makes blocks of it.

    `whole_bytes`: how much memory the whole maps of all heads may take while it is not yet known
    whether they fit the record; beyond it only the `pinned` ones are kept, and if none are named,
    the first head of each block's last layer.
    """

    def __init__(
        self,
        places: ModuleLocator,
        sequences: dict[str, TokenSequence],
        pinned: list[Chosen] | None,
        whole_bytes: int,
        formula: Chosen | str | None = None,
        rollout: bool = False,
    ) -> None:
        self.places = places
        self.formula: Formula | None = None
        self._sequences = sequences
        self._pinned = set(pinned or [])
        self._pin_last = pinned is None
        self._wanted_formula = formula
        self._whole_bytes = whole_bytes
        self._bytes = 0
        self.whole = True  # all maps are kept so far
        count = len(places.blocks)
        self._layers: list[dict[int, _Kept]] = [{} for _ in range(count)]
        self._maps: list[dict[tuple[int, int], np.ndarray]] = [{} for _ in range(count)]
        self._causal = [True] * count
        self._place: ModuleLocation | None = None
        special = sequences["source"].special
        sinks = [place for place, one in enumerate(special) if one or place == 0]
        self._rollouts = [Rollout(), Rollout(sinks)] if rollout else []
        self._mean: Any = None

    # --- listening --------------------------------------------------------------------------

    def hear(self, heads: Any) -> None:
        """Take some heads of a layer from `interface`."""
        if heads.first == 0:
            place = self.places.of(heads.module)
            # Some look twice in a layer with the same weights, each time at half of the values.
            self._place = None if place.layer in self._layers[place.block] else place
            if self._place:
                self._begin(place, heads.heads, heads.kv_heads, heads.window)
        if self._place is None:
            return
        place = self._place
        if not self.take(place, heads.first, heads.weights):
            return
        norms = heads.v[0].float().norm(dim=-1)
        self._layers[place.block][place.layer].norms.append(norms.cpu().numpy())
        wanted = self._wanted_formula
        if wanted == "last":
            wanted = place.block, place.layer, 0
        if isinstance(wanted, tuple) and wanted[:2] == (place.block, place.layer):
            within = wanted[2] - heads.first
            if 0 <= within < len(heads.weights):
                self.formula = formula_of(heads, within, wanted)

    def begin(self, place: ModuleLocation, heads: int) -> None:
        """Begin a layer that is not heard through the interface."""
        self._begin(place, heads, heads, None)

    def pass_over(self, place: ModuleLocation, reason: str) -> None:
        """Take note of a layer that gives no map of tokens by tokens."""
        kept = _Kept(place.module, 0, 0, None, missing=reason)
        self._layers[place.block].setdefault(place.layer, kept)

    def _begin(self, place: ModuleLocation, heads: int, kv_heads: int, window: int | None) -> None:
        self._layers[place.block][place.layer] = _Kept(place.module, heads, kv_heads, window)
        if self._pin_last:
            self._pinned = {one for one in self._pinned if one[0] != place.block}
            self._pinned.add((place.block, place.layer, 0))
            if not self.whole:
                self._maps[place.block] = {}

    def take(self, place: ModuleLocation, first: int, weights: Any) -> bool:
        """Take the weights of some heads; return False if they are no map of tokens by tokens.

        Shapes:
            weights: (h, Tq, Tk)
        """
        name, queries, keys = self.places.blocks[place.block]
        kept = self._layers[place.block][place.layer]
        expected = len(self._sequences[queries]), len(self._sequences[keys])
        if tuple(weights.shape[1:]) != expected:
            rows, columns = weights.shape[1:]
            kept.missing = (
                f"not a square of tokens by tokens ({rows} × {columns} for {expected[0]} tokens)"
            )
            return False
        weights = weights.float()
        one_text = name != "cross"
        special = self._sequences[keys].special
        separators = [at for at, one in enumerate(special) if one and at]
        statistics = head_statistics(weights, separators, one_text)
        if bool((weights < 0).any()):
            kept.missing = "given as scores before the softmax"
            return False
        entropy = statistics["entropy"]
        if entropy is None or not bool(entropy.isfinite().all()):  # one NaN makes all of it NaN
            kept.missing = "not finite"
            return False
        for stat, values in statistics.items():
            kept.statistics[stat] += [None] * len(weights) if values is None else values.tolist()
        if weights.shape[1] > 1 and bool((weights[:, 0, 1:] > 0).any()):
            self._causal[place.block] = False
        self._keep_pictures(place, kept, first, weights)
        if self._rollouts and place.block == 0:
            self._add_to_rollout(first, kept.heads, weights)
        return True

    def _keep_pictures(self, place: ModuleLocation, kept: _Kept, first: int, weights: Any) -> None:
        kept.thumbnails.append(_bytes_of(_pooled(weights, SIDE)))
        numbers = range(first, first + len(weights))
        asked = [(place.block, place.layer, head) in self._pinned for head in numbers]
        if not self.whole and not any(asked):
            return
        stored = _bytes_of(weights)
        self._bytes += stored.nbytes
        if self.whole and self._bytes > self._whole_bytes:
            self._drop_unpinned()
        for number, one, pinned in zip(numbers, stored, asked, strict=True):
            if self.whole or pinned:
                self._maps[place.block][place.layer, number] = one.copy()

    def _drop_unpinned(self) -> None:
        self.whole = False
        for block, maps in enumerate(self._maps):
            for layer, head in list(maps):
                if (block, layer, head) not in self._pinned:
                    del maps[layer, head]

    def _add_to_rollout(self, first: int, heads: int, weights: Any) -> None:
        total = weights.sum(0)
        self._mean = total if first == 0 else self._mean + total
        if first + len(weights) == heads:
            for rollout in self._rollouts:
                rollout.add(self._mean / heads)

    # --- the result -------------------------------------------------------------------------

    @property
    def pinned(self) -> list[Chosen]:
        """The heads that are to be kept whole, in order."""
        return sorted(self._pinned)

    @property
    def silent(self) -> list[int]:
        """The blocks of which no layer gave a map."""
        return [
            block
            for block, layers in enumerate(self._layers)
            if all(kept.missing for kept in layers.values())
        ]

    @property
    def heard(self) -> bool:
        """Whether any layer gave a map."""
        return any(not kept.missing for layers in self._layers for kept in layers.values())

    @property
    def why_not(self) -> str:
        """The reason of the first layer that gave none."""
        reasons = [kept.missing for layers in self._layers for kept in layers.values()]
        return next((reason for reason in reasons if reason), "")

    def blocks(self) -> list[Block]:
        """Return the blocks with all that was kept, thumbnails at their largest."""
        return [self._block(number) for number in range(len(self.places.blocks))]

    def rollout(self) -> dict[str, np.ndarray] | None:
        """Return rollout with and without sinks, as bytes; None if a layer is missing."""
        kept = self._layers[0]
        complete = bool(kept) and len(kept) == self.places.layers_of(0)
        if not self._rollouts or not complete or any(one.missing for one in kept.values()):
            return None
        with_sinks, without = (_bytes_of(rollout.result()) for rollout in self._rollouts)
        return {"with_sinks": with_sinks, "without_sinks": without}

    def _block(self, number: int) -> Block:
        name, queries, keys = self.places.blocks[number]
        kept = self._layers[number]
        seen = {
            place: Layer(place + 1, one.module, one.heads, one.kv_heads, one.window, one.missing)
            for place, one in kept.items()
        }
        layers = self.places.layers(number, seen)
        whole = {place: one for place, one in kept.items() if not one.missing}
        return Block(
            name=name,
            queries=queries,
            keys=keys,
            causal=self._causal[number] and bool(whole) and name != "cross",
            layers=layers,
            statistics={
                stat: [_row(kept.get(place), stat) for place in range(len(layers))]
                for stat in STATISTICS
            },
            norms=_stack(
                {p: _scaled(np.concatenate(one.norms)) for p, one in whole.items() if one.norms},
                layers,
            ),
            thumbnails=_stack(
                {p: np.concatenate(one.thumbnails) for p, one in whole.items()}, layers
            ),
            maps={at: one for at, one in self._maps[number].items() if at[0] in whole},
        )


def _row(kept: _Kept | None, name: str) -> list[float | None] | None:
    if kept is None or kept.missing:
        return None
    values = kept.statistics[name]
    if not values or all(value is None for value in values):
        return None
    return [None if value is None else round(value, 4) for value in values]


def _stack(parts: dict[int, np.ndarray], layers: list[Layer]) -> np.ndarray | None:
    """Return (L, H, ...) bytes; layers that are missing, and heads that a layer lacks, are 0."""
    if not parts:
        return None
    heads = max(layer.heads for layer in layers)
    some = next(iter(parts.values()))
    stacked = np.zeros((len(layers), heads, *some.shape[1:]), np.uint8)
    for place, part in parts.items():
        stacked[place, : len(part)] = part
    return stacked


def _scaled(norms: np.ndarray) -> np.ndarray:
    largest = np.maximum(norms.max(axis=1, keepdims=True), 1e-12)
    return (np.round(norms / largest * 51) * 5).astype(np.uint8)


def _pooled(weights: Any, side: int) -> Any:
    """Return maps of at most `side` by `side`, each cell the largest weight under it."""
    import torch

    size = min(weights.shape[1], side), min(weights.shape[2], side)
    if size == tuple(weights.shape[1:]):
        return weights
    return torch.nn.functional.adaptive_max_pool2d(weights[None], size)[0]


def _bytes_of(weights: Any) -> np.ndarray:
    import torch

    stored = weights.float().clamp(0, 1).sqrt_().mul_(255).round_().to(torch.uint8)
    return stored.cpu().numpy()
