"""Where in a model an attention module stands: in which block, at which layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .record import Layer

ENCODER_DECODER = (("encoder", "source", "source"), ("decoder", "target", "target"),
                   ("cross", "target", "source"))  # fmt: skip
ALONE = (("self", "source", "source"),)


@dataclass(frozen=True)
class ModuleLocation:
    """A layer of a block: `block` among the record's blocks, `layer` from 0 in the model."""

    block: int
    layer: int
    module: str


class ModuleLocator:
    """Finds the place of each attention module as the model calls it, in one run of the model."""

    def __init__(self, model: Any) -> None:
        import torch

        self._names = {module: name for name, module in model.named_modules()}
        self._lists = {
            name: len(module)
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.ModuleList)
        }
        config = model.config
        self.blocks = ENCODER_DECODER if config.is_encoder_decoder else ALONE
        self._decoder: set[torch.nn.Module] = set()
        if config.is_encoder_decoder:
            self._decoder = set(model.get_decoder().modules())
        self._types = getattr(config.get_text_config(), "layer_types", None) or []
        declared = getattr(config.get_text_config(), "num_hidden_layers", 0)
        self._declared_layers = [declared if isinstance(declared, int) else 0] * len(self.blocks)
        self._calls = [0] * len(self.blocks)
        self._self_of: dict[str, torch.nn.Module] = {}
        self._sizes = [0] * len(self.blocks)

    def of(self, module: Any) -> ModuleLocation:
        """Return the place of a module that is called now."""
        name = self._names.get(module, type(module).__name__)
        stack, number = self._layer_in(name)
        block = 0
        if module in self._decoder:
            # In each layer the decoder looks at its own text first, then at the source.
            key = f"{stack}.{number}"
            block = 1 if self._self_of.setdefault(key, module) is module else 2
        # ALBERT calls the same module for several layers; then the calls count, not the name.
        shares = self._lists.get(stack, 0) < self._declared_layers[block]
        layer = max(number, self._calls[block]) if shares else number
        self._calls[block] += 1
        self._sizes[block] = max(self._lists.get(stack, 0), layer + 1, self._sizes[block])
        return ModuleLocation(block, layer, name)

    def note(self, place: ModuleLocation) -> None:
        """Take note of a layer whose place is known without its module."""
        self._sizes[place.block] = max(self._sizes[place.block], place.layer + 1)

    def layers_of(self, block: int) -> int:
        """Return how many layers a block has, as far as they have been called."""
        return self._sizes[block]

    def layers(self, block: int, seen: dict[int, Layer]) -> list[Layer]:
        """Return all layers of a block; those not seen with the reason."""
        count = self._sizes[block] if seen else 0
        return [seen.get(number, self._missing(block, number)) for number in range(count)]

    def _missing(self, block: int, number: int) -> Layer:
        kind = self._types[number] if number < len(self._types) and block != 2 else ""
        reason = str(kind).replace("_", " ") if kind else "no attention"
        if kind in ("full_attention", "sliding_attention"):
            reason = "another kind of attention"
        return Layer(number + 1, "", 0, 0, None, reason)

    def _layer_in(self, name: str) -> tuple[str, int]:
        """Return the outermost list of layers that a module stands in, and where in it."""
        parts = name.split(".")
        for place, part in enumerate(parts):
            stack = ".".join(parts[:place])
            if part.isdigit() and stack in self._lists:
                return stack, int(part)
        return "", 0
