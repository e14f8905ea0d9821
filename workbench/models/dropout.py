"""How much of its attention a model drops while it learns."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError
from ..sources import FoundModel
from ..sources.paths import show
from .folder import read_config
from .reading import quiet, readable


def attention_dropout(
    found: FoundModel, value: float | None, trust_remote_code: bool = False
) -> dict[str, float]:
    """Return the settings of a model's config that drop this share of its attention weights.

    Without a value there are none, and the model's own config holds. At 0 PyTorch computes
    attention block by block and stores no matrix of (B, H, T, T) for the backward pass.

    Raises:
        ModelError: models of this kind have no dropout of their attention alone.
    """
    if value is None:
        return {}
    from transformers import AutoConfig

    folder = found.path
    with readable(folder), quiet():
        config = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
    names = [name for name, held in config.to_dict().items() if _drops_attention(name, held)]
    if not names:
        raise ModelError(
            "model.attention_dropout is {value}, and a {kind} model ({folder}) has no dropout of "
            "its attention alone",
            "leave model.attention_dropout empty",
            value=value,
            kind=read_config(folder).get("model_type"),
            folder=show(folder),
        ).at("model.attention_dropout", value, "does_not_go_with")
    return dict.fromkeys(names, float(value))


def _drops_attention(name: str, held: Any) -> bool:
    is_rate = name.endswith(("pdrop", "dropout", "dropout_prob", "dropout_rate"))
    return is_rate and "att" in name and isinstance(held, int | float)
