"""Capture the attention of every head on a text, leaving the model as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import ModelError
from .record import AttentionRecord, quantise


def capture(
    model: Any,
    tokenizer: Any,
    text: str,
    text_pair: str | None = None,
    max_tokens: int = 64,
    label: str = "",
    step: int = 0,
) -> AttentionRecord:
    """Run `model` on one text and return the attention weights of all its self-attention heads.

    The model is asked in evaluation mode, because in training mode the weights come back after
    dropout and their rows no longer sum to 1. Its attention implementation and mode are restored.

    Raises:
        ModelError: the model gives no square attention maps (Mamba, Longformer).
    """
    import torch

    encoded = tokenizer(
        text, text_pair, truncation=True, max_length=max_tokens, return_tensors="pt"
    )
    inputs = {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}
    inputs = {name: tensor.to(model.device) for name, tensor in inputs.items()}
    with _eager_evaluation(model), torch.inference_mode():
        output = model(**inputs, output_attentions=True)
    maps = _square_maps(output, model, inputs["input_ids"].shape[1])
    ids = encoded["input_ids"][0].tolist()
    special = set(tokenizer.all_special_ids)
    return AttentionRecord(
        text=text if text_pair is None else f"{text} ⏎ {text_pair}",
        tokens=tokenizer.convert_ids_to_tokens(ids),
        special=[token in special for token in ids],
        words=list(encoded.word_ids(0)) if tokenizer.is_fast else [None] * len(ids),
        weights=np.stack([quantise(layer) for layer in maps]),
        model=label,
        step=step,
        prediction=_prediction(output, model),
    )


def _square_maps(output: Any, model: Any, tokens: int) -> list[np.ndarray]:
    # With another attention than eager, transformers returns an empty tuple and no error.
    layers = getattr(output, "attentions", None) or getattr(output, "encoder_attentions", None)
    kind = model.config.model_type
    if not layers:
        raise ModelError(
            f"a {kind} model returns no attention maps", "choose a model with softmax attention"
        )
    maps = [layer[0].float().cpu().numpy() for layer in layers if layer is not None]
    if any(one.shape[-2:] != (tokens, tokens) for one in maps):
        raise ModelError(
            f"the attention of a {kind} model is not a square of tokens by tokens",
            "choose a model with full attention",
        )
    return maps


def _prediction(output: Any, model: Any) -> str:
    logits = getattr(output, "logits", None)
    names = getattr(model.config, "id2label", None)
    if logits is None or logits.ndim != 2 or not names:
        return ""
    probabilities = logits[0].float().softmax(-1)
    best = int(probabilities.argmax())
    return f"{names[best]} ({probabilities[best]:.0%})"


@contextmanager
def _eager_evaluation(model: Any) -> Iterator[None]:
    """Switch to eager attention and evaluation mode, and back."""
    implementation = model.config._attn_implementation
    was_training = model.training
    model.eval()
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(implementation or "eager")
        model.train(was_training)
