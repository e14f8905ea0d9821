"""An encoder that learns to write: its layers twice, once to read and once, looking back, to write.

Source:
    Rothe et al. 2020, "Leveraging Pre-trained Checkpoints for Sequence Generation Tasks"
    (BERT2BERT): all weights that both have come from the encoder; what the writer has beyond it,
    attention to the source and the head, is drawn anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def make_writer(
    folder: Path, config: Any, tokenizer: Any, pretrained: bool, **how: Any
) -> tuple[Any, list[tuple[str, Any, dict[str, Any]]]]:
    """Return an encoder with a decoder, both from the weights of the encoder in `folder`.

    Beside it, for each of the two halves: its name, itself, and what transformers reports of its
    loading (nothing without weights). `how` goes to `from_pretrained`.
    """
    from transformers import (
        AutoModel,
        AutoModelForCausalLM,
        EncoderDecoderConfig,
        EncoderDecoderModel,
    )

    reader = type(config).from_dict(config.to_dict())
    writer = type(config).from_dict(config.to_dict() | {"is_decoder": True})
    writer.add_cross_attention = True
    halves, reports = {}, []
    for name, auto, own in (
        ("encoder", AutoModel, reader),
        ("decoder", AutoModelForCausalLM, writer),
    ):
        load: Any = auto.from_pretrained  # the annotation knows no `output_loading_info`
        if pretrained:
            halves[name], report = load(folder, config=own, output_loading_info=True, **how)
            reports.append((name, halves[name], report))
        else:
            halves[name] = auto.from_config(own)
    both = EncoderDecoderConfig.from_encoder_decoder_configs(reader, writer)
    model = EncoderDecoderModel(config=both, **halves)
    _name_special_tokens(model, tokenizer)
    return model, reports


def _name_special_tokens(model: Any, tokenizer: Any) -> None:
    """Say with which tokens a text begins and ends, and what fills the rest."""

    def first(*numbers: int | None) -> int | None:
        return next((number for number in numbers if number is not None), None)

    special = {
        "decoder_start_token_id": first(tokenizer.cls_token_id, tokenizer.bos_token_id),
        "eos_token_id": first(tokenizer.eos_token_id, tokenizer.sep_token_id),
        "pad_token_id": tokenizer.pad_token_id,
    }
    for name, number in special.items():
        setattr(model.config, name, number)
        setattr(model.generation_config, name, number)
