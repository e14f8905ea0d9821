"""Parts of a model that stay as they are, and how many of its weights learn."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError


def freeze(model: Any, embeddings: bool, layers: int) -> None:
    """Keep the embeddings, or the first so many layers, from learning.

    The embeddings are those of tokens, positions and segments, with their norm; an output layer
    that shares the tokens' weights stays as it is, too. Of an encoder-decoder the first layers of
    each half are meant.

    Raises:
        ModelError: the model does not have so many layers.
    """
    if embeddings:
        for parameter in _embedding_weights(model):
            parameter.requires_grad_(False)
    if not layers:
        return
    stacks = _stacks(model)
    shortest = min(map(len, stacks), default=0)
    if layers > shortest:
        raise ModelError(
            "model.freeze_layers is {layers}, and the {kind} model has {shortest} layers",
            "choose at most {shortest}",
            layers=layers,
            kind=model.config.model_type,
            shortest=shortest,
        ).at("model.freeze_layers", layers, "too_large")
    for stack in stacks:
        for layer in stack[:layers]:
            layer.requires_grad_(False)


def can_recompute(model: Any) -> bool:
    """Say whether a model, and each model inside it, supports activation checkpointing."""
    return all(getattr(one, "supports_gradient_checkpointing", True) for one in model.modules())


def _embedding_weights(model: Any) -> list[Any]:
    import torch

    inside = {id(layer) for stack in _stacks(model) for layer in stack.modules()}
    words = model.get_input_embeddings()
    found = list(words.parameters())
    for name, module in model.named_modules():
        if id(module) in inside:
            continue
        if isinstance(module, torch.nn.Embedding) or name.endswith("embeddings"):
            found += module.parameters()
    return found


def _stacks(model: Any) -> list[Any]:
    """Return the lists of layers: one of an encoder or decoder, two of an encoder-decoder."""
    import torch

    body = getattr(model, model.base_model_prefix, model)
    lists = [
        (name, module)
        for name, module in body.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) > 0
    ]
    outer = [
        module
        for name, module in lists
        if not any(name.startswith(f"{other}.") for other, _ in lists if other != name)
    ]
    config = model.config.get_text_config()
    depths = {
        getattr(config, name, None)
        for name in ("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers",
                     "decoder_layers", "n_layer")
    }  # fmt: skip
    return [stack for stack in outer if len(stack) in depths]


def count_parameters(model: Any) -> tuple[int, int]:
    """Return how many of a model's weights learn, and how many there are."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes)
