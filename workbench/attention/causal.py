"""A causal check: does the answer depend on the tokens that the attention looks at?

- occlusion: one token at a time is replaced by the mask token (or unknown, or padding token of
  models that have no mask); its importance is what the score of the model's own answer loses.
- input × gradient: the part of that score which each token's embedding accounts for, to first
  order.

The rank correlation with the attention shown says how far the two agree; weights are often high
where nothing depends on them (Jain & Wallace 2019, 1902.10186).

Source: Li et al. 2016 (1612.08220) for occlusion; Shrikumar et al. 2016 (1605.01713).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ModelError
from ..tasks._encode import TextEncoder
from .interface import evaluating
from .record import AttentionRecord
from .texts import Reading, read_text, write_on

METHODS = ("occlusion", "input_x_gradient")
BATCH = 16

Score = Callable[[Any], Any]


def check(
    model: Any,
    tokenizer: Any,
    record: AttentionRecord,
    weights: np.ndarray | None = None,
    compared_with: str = "",
    method: str = "occlusion",
    encoder: TextEncoder | None = None,
) -> AttentionRecord:
    """Return the record with the importance of each source token for the model's answer.

    `weights` is the attention shown, one number a source token; left out, it is what all queries
    of the last layer give each token, the mean of its heads. The correlation is Spearman's, of
    weights with the size of the importance, over the tokens that the tokenizer did not add. The
    `encoder` is the one with which the record was made.

    Shapes:
        weights: (T,)
    """
    reading = _same_reading(model, tokenizer, record, encoder)
    importance = importance_of(model, tokenizer, reading, method)
    if weights is None:
        weights, compared_with = _last_layer(record)
    source = record.sequences["source"]
    places = [at for at, one in enumerate(source.special[: source.prompt]) if not one]
    spearman = None
    if weights is not None and len(places) > 2:
        spearman = rank_correlation(np.asarray(weights)[places], np.abs(importance)[places])
    return replace(
        record,
        occlusion={
            "method": method,
            "importance": [round(float(one), 5) for one in importance],
            "spearman": spearman,
            "compared_with": compared_with,
        },
    )


def importance_of(
    model: Any, tokenizer: Any, reading: Reading, method: str = "occlusion"
) -> np.ndarray:
    """Return how much of its answer's score the model owes to each source token.

    Tokens that the tokenizer added, or that the model wrote itself, count 0.

    Shapes:
        (T,) float
    Raises:
        ModelError: the model takes no embeddings (input × gradient).
    """
    if method not in METHODS:
        raise ValueError(f"{method!r} is none of {METHODS}")
    source = reading.sequences["source"]
    places = [at for at, one in enumerate(source.special[: source.prompt]) if not one]
    with evaluating(model):
        values = (_occlude if method == "occlusion" else _gradient)(
            model, tokenizer, reading, places
        )
    importance = np.zeros(len(source))
    importance[places] = values
    return importance


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return Spearman's rank correlation, ties sharing their rank; None if one does not vary."""
    import pandas as pd

    first, second = pd.Series(one).rank(), pd.Series(other).rank()
    if first.nunique() < 2 or second.nunique() < 2:
        return None
    return round(float(np.corrcoef(first, second)[0, 1]), 4)


def _occlude(model: Any, tokenizer: Any, reading: Reading, places: list[int]) -> list[float]:
    import torch

    token = next(
        (
            one
            for one in (tokenizer.mask_token_id, tokenizer.unk_token_id, tokenizer.pad_token_id)
            if one is not None
        ),
        0,
    )
    with torch.no_grad():
        score, whole = _score(model, reading)
        losses = []
        for start in range(0, len(places), BATCH):
            some = places[start : start + BATCH]
            inputs = {
                name: one.expand(len(some), *one.shape[1:]).clone()
                for name, one in reading.inputs.items()
            }
            inputs["input_ids"][range(len(some)), some] = token
            losses += (whole - score(_run(model, inputs))).tolist()
    return losses


def _gradient(model: Any, tokenizer: Any, reading: Reading, places: list[int]) -> list[float]:
    import torch

    with torch.no_grad():
        score, _ = _score(model, reading)
    inputs = dict(reading.inputs)
    kind = model.config.model_type
    with torch.enable_grad():
        try:
            embeddings = model.get_input_embeddings()(inputs.pop("input_ids")).detach()
            embeddings.requires_grad_(True)
            value = score(_run(model, inputs | {"inputs_embeds": embeddings.clone()})).sum()
            (gradient,) = torch.autograd.grad(value, embeddings)
        except Exception as error:  # each kind of model says so in its own way
            refusal = ModelError("a {kind} model takes no embeddings", "use occlusion", kind=kind)
            raise refusal from error
    return (gradient * embeddings).sum(-1)[0, places].tolist()


def _score(model: Any, reading: Reading) -> tuple[Score, Any]:
    """Return the function from an output to the score of the model's own answer, and that score.

    It is a log-probability where the model has probabilities: of the class, the span, the masked
    words, the words written, the next word. A bare encoder has only its meaning: the cosine of
    the mean hidden state with that of the whole text.
    """
    output = _run(model, reading.inputs)
    made = _score_function(model, output, reading)
    return made, made(output)


def _score_function(model: Any, output: Any, reading: Reading) -> Score:
    if getattr(output, "start_logits", None) is not None:
        start, end = int(output.start_logits[0].argmax()), int(output.end_logits[0].argmax())
        return lambda o: (
            o.start_logits.float().log_softmax(-1)[:, start]
            + o.end_logits.float().log_softmax(-1)[:, end]
        )
    logits = getattr(output, "logits", None)
    if logits is None:
        return _cosine_with(output)
    if logits.ndim == 2:
        if logits.shape[1] == 1 or model.config.problem_type == "regression":
            most = int(logits[0].abs().argmax())  # the number furthest from its mean
            return lambda o: o.logits[:, most].float()
        best = int(logits[0].argmax())
        return lambda o: o.logits.float().log_softmax(-1)[:, best]
    rows, words = _answered(model, logits, reading)
    return lambda o: (
        o.logits.float().log_softmax(-1)[:, rows].gather(-1, words.expand(len(o.logits), -1, 1))
    ).sum((1, 2))


def _answered(model: Any, logits: Any, reading: Reading) -> tuple[list[int], Any]:
    """Return the places at which the model answers, and its answers there: (1, n, 1)."""
    import torch

    source, target = reading.sequences["source"], reading.sequences.get("target")
    if target is not None:
        rows, ids = list(range(len(target) - 1)), reading.target_ids[1:]
    elif source.prompt is not None:
        rows, ids = list(range(source.prompt - 1, len(source) - 1)), reading.ids[source.prompt :]
    elif model.can_generate():
        rows, ids = [len(source) - 1], []
    else:
        mask = getattr(model.config, "mask_token_id", None)
        masked = [at for at, one in enumerate(reading.ids) if one == mask]
        inside = [at for at, one in enumerate(source.special) if not one]
        rows, ids = masked or inside or [0], []
    if not rows:  # the decoder has read its start token alone
        rows, ids = [0], []
    ids = ids or logits[0, rows].argmax(-1).tolist()
    return rows, torch.tensor(ids, device=logits.device)[None, :, None]


def _cosine_with(output: Any) -> Score:
    import torch

    whole = output.last_hidden_state.float().mean(1).detach()
    return lambda o: torch.nn.functional.cosine_similarity(
        o.last_hidden_state.float().mean(1), whole, dim=-1
    )


def _run(model: Any, inputs: dict[str, Any]) -> Any:
    return model(**inputs, return_dict=True)


def _same_reading(
    model: Any, tokenizer: Any, record: AttentionRecord, encoder: TextEncoder | None
) -> Reading:
    """Read the record's text again, and what the model wrote, as the record has it."""
    source, target = record.sequences["source"], record.sequences.get("target")
    given = len(source) if source.prompt is None else source.prompt
    limit = max(given, len(target or []))
    reading = read_text(model, tokenizer, record.text, record.text_pair, limit, encoder)
    if target is not None and target.prompt is not None:
        return write_on(model, tokenizer, reading, len(target) - 1)
    if source.prompt is not None:
        return write_on(model, tokenizer, reading, len(source) - given)
    return reading


def _last_layer(record: AttentionRecord) -> tuple[np.ndarray | None, str]:
    number = len(record.blocks) - 1
    block = record.blocks[number]
    for layer in reversed(range(len(block.layers))):
        shown = block.map(layer)
        if shown is not None:
            return shown.mean(0), f"layer {block.layers[layer].number}, mean of heads and queries"
    return None, ""
