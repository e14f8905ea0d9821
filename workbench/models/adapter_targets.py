"""Which layers of a model an adapter is put into, by the names that peft takes."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from ..errors import ModelError, shorten
from ..spec import AdapterSpec

ALL_LINEAR = "all-linear"


def _linear_layers(model: Any, without: list[str]) -> list[str]:
    """Return the names of all layers that multiply by a matrix, without the head.

    The body stands in a module of its own, but for T5, and for models put together from two.
    """
    import torch
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    body, tied = _body(model), _tied(model)
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not head
        and name not in without and name not in tied and name.startswith(body)
    ]  # fmt: skip


def _body(model: Any) -> str:
    """Return what the names of the body's modules begin with; nothing where it has no module."""
    prefix = model.base_model_prefix
    return f"{prefix}." if prefix and hasattr(model, prefix) else ""


def _tied(model: Any) -> dict[str, str]:
    """Return the modules that share a weight with another, each with the name of that one."""
    holders: dict[int, list[str]] = {}
    for name, module in model.named_modules():
        for weight in module.parameters(recurse=False):
            holders.setdefault(id(weight), []).append(name)
    shared = [names for names in holders.values() if len(names) > 1]
    return {name: names[names[0] == name] for names in shared for name in names}


def targets_of(model: Any, adapter: AdapterSpec, saved: list[str]) -> list[str]:
    """Return the names of the layers to adapt, each of which the model has."""
    linear = _linear_layers(model, saved)
    last_names = list(dict.fromkeys(name.rpartition(".")[2] for name in linear))
    chosen = adapter.target_modules or _default_targets(model, adapter.peft_method)
    if chosen == [ALL_LINEAR]:
        return sorted({name.removeprefix(_body(model)) for name in linear})
    names, tied = [name for name, _ in model.named_modules()], _tied(model)
    if len(chosen) == 1 and (matching := _matching(chosen[0], names)):
        chosen = matching
    for wanted in chosen:
        meant = [name for name in names if name == wanted or name.endswith(f".{wanted}")]
        if shared := next((name for name in meant if name in tied), ""):
            raise ModelError(
                "adapter.target_modules: {layer!r} of a {kind} model has the same weights as "
                "{other!r}, and an adapter would part them",
                "leave it out, or choose all-linear",
                layer=shorten(shared),
                kind=model.config.model_type,
                other=shorten(tied[shared]),
            ).at("adapter.target_modules", wanted, "shared_layer")
        if not meant:
            near = get_close_matches(wanted, last_names, n=1)
            raise ModelError(
                "adapter.target_modules: a {kind} model has no layer {layer!r}",
                "did you mean {near}?" if near else "choose from {choices}",
                kind=model.config.model_type,
                layer=shorten(wanted),
                near=next(iter(near), ""),
                choices=", ".join(last_names),
            ).at("adapter.target_modules", wanted, "no_such_layer")
    return list(chosen)


def _default_targets(model: Any, method: str) -> list[str]:
    """Return the layers that peft adapts in this kind of model, else all linear ones."""
    from peft.utils import constants

    known = (
        constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING
        if method == "ia3"
        else constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
    )
    config = model.config
    parts = [config, *(getattr(config, name, None) for name in ("encoder", "decoder"))]
    lists = [known.get(getattr(part, "model_type", "")) for part in parts]
    usual_targets = [name for one in lists if isinstance(one, list) for name in one]
    names = [f".{name}" for name, _ in model.named_modules()]
    # peft's list may be that of an older version.
    found = [
        one for one in dict.fromkeys(usual_targets) if any(n.endswith(f".{one}") for n in names)
    ]
    return found or [ALL_LINEAR]


def _matching(pattern: str, names: list[str]) -> list[str]:
    """Return the modules whose whole name a pattern matches, as peft takes a word for a list."""
    if re.fullmatch(r"[\w.]+", pattern):
        return []
    try:
        return [name for name in names if re.fullmatch(pattern, name)]
    except re.error:
        return []


def feed_forward_of(model: Any, targets: list[str]) -> list[str]:
    """Return those of the layers whose input is scaled, where of others it is the output.

    Where peft knows nothing of the model, these are the layers that narrow their input: the second
    matrix of each feed-forward block.
    """
    from peft.utils import constants

    known = constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING
    usual_targets = known.get(model.config.model_type, ())
    if named := [name for name in targets if name in usual_targets]:
        return named
    narrowing = {
        name
        for name, module in model.named_modules()
        if hasattr(module, "in_features") and module.in_features > module.out_features
    }
    return [
        target
        for target in targets
        if any(name == target or name.endswith(f".{target}") for name in narrowing)
    ]
