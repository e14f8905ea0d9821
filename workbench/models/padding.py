"""Model and tokenizer agree on the token that fills a batch.

Some classifiers read their answer at the last token that is not `config.pad_token_id`, so a batch
that is filled with another token is answered wrongly. The model's own choice stands where it is a
token that the tokenizer keeps for such ends: what the model says of a text alone stays as it was.
Otherwise the model takes over the tokenizer's.
"""

from __future__ import annotations

from typing import Any

# It reads the answer at the last place of a row, and counts places from one token to the other.
_FILLED_LEFT = frozenset({"xlnet"})


def follow_model(tokenizer: Any, config: Any) -> dict[str, str] | None:
    """Let a tokenizer fill batches with the token of the model's config, or with one of its own.

    Without a token for it, it takes the one that ends texts, else the one for what it does not
    know; without these it stays without. Returns, if tokenizer and config named different tokens,
    what each named and the token that is taken.
    """
    own, number = tokenizer.pad_token, getattr(config.get_text_config(), "pad_token_id", None)
    if number in _fit_to_pad(tokenizer):
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(number)
    elif own is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if own is None or number is None or tokenizer.convert_tokens_to_ids(own) == number:
        return None
    known = isinstance(number, int) and 0 <= number < len(tokenizer)
    other = tokenizer.convert_ids_to_tokens(number) if known else str(number)
    return {"own": own, "other": other, "token": tokenizer.pad_token}


def filled_side(model_type: str, auto_class: str) -> str:
    """Return on which side who uses a saved model shall fill batches; here it is the right.

    On the right the places of the tokens are those of the text alone. Only who writes on from
    prompts needs their ends side by side.
    """
    left = model_type in _FILLED_LEFT or auto_class == "AutoModelForCausalLM"
    return "left" if left else "right"


def follow_tokenizer(model: Any, tokenizer: Any) -> None:
    """Let a model know the token that fills its batches, unless it counts places from its own."""
    padding, config = tokenizer.pad_token_id, model.config
    text = config.get_text_config()
    named = getattr(text, "pad_token_id", None) is not None
    if padding is None or (named and _counts_from_padding(model)):
        return
    config.pad_token_id = text.pad_token_id = padding
    if getattr(model, "generation_config", None) is not None:
        model.generation_config.pad_token_id = padding


def _fit_to_pad(tokenizer: Any) -> set[int]:
    """Return the special tokens but those that stand at certain places in texts."""
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    special |= set(tokenizer.all_special_ids)
    taken = {
        tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id,
        tokenizer.mask_token_id,
    }  # fmt: skip
    return special - (taken - {tokenizer.eos_token_id, tokenizer.pad_token_id})


def _counts_from_padding(model: Any) -> bool:
    """Say whether places are counted from the number of the padding token on, as RoBERTa does."""
    return any(
        "position" in name and getattr(module, "padding_idx", None) is not None
        for name, module in model.named_modules()
    )
