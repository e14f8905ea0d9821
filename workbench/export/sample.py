"""Inputs on which a model is compared before and after, and its outputs as plain tensors."""

from __future__ import annotations

import inspect
from typing import Any

from .reading import reads_at_end

# Rows and tokens: neither is what the graph was made with.
SHAPES = ((2, 12), (1, 5), (3, 19))
_OUTPUTS = ("logits", "start_logits", "end_logits")


def sample(model: Any, tokenizer: Any, shape: tuple[int, int] = SHAPES[0]) -> dict[str, Any]:
    """Return model inputs of arbitrary tokens, always the same; the last row is padded.

    What reads an answer at the token that ends a text has one, at the end of each row.

    Shapes:
        legend `B` rows, `T` tokens, `W` written tokens; decoder_input_ids (B, W), others (B, T).
    """
    import torch

    rows, tokens = shape
    accepted = inspect.signature(model.forward).parameters
    rng = torch.Generator().manual_seed(0)
    size = min(len(tokenizer), model.config.get_text_config().vocab_size)
    ids = torch.randint(0, size, (rows, tokens), generator=rng)
    mask = torch.ones_like(ids)
    if rows > 1:
        mask[-1, tokens // 2 :] = 0
    if reads_at_end(model):
        end = model.config.eos_token_id
        ids = torch.where(ids == end, (end + 1) % size, ids)
        ids[torch.arange(rows), mask.sum(1) - 1] = end
    padding = model.config.get_text_config().pad_token_id
    if padding is not None and padding != getattr(model.config, "eos_token_id", None):
        ids = ids.masked_fill(mask == 0, padding)
    batch = {"input_ids": ids, "attention_mask": mask}
    if "token_type_ids" in tokenizer.model_input_names and "token_type_ids" in accepted:
        batch["token_type_ids"] = torch.zeros_like(ids)
    if model.config.is_encoder_decoder and model.can_generate():
        batch["decoder_input_ids"] = ids.flip(1)[:, : tokens // 2 + 1]
    return batch


def output_names(model: Any, batch: dict[str, Any]) -> list[str]:
    """Return the names of the outputs that answer the task."""
    import torch

    with torch.inference_mode():
        given = model(**batch, return_dict=True)
    return [name for name in _OUTPUTS if name in given]


def answers(model: Any, batch: dict[str, Any]) -> list[Any]:
    """Return the outputs for a batch, without those for padding, in the order of their names."""
    import torch

    with torch.no_grad():
        given = model(**batch, return_dict=True)
    return [visible(given[name], batch) for name in _OUTPUTS if name in given]


def visible(output: Any, batch: dict[str, Any]) -> Any:
    """Return an output without what stands for padding, which no answer is read from."""
    mask = batch["attention_mask"].bool()
    if "decoder_input_ids" in batch or output.shape[:2] != mask.shape:
        return output
    return output[mask]


def change_by_padding(model: Any, tokenizer: Any) -> float:
    """Return how far the answers to a row are from those to the same row without its padding."""
    batch = sample(model, tokenizer)
    size = int(batch["attention_mask"][-1].sum())
    alone = {
        name: one[-1:] if name == "decoder_input_ids" else one[-1:, :size]
        for name, one in batch.items()
    }
    padded = {name: one[-1:] for name, one in batch.items()}
    both = zip(answers(model, padded), answers(model, alone), strict=True)
    return max(float((one - two).abs().max()) for one, two in both)
