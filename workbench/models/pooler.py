"""The pooler of a pretrained model, kept for later by tasks that have no use for it."""

from __future__ import annotations

from typing import Any

from ..sources import FoundModel
from .folder import weight_files

# The one part of a body that some heads do without: of the first token it makes a whole text.
_POOLER = "pooler."


def unused_pooler(found: FoundModel, model: Any) -> dict[str, Any]:
    """Return the pooler of a pretrained model, by the names it has in `model`, which lacks one.

    Who guesses words or tags does without, but whoever classifies texts later begins with it.
    """
    from safetensors import safe_open

    if not found.pretrained:
        return {}
    body, held = f"{model.base_model_prefix}.", model.state_dict().keys()
    unused: dict[str, Any] = {}
    for path in weight_files(found.path):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  (not a mapping)
                whole = body + name.removeprefix(body)
                if is_pooler(whole, model) and whole not in held:
                    unused[whole] = file.get_tensor(name)
    return unused


def is_pooler(name: str, model: Any) -> bool:
    """Say whether a weight of this name is one of a pooler of the model's body."""
    return name.startswith(f"{model.base_model_prefix}.{_POOLER}")
