"""What a model answered, in words and as probabilities, for the caption beside its attention."""

from __future__ import annotations

from typing import Any

from ..tasks._number_scale import scale_given
from ..tasks._pieces import readable_tokens, token_text
from .texts import Reading

MOST_CLASSES = 12


def answer(
    output: Any, model: Any, tokenizer: Any, reading: Reading
) -> tuple[str, list[tuple[str, float]]]:
    """Return the prediction in words, and each class with its probability for a classifier."""
    config = model.config
    logits = getattr(output, "logits", None)
    if getattr(output, "start_logits", None) is not None:
        return _span(output, tokenizer, reading), []
    if logits is None:
        return "", []
    names = dict(getattr(config, "id2label", None) or {})
    if logits.ndim == 2:
        if logits.shape[1] == 1 or getattr(config, "problem_type", None) == "regression":
            return _numbers(logits[0].tolist(), config, names), []
        chances = _chances(logits[0], getattr(config, "problem_type", None))
        ranked = sorted(
            ((str(names.get(place, place)), p) for place, p in enumerate(chances)),
            key=lambda pair: -pair[1],
        )
        name, best = ranked[0]
        return f"{name} ({best:.0%})", [(n, round(p, 4)) for n, p in ranked[:MOST_CLASSES]]
    if logits.ndim != 3 or logits.shape[-1] < len(tokenizer) / 2:
        return "", []
    return _words(logits, model, tokenizer, reading), []


def _numbers(values: list[float], config: Any, names: dict[int, str]) -> str:
    """Return numbers with their names, in the units of the data that the model learned from."""
    means, stds = scale_given(config, len(values))
    numbers = [one * std + mean for one, mean, std in zip(values, means, stds, strict=True)]
    parts = [f"{names.get(place, '')}: {one:.4g}" for place, one in enumerate(numbers)]
    return ", ".join(one.removeprefix(": ") for one in parts)


def _words(logits: Any, model: Any, tokenizer: Any, reading: Reading) -> str:
    target = reading.sequences.get("target")
    if target is not None:
        if target.prompt is None:
            return ""
        return tokenizer.decode(reading.target_ids, skip_special_tokens=True)
    source = reading.sequences["source"]
    if source.prompt is not None:
        return tokenizer.decode(reading.ids[source.prompt :], skip_special_tokens=True)
    masked = [at for at, one in enumerate(reading.ids) if one == tokenizer.mask_token_id]
    if masked:
        return " ".join(_likeliest(logits[0, at], tokenizer) for at in masked)
    if model.can_generate():
        return f"… {_likeliest(logits[0, -1], tokenizer)}"
    return ""


def _likeliest(logits: Any, tokenizer: Any) -> str:
    chances = logits.float().softmax(-1)
    best = int(chances.argmax())
    said = token_text(tokenizer, best).strip() or readable_tokens(tokenizer, [best])[0]
    return f"{said} ({chances[best]:.0%})"


def _span(output: Any, tokenizer: Any, reading: Reading) -> str:
    start, end = int(output.start_logits[0].argmax()), int(output.end_logits[0].argmax())
    return tokenizer.decode(reading.ids[start : end + 1], skip_special_tokens=True)


def _chances(logits: Any, problem: str | None) -> list[float]:
    several = problem == "multi_label_classification"
    return (logits.float().sigmoid() if several else logits.float().softmax(-1)).tolist()
