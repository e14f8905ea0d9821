"""Model folders whose config.json somebody has mangled, one field at a time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.attention.zoo import make, tokenizer

KINDS = {
    "bert": "AutoModelForSequenceClassification",
    "roberta": "AutoModelForTokenClassification",
    "distilbert": "AutoModelForQuestionAnswering",
    "deberta-v2": "AutoModelForSequenceClassification",
    "modernbert": "AutoModelForMaskedLM",
    "gpt2": "AutoModelForCausalLM",
    "llama": "AutoModelForCausalLM",
    "gemma2": "AutoModelForCausalLM",
    "t5": "AutoModelForSeq2SeqLM",
    "bart": "AutoModelForSeq2SeqLM",
    "bert2bert": "AutoModelForSeq2SeqLM",
}
NONSENSE = (
    0, -1, 3, 1_000_000, 10**9, 10**12, 10**40, 0.5, -0.5, "x", "", None, True, [], [1], {},
    {"a": 1}, float("nan"), float("inf"),
)  # fmt: skip


def make_folders(home: Path) -> dict[str, Path]:
    """Write a tiny model of each kind."""
    for kind in KINDS:
        model = composed() if kind == "bert2bert" else make(kind)
        model.save_pretrained(home / kind)
        tokenizer().save_pretrained(home / kind)
    return {kind: home / kind for kind in KINDS}


def composed() -> Any:
    """Return an encoder with a decoder like itself, each with a config of its own."""
    from transformers import EncoderDecoderConfig, EncoderDecoderModel

    reader, writer = make("bert").config, make("bert").config
    both = EncoderDecoderConfig.from_encoder_decoder_configs(reader, writer)
    both.decoder_start_token_id, both.pad_token_id, both.eos_token_id = 2, 0, 3
    return EncoderDecoderModel(config=both).eval()


def mutations(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Any]]:
    """Mangle the config of a folder so many times; yield what field became what; then mend it."""
    path = folder / "config.json"
    whole = path.read_text("utf-8")
    plain = json.loads(whole)
    places = [(name,) for name in plain]
    places += [(a, b) for a, held in plain.items() if isinstance(held, dict) for b in held]
    dice = random.Random(seed)
    every = [(place, value) for place in places for value in NONSENSE]
    try:
        for place, value in dice.sample(every, min(count, len(every))):
            changed = json.loads(whole)
            inner = changed[place[0]] if len(place) > 1 else changed
            inner[place[-1]] = value
            path.write_text(json.dumps(changed), "utf-8")
            yield ".".join(place), value
    finally:
        path.write_text(whole, "utf-8")
