"""Logit lens: which word a decoder would write if it stopped after each layer.

Source: nostalgebraist 2020; the final norm and the unembedding are put on every hidden state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tasks._pieces import token_text

# Each word costs a product with the whole vocabulary, and room on the page. Of a long text fewer
# layers are read, spread evenly.
MOST_WORDS = 2_500

# The last norm of a decoder, by the names that its families give it.
_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f", "final_norm", "ln_out")


def logit_lens(model: Any, tokenizer: Any, output: Any) -> tuple[dict[str, Any] | None, str]:
    """Return the likeliest next word after layers at each token, and a note if there is none.

    These are all layers where that makes at most `MOST_WORDS`; else as many, the embeddings and the
    last layer among them. `output` is the model's on one text, with hidden states and logits.

    Shapes:
        layers: (N,), 0 for the embeddings. words, probabilities: (N, T).
    """
    import torch

    states, logits = getattr(output, "hidden_states", None), getattr(output, "logits", None)
    head, norm = model.get_output_embeddings(), _last_norm(model)
    if not states or logits is None or head is None or model.config.is_encoder_decoder:
        return None, "no logit lens: it reads the words of a decoder"
    if any(state.ndim != 3 for state in states):
        return None, "no logit lens: the model keeps several states of each token"
    if norm is None:
        return None, "no logit lens: the model's last norm is not where it is looked for"
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    shift = _shift(head, states[-1], logits)
    if shift is None:
        return None, "no logit lens: the model does more than norm and unembed at its end"
    words, chances = [], []
    count = min(len(states), max(2, MOST_WORDS // states[-1].shape[1]))
    layers = np.linspace(0, len(states) - 1, count).round().astype(int).tolist()
    with torch.no_grad():
        for number in layers:
            if number == len(states) - 1:
                raw = logits[0]
            else:
                raw = head(norm(states[number][0])) * shift
                raw = cap * torch.tanh(raw / cap) if cap else raw
            best = raw.float().softmax(-1).max(-1)
            words.append([token_text(tokenizer, one) for one in best.indices.tolist()])
            chances.append([round(p, 4) for p in best.values.tolist()])
    return {"layers": layers, "words": words, "probabilities": chances}, ""


def _last_norm(model: Any) -> Any:
    body = model.base_model
    body = getattr(body, "decoder", body)
    for name in _NORMS:
        found = getattr(body, name, None)
        if found is not None and callable(found):
            return found
    return None


def _shift(head: Any, state: Any, logits: Any) -> float | None:
    """Return what the model multiplies its logits by (Granite, Cohere); None if that is not all."""
    import torch

    with torch.no_grad():
        raw = head(state[0]).float()
    wanted = logits[0].float()
    for factor in (1.0, float((raw * wanted).sum() / (raw * raw).sum().clamp_min(1e-12))):
        # The order of words must be the model's own, whatever bends the scale at the end.
        if torch.equal((raw * factor).argmax(-1), wanted.argmax(-1)):
            return factor if factor > 0 else None
    return None
