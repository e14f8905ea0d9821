"""A tokenizer held against its model: token numbers, positions, and the types of tokens.

What a model can take is read off its tables, built without numbers, and not off a list of names.
Positions that are relative, or computed, have no table and no end; then the length in the config
counts, if the model was trained for one.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import ModelError, shorten
from ..sources.paths import show
from .folder import declared_tokens

NO_LIMIT = 10**9
_ENDLESS = int(1e30)  # what a tokenizer without a length says
_POSITIONS = re.compile(r"(embed_positions|positions_embed|position_embed\w*|wpe|pos_emb\w*)")
_OTHER = re.compile(r"relative|rel_|distance|row|col|patch|vision|image|audio|entity|[xyhw]_pos")
_RELATIVE = re.compile(r"relative_attention_bias|rel_embeddings|r_r_bias|r_w_bias")
# Reformer fills every text up to a multiple of them.
_CHUNKS = ("lsh_attn_chunk_length", "local_attn_chunk_length")
_TYPES = re.compile(r"token_type_embed\w*|segment_embed\w*|type_embed\w*")


@dataclass(frozen=True)
class Limits:
    """What a model can take.

    `entries` are the rows of its table of tokens, None where it has none. `read` and `written` are
    the tokens that it reads, and that a decoder beside an encoder writes; `NO_LIMIT` without one.
    `types` are the types of tokens that it tells apart: 1 is none, None any.
    """

    entries: int | None = None
    read: int = NO_LIMIT
    written: int = NO_LIMIT
    types: int | None = None


def limits_of(config: Any) -> Limits:
    """Return what a model of a config can take; without tables to look at, what the config says."""
    kind: Any = type(config)
    return _limits(kind, config.to_json_string(use_diff=False))


@lru_cache(maxsize=32)
def _limits(kind: Any, text: str) -> Limits:
    import torch
    from transformers import AutoModel, AutoModelForSeq2SeqLM

    from .reading import quiet

    plain = json.loads(text) | {"architectures": []}
    auto = AutoModelForSeq2SeqLM if plain["model_type"] == "encoder-decoder" else AutoModel
    try:
        with quiet(), torch.device("meta"):
            model = auto.from_config(kind.from_dict(plain))
    except Exception:  # a type without a bare body, or with code of its own
        declared = _declared(plain)
        return Limits(read=declared, written=declared)
    return limits_in(model)


def limits_in(model: Any) -> Limits:
    """Return what a model can take, with or without its numbers."""
    declared = _declared(model.config.to_dict())
    if not model.config.is_encoder_decoder:
        read = _positions(model, declared)
        return Limits(_entries(model), read, read, _types(model))
    halves = (model.get_encoder(), model.get_decoder())
    # FSMT's halves have no config of their own.
    configs = [getattr(half, "config", model.config) for half in halves]
    own = [min(_declared(config.to_dict()), declared) for config in configs]
    read, written = (_positions(half, most) for half, most in zip(halves, own, strict=True))
    return Limits(_entries(model), read, written, _types(halves[0]))


def _declared(config: dict[str, Any]) -> int:
    declared = declared_tokens(config) or NO_LIMIT
    if chunks := [size for name in _CHUNKS if type(size := config.get(name)) is int and size > 0]:
        declared -= declared % math.lcm(*chunks)
    return declared


def _positions(model: Any, declared: int) -> int:
    """Return how many tokens the tables of positions have room for."""
    found, relative = [], False
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        relative = relative or bool(_RELATIVE.fullmatch(last))
        table: Any = getattr(module, "weight", None)
        if not _POSITIONS.fullmatch(last) or _OTHER.search(name) or getattr(table, "ndim", 0) != 2:
            continue
        padding, offset = getattr(module, "padding_idx", None), getattr(module, "offset", 0)
        # RoBERTa's positions begin after the number of the padding token, BART's at 2.
        before = padding + 1 if padding is not None else offset if type(offset) is int else 0
        if hasattr(getattr(model, "config", None), "ngram"):  # ProphetNet asks for the place after
            before += 1
        found.append(len(table) - before)
    relative = relative or any(
        _RELATIVE.fullmatch(name.rpartition(".")[2]) for name, _ in model.named_parameters()
    )
    if not found and relative:
        return NO_LIMIT
    return max(1, min([*found, declared]))


def _entries(model: Any) -> int | None:
    parts = [model]
    if model.config.model_type == "encoder-decoder":  # one tokenizer, two tables
        parts.append(model.get_decoder())
    try:
        tables = [part.get_input_embeddings() for part in parts]
    except NotImplementedError:  # CANINE computes them
        return None
    weights = [one.weight for one in tables if "Embedding" in type(one).__name__]
    return min((len(one) for one in weights if one.ndim == 2), default=None)


def _types(model: Any) -> int | None:
    for name, module in model.named_modules():
        if _TYPES.fullmatch(name.rpartition(".")[2]) and hasattr(module, "num_embeddings"):
            return module.num_embeddings
    # XLNet's and Funnel's say only whether two tokens are of one type.
    if any(name.endswith("seg_embed") for name, _ in model.named_parameters()):
        return None
    return 1


def limits_for(tokenizer: Any) -> Limits:
    """Return what the model of a tokenizer can take; no limits for one that was not loaded here."""
    return getattr(tokenizer, "limits", None) or Limits()


def fit_tokenizer(tokenizer: Any, limits: Limits, folder: Any, declared: int | None) -> None:
    """Let a tokenizer give no more than a model can take.

    `declared` is the length that the config names. Where positions are relative, that is no limit,
    nor is it one when the tokenizer repeats it. The attributes `limits` and `types_left_out` say
    what the model can take, and how many types of tokens the tokenizer knew beyond them.

    Raises:
        ModelError: the tokenizer has tokens that the model does not have.
    """
    require_known_tokens(tokenizer, limits, folder)
    if limits.read < NO_LIMIT:
        tokenizer.model_max_length = min(limits.read, tokenizer.model_max_length)
    elif tokenizer.model_max_length == declared:
        tokenizer.model_max_length = _ENDLESS
    tokenizer.limits, tokenizer.types_left_out = limits, 0
    names = list(tokenizer.model_input_names)
    if "token_type_ids" in names and limits.types is not None:
        given = max(tokenizer("a", "b", add_special_tokens=True).get("token_type_ids") or [0])
        if limits.types < 2 or given >= limits.types:
            names.remove("token_type_ids")
            tokenizer.model_input_names = tokenizer.init_kwargs["model_input_names"] = names
            tokenizer.types_left_out = (given + 1) * (given >= limits.types)


def require_known_numbers(tokenizer: Any, numbers: Any, place: str) -> None:
    """Refuse texts that came out as tokens that the model has no embeddings for.

    Raises:
        ModelError: naming the token.
    """
    entries, largest = limits_for(tokenizer).entries, max(numbers, default=0)
    if entries is not None and largest >= entries:
        raise ModelError(
            "a text of {place} has the token {token!r}, number {number}, and the model has "
            "embeddings for {entries} tokens, from 0",
            "take the token out of the texts, or use a model that has it",
            place=place,
            token=shorten(tokenizer.convert_ids_to_tokens(int(largest)), 40),
            number=int(largest),
            entries=entries,
        )


def require_known_tokens(tokenizer: Any, limits: Limits, folder: Any) -> None:
    """Refuse a tokenizer whose tokens the model has no embeddings for.

    Special tokens that no text gives, as the pictures of Gemma 3, may be beyond them.

    Raises:
        ModelError: naming the first such token.
    """
    if limits.entries is None:
        return
    used = set(tokenizer.special_tokens_map.values()) if tokenizer.special_tokens_map else set()
    idle = {
        number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.special and str(token) not in used
    }
    unknown = sorted(
        (number, token)
        for token, number in tokenizer.get_vocab().items()
        if number >= limits.entries and number not in idle
    )
    if unknown:
        number, token = unknown[0]
        raise ModelError(
            "the tokenizer in {folder} gives {token!r} the number {number}, and the model has "
            "embeddings for {entries} tokens, from 0 ({count} tokens are beyond them)",
            "copy the tokenizer and the model again, both from one place",
            folder=show(folder),
            token=shorten(token, 40),
            number=number,
            entries=limits.entries,
            count=len(unknown),
        )
