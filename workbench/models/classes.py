"""Which class transformers makes of a config, for each of its Auto classes that we use."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..sources.paths import show

_CONTINUES = "AutoModelForCausalLM"
# What the public table of an Auto class is called, where not as the class.
_TABLES = {"Seq2SeqLM": "SEQ_TO_SEQ_CAUSAL_LM", "CausalLM": "CAUSAL_LM", "MaskedLM": "MASKED_LM"}


def classes_of(auto_class: str) -> Mapping[Any, Any]:
    """Return the class of model for each class of config that an Auto class knows."""
    import transformers

    head = auto_class.removeprefix("AutoModel").removeprefix("For")
    words = _TABLES.get(head) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", head).upper()
    return getattr(transformers, f"MODEL_FOR_{words}_MAPPING" if head else "MODEL_MAPPING")


def default_class(config: Any) -> Any:
    """Return the Auto class for a model whose head is not known: one that writes, or a bare one."""
    import transformers

    kind = type(config)
    if config.is_encoder_decoder:
        return transformers.AutoModelForSeq2SeqLM
    if kind in classes_of(_CONTINUES) and kind not in classes_of("AutoModelForMaskedLM"):
        return transformers.AutoModelForCausalLM
    return transformers.AutoModel


def kind_of(config: Any) -> str:
    """Return what a model of this config can do: `encoder`, `decoder` or `encoder-decoder`.

    A decoder goes on with what it read. What could be given a decoder like itself is an encoder,
    and stays one once it has been.
    """
    if config.model_type == "encoder-decoder":
        return "encoder"
    if config.is_encoder_decoder:
        return "encoder-decoder"
    goes_on = type(config) in classes_of(_CONTINUES) and not can_become_writer(config)
    return "decoder" if goes_on else "encoder"


def can_become_writer(config: Any) -> bool:
    """Say whether a model of this config reads only, and could be given a decoder like itself."""
    kind = type(config)
    causal, masked = classes_of(_CONTINUES), classes_of("AutoModelForMaskedLM")
    if config.is_encoder_decoder or kind not in causal or kind not in masked:
        return False
    return "encoder_hidden_states" in inspect.signature(causal[kind].forward).parameters


def require_any_length(folder: Path, config: Any, auto_class: str) -> None:
    """Refuse a model that learns only from texts of one length.

    Reformer's axial positions are a product of two tables; Perceiver guesses words for all of its
    positions at once, those of the text or not.

    Raises:
        ModelError: saying which length.
    """
    length = 0
    if config.model_type == "reformer" and config.axial_pos_embds:
        length = prod(config.axial_pos_shape)
    elif config.model_type == "perceiver" and auto_class == "AutoModelForMaskedLM":
        length = config.max_position_embeddings
    if length:
        raise ModelError(
            "the {kind} model in {folder} learns only from texts of exactly {count:,} tokens",
            "choose another model",
            kind=config.model_type,
            folder=show(folder),
            count=length,
        )
