"""How a graph calls a model: as the model itself does, in operations that a graph can hold."""

from __future__ import annotations

from typing import Any

# Their bodies are told what the decoder reads; those of the others find it by themselves.
_TOLD = ("t5", "mt5", "umt5")


def caller_of(model: Any) -> Any:
    """Return a function from model inputs, by name, to outputs, by name.

    A classifier with a decoder answers where the last end-of-text token of a row stands, and picks
    these places in a way that depends on the numbers; the same places are found here by a maximum.

    Shapes:
        legend `B` rows, `T` tokens, `H` hidden size; input_ids (B, T), logits (B, C).
    """
    import torch

    if not reads_at_end(model):
        return lambda batch: model(**batch, return_dict=True)

    def call(batch: dict[str, Any]) -> dict[str, Any]:
        ids = batch["input_ids"]
        inputs = batch
        if model.config.model_type in _TOLD:
            start = torch.full_like(ids[:, :1], model.config.decoder_start_token_id)
            inputs = batch | {"decoder_input_ids": torch.cat([start, ids[:, :-1]], 1)}
        hidden = model.base_model(**inputs, return_dict=True).last_hidden_state  # (B, T, H)
        places = torch.arange(1, ids.shape[1] + 1, device=ids.device)
        ends = (ids == model.config.eos_token_id) & (batch["attention_mask"] == 1)
        last = (ends * places).argmax(-1)  # (B,)
        at = last[:, None, None].expand(-1, 1, hidden.shape[-1])
        return {"logits": model.classification_head(hidden.gather(1, at)[:, 0])}

    return call


def reads_at_end(model: Any) -> bool:
    """Say whether a model is a classifier with a decoder, which answers at the end of each text."""
    writes = model.can_generate()
    return model.config.is_encoder_decoder and not writes and hasattr(model, "classification_head")
