"""A text as the model reads it: its tokens, and what is known of each of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..models.fit import limits_in
from ..tasks._encode import TextEncoder
from ..tasks._pieces import readable_tokens
from ..tasks._seq2seq import can_cache
from .record import TokenSequence


@dataclass
class Reading:
    """What goes into the model, and how the tokens are shown.

    Shapes:
        inputs: (1, T) each
    """

    inputs: dict[str, Any]
    sequences: dict[str, TokenSequence]
    notes: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        """The token numbers of the source."""
        return self.inputs["input_ids"][0].tolist()

    @property
    def target_ids(self) -> list[int]:
        """The token numbers that the decoder beside an encoder reads; none without one."""
        ids = self.inputs.get("decoder_input_ids")
        return [] if ids is None else ids[0].tolist()


def with_prefix(text: str, prefix: str) -> str:
    """Return a text with what stands before each of its kind, if that is not there already."""
    return text if text.startswith(prefix) else prefix + text


def read(
    model: Any,
    tokenizer: Any,
    text: str,
    text_pair: str | None,
    max_tokens: int,
    max_new_tokens: int = 0,
    encoder: TextEncoder | None = None,
) -> Reading:
    """Return a text, and what the model writes after it where that is asked for or needed."""
    reading = read_text(model, tokenizer, text, text_pair, max_tokens, encoder)
    decoder_waits = model.config.is_encoder_decoder and "target" not in reading.sequences
    if decoder_waits and not model.can_generate():  # heads that judge let it read the same text
        return read_text(model, tokenizer, text, text, max_tokens, encoder)
    if decoder_waits or (max_new_tokens and model.can_generate() and text_pair is None):
        return write_on(model, tokenizer, reading, max_new_tokens or 32)
    return reading


def read_text(
    model: Any, tokenizer: Any, text: str, text_pair: str | None, max_tokens: int,
    encoder: TextEncoder | None = None,
) -> Reading:  # fmt: skip
    """Return a text (or pair) as the model's input, cut after `max_tokens`, without padding.

    For an encoder with a decoder, `text_pair` is what the decoder reads: the translation, the
    summary. Without an `encoder`, a mask in the text is one, and all else is plain text.
    """
    import torch

    encoder = encoder or TextEncoder(tokenizer, masks_of(tokenizer))
    has_decoder = bool(getattr(model.config, "is_encoder_decoder", False))
    limits = limits_in(model)
    limit = min(max_tokens, tokenizer.model_max_length, limits.read)
    plain, sequence, cut = _encode(encoder, limit, text, None if has_decoder else text_pair)
    types = plain.get("token_type_ids")
    if types and limits.types is not None and (limits.types < 2 or max(types) >= limits.types):
        del plain["token_type_ids"]  # GPT-2 would read them as tokens
    device = model.device
    inputs = {name: torch.tensor([values], device=device) for name, values in plain.items()}
    reading = Reading(inputs, {"source": sequence})
    if has_decoder and text_pair is not None:
        most = min(max_tokens, limits.written - 1)
        target, shown, cut_too = _encode(replace(encoder, prefix=""), most, text_pair, target=True)
        _add_target(reading, model, tokenizer, target["input_ids"], shown)
        cut = cut or cut_too
    if cut:
        reading.notes.append(f"the text is longer; it was cut after {limit} tokens")
    return reading


def write_on(model: Any, tokenizer: Any, reading: Reading, max_new_tokens: int) -> Reading:
    """Let the model write on, always its likeliest next token, and return all as one text.

    What a causal model writes does not change where earlier tokens looked, so one pass over the
    finished text gives the rows that each step of writing gave.
    """
    import torch

    from .interface import evaluating

    room = limits_in(model).read - len(reading.ids)
    has_decoder = bool(model.config.is_encoder_decoder)
    count = min(max_new_tokens, limits_in(model).written - 1 if has_decoder else room)
    if count < 1:
        reading.notes.append("the model has no room to write on")
        return reading
    inputs = {
        k: v for k, v in reading.inputs.items() if not k.startswith(("token_type", "decoder"))
    }
    start = {"decoder_start_token_id": _start(model)} if has_decoder else {}
    with evaluating(model), torch.no_grad():
        written = model.generate(
            **inputs, max_new_tokens=count, do_sample=False, num_beams=1,
            use_cache=can_cache(model), pad_token_id=_pad(model, tokenizer), **start,
        )  # fmt: skip
    ids = written[0].tolist()
    if has_decoder:
        ends = _ends(model)
        ids = ids[:-1] if len(ids) > 1 and ids[-1] in ends else ids
        sequence = _bare_sequence(tokenizer, ids, prompt=1)
        reading.inputs["decoder_input_ids"] = written[:, : len(ids)]
        return Reading(
            reading.inputs, reading.sequences | {"target": sequence}, list(reading.notes)
        )
    given = len(reading.ids)
    sequence = _continued(reading.sequences["source"], _bare_sequence(tokenizer, ids[given:]))
    plain = {"input_ids": written, "attention_mask": torch.ones_like(written)}
    return Reading(plain, reading.sequences | {"source": sequence}, list(reading.notes))


def repeated(reading: Reading, model: Any, most: int = 48) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the text given twice in a row, as input, and where it stands in each sequence.

    At most `most` of its tokens; none of the special ones in between. The places are
    {"source": (start, period), ...}; without a sequence of two tokens or more both are empty.
    """
    import torch

    limits = limits_in(model)
    inputs, places = {}, {}
    for name, ids, key in (
        ("source", reading.ids, "input_ids"),
        ("target", reading.target_ids, "decoder_input_ids"),
    ):
        if not ids:
            continue
        special = reading.sequences[name].special
        inside = [place for place, one in enumerate(special) if not one]
        first = inside[0] if inside else 0
        last = inside[-1] + 1 if inside else 0
        before, after = ids[:first], ids[last:]
        room = limits.read if name == "source" else limits.written
        count = max(0, min(most, (room - len(before) - len(after)) // 2))
        content = [ids[place] for place in inside][:count]
        if len(content) < 2:
            return {}, {}
        row = [*before, *content, *content, *after]
        inputs[key] = torch.tensor([row], device=model.device)
        places[name] = (len(before), len(content))
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    return inputs, places


def masks_of(tokenizer: Any) -> frozenset[str]:
    """Return the token that stands for what is to be guessed, if there is one."""
    return frozenset([tokenizer.mask_token] if tokenizer.mask_token else [])


def _encode(
    encoder: TextEncoder, limit: int, text: str, pair: str | None = None, target: bool = False
) -> tuple[dict, Any, bool]:
    tokenizer = encoder.tokenizer
    fast = tokenizer.is_fast
    encoded = encoder(
        text,
        pair,
        target,
        truncation=True,
        max_length=limit,
        padding=False,
        return_special_tokens_mask=True,
        return_offsets_mapping=fast,
    )
    # What was padded nevertheless says nothing: pad rows are noise.
    mask = encoded.get("attention_mask") or [1] * len(encoded["input_ids"])
    kept = [place for place, one in enumerate(mask) if one]
    names = [name for name in tokenizer.model_input_names if name in encoded]
    plain = {name: [encoded[name][place] for place in kept] for name in names}
    special = [bool(encoded["special_tokens_mask"][place]) for place in kept]
    if fast:
        segments = [encoded.sequence_ids()[place] for place in kept]
        spans = [tuple(encoded["offset_mapping"][place]) for place in kept]
        words = [encoded.word_ids()[place] for place in kept]
        cut = bool(encoded.encodings[0].overflowing)
    else:
        segments = list(encoded.get("token_type_ids") or [0] * len(mask))
        spans, words, cut = [(0, 0)] * len(kept), [None] * len(kept), False
    sources = [text, pair]
    sequence = _sequence(tokenizer, plain["input_ids"], special, segments, spans, words, sources)
    return plain, sequence, cut


def _sequence(
    tokenizer: Any, ids: list[int], special: list[bool], segments: list[int | None],
    spans: list[tuple[int, int]], words: list[int | None], texts: list[str | None],
) -> TokenSequence:  # fmt: skip
    known = [None if one or end <= start else (start, end)
             for one, (start, end) in zip(special, spans, strict=True)]  # fmt: skip
    filled, last = [], 0
    for segment in segments:  # a special token belongs to the text that it ends
        last = last if segment is None else segment
        filled.append(last)
    return TokenSequence(
        tokens=readable_tokens(tokenizer, ids),
        special=special,
        words=_words(words, special, filled, known, texts),
        spans=known,
        segments=filled,
    )


def _words(
    words: list[int | None], special: list[bool], segments: list[int],
    spans: list[tuple[int, int] | None], texts: list[str | None],
) -> list[int | None]:  # fmt: skip
    """Number the words, through both texts; by white space if the tokenizer knows none."""
    found: list[int | None] = []
    coarse = len({(s, w) for s, w, one in zip(segments, words, special, strict=True) if not one})
    alone = coarse <= len(set(segments))  # some tokenizers call the whole text one word
    number = -1
    before: tuple[int, int | None] | None = None
    for segment, word, span, one in zip(segments, words, spans, special, strict=True):
        if one or (alone and span is None):
            found.append(None)
            continue
        if alone and span is not None:
            text = texts[segment] or ""
            new = before is None or before[0] != segment or text[before[1] : span[0] + 1].strip() \
                != text[before[1] : span[0] + 1]  # fmt: skip
            before = (segment, span[1])
        else:
            new = (segment, word) != before
            before = (segment, word)
        number += new
        found.append(number)
    return found


def _bare_sequence(tokenizer: Any, ids: list[int], prompt: int | None = None) -> TokenSequence:
    """Return tokens that stand in no text of the user's: what the model wrote."""
    tokens = readable_tokens(tokenizer, ids)
    special = [one in set(tokenizer.all_special_ids) for one in ids]
    words: list[int | None] = []
    number = -1
    for token, one in zip(tokens, special, strict=True):
        number += not one and (number < 0 or token.startswith("▁"))
        words.append(None if one else number)
    blank: list[tuple[int, int] | None] = [None] * len(ids)
    return TokenSequence(tokens, special, words, blank, [0] * len(ids), prompt)


def _continued(given: TokenSequence, written: TokenSequence) -> TokenSequence:
    last = max((word for word in given.words if word is not None), default=-1)
    # Without a space before it, what was written goes on in the last word.
    joined = bool(written.tokens) and not written.tokens[0].startswith("▁") and last >= 0
    words = [None if w is None else w + last + (not joined) for w in written.words]
    return TokenSequence(
        tokens=given.tokens + written.tokens,
        special=given.special + written.special,
        words=given.words + words,
        spans=given.spans + written.spans,
        segments=given.segments + [given.segments[-1]] * len(written),
        prompt=len(given),
    )


def _add_target(
    reading: Reading, model: Any, tokenizer: Any, ids: list[int], shown: TokenSequence
) -> None:
    """Let the decoder read a text: its start token first, and not the one that ends it."""
    import torch

    start = _start(model)
    if ids and ids[-1] in _ends(model):
        ids = ids[:-1]
    count = len(ids)
    reading.inputs["decoder_input_ids"] = torch.tensor([[start, *ids]], device=model.device)
    reading.sequences["target"] = TokenSequence(
        tokens=readable_tokens(tokenizer, [start]) + shown.tokens[:count],
        special=[True, *shown.special[:count]],
        words=[None, *shown.words[:count]],
        spans=[None, *shown.spans[:count]],
        segments=[0] * (count + 1),
    )


def _start(model: Any) -> int:
    """Return the token that a decoder reads first; where none is named, as T5 has it."""
    names = ("decoder_start_token_id", "bos_token_id", "pad_token_id")
    configured = (getattr(model.config, name, None) for name in names)
    return next((one for one in configured if one is not None), 0)


def _ends(model: Any) -> set[int | None]:
    ends = getattr(model.config, "eos_token_id", None)
    return set(ends) if isinstance(ends, list) else {ends}


def _pad(model: Any, tokenizer: Any) -> int:
    own = getattr(model.config.get_text_config(), "pad_token_id", None)
    for one in (tokenizer.pad_token_id, own, tokenizer.eos_token_id):
        if one is not None:
            return one
    return 0
