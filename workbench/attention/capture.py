"""Capture the attention of every head on a text, leaving the model as it was."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import ModelError
from ..tasks._encode import TextEncoder
from .answers import answer
from .budget import fit, room_for
from .collect import Chosen, Collector
from .interface import eager, evaluating, listening, offers_interface
from .modules import ModuleLocation, ModuleLocator
from .record import AttentionRecord, Block
from .statistics import induction
from .texts import Reading, read, repeated

# What the maps of all heads may take in memory while two models are compared.
HELD_BYTES = 256_000_000

# The products of rollout grow with the cube of the tokens.
ROLLOUT_TOKENS = 512

# Where a model must give all its maps at once, they may take so much memory.
EAGER_BYTES = 2_000_000_000


def capture(
    model: Any,
    tokenizer: Any,
    text: str,
    text_pair: str | None = None,
    max_tokens: int = 64,
    label: str = "",
    step: int = 0,
    max_new_tokens: int = 0,
    pinned: list[Chosen] | None = None,
    budget_bytes: int | None = None,
    formula: Chosen | str | None = None,
    rollout: bool = False,
    lens: bool = False,
    keep_all: bool = False,
    reading: Reading | None = None,
    encoder: TextEncoder | None = None,
) -> AttentionRecord:
    """Run `model` on one text and return where all its attention heads looked.

    For an encoder with a decoder, `text_pair` is what the decoder reads; without it, what the
    model itself writes, at most `max_new_tokens` (32 if 0). Other models write on after the text
    where `max_new_tokens` is given. Heads are (block, layer, head), all from 0: `pinned` ones are
    kept whole in texts too long to keep all; `formula` names one whose Q, K and V are kept, "last"
    the first head of the last layer. With `keep_all` the budget waits until `budget.trimmed`. A
    `reading` is what `read` made of the text, with the `encoder` if one is given.

    Attention implementation and mode of the model are as before afterwards; no random number is
    drawn.

    Raises:
        ModelError: the model gives no square attention maps (Mamba, Longformer).
    """
    model = unwrapped(model)
    if reading is None:
        reading = read(model, tokenizer, text, text_pair, max_tokens, max_new_tokens, encoder)
    if budget_bytes is None:
        budget_bytes = room_for(len(reading.ids))
    held = HELD_BYTES if keep_all else 4 * budget_bytes
    rollout = rollout and len(reading.ids) <= ROLLOUT_TOKENS
    collector = Collector(ModuleLocator(model), reading.sequences, pinned, held, formula, rollout)
    output = _observe(model, reading.inputs, collector, lens)
    if not collector.heard:
        raise _refusal(model, collector.why_not)
    blocks = collector.blocks()
    _add_induction(model, reading, blocks)
    prediction, probabilities = answer(output, model, tokenizer, reading)
    notes = reading.notes + _notes(blocks)
    words = None
    if lens:
        from .lens import logit_lens

        words, note = logit_lens(model, tokenizer, output)
        notes += [note] if note else []
    if not (keep_all and collector.whole):
        chosen = pinned if pinned is not None else collector.pinned
        blocks = fit(blocks, collector.whole, chosen, budget_bytes)
    return AttentionRecord(
        text=text,
        text_pair=text_pair,
        sequences=reading.sequences,
        blocks=blocks,
        model=label,
        architecture=model.config.model_type,
        step=step,
        prediction=prediction,
        probabilities=probabilities,
        notes=notes,
        formula=collector.formula,
        rollout=collector.rollout(),
        lens=words,
    )


def _observe(model: Any, inputs: dict[str, Any], collector: Any, hidden: bool = False) -> Any:
    """Run the model once and let the collector hear of every layer; return the output."""
    import torch

    accepted = inspect.signature(model.forward).parameters
    asked: dict[str, Any] = {"return_dict": True}
    if "use_cache" in accepted:
        asked["use_cache"] = False
    if hidden:
        asked["output_hidden_states"] = True
    # Not inference mode: what a model keeps for later, such as rotary tables, must allow training.
    if offers_interface(model):
        with listening(model, collector.hear), torch.no_grad():
            output = model(**inputs, **asked)
        # An encoder may have an attention of its own beside a decoder that is heard.
        if not collector.silent or (collector.heard and _bytes(model, inputs) > EAGER_BYTES):
            return output
    _refuse_if_large(model, inputs)
    with evaluating(model), eager(model), torch.no_grad():
        try:
            output = model(**inputs, **asked, output_attentions=True)
        except TypeError:
            raise _refusal(model, "") from None
    _take_all(output, collector)
    return output


def _take_all(output: Any, collector: Collector) -> None:
    """Take the maps that an eager model returned: layers of (1, H, Tq, Tk), or nothing at all."""
    fields = {
        "self": ("attentions",),
        "encoder": ("encoder_attentions",),
        "decoder": ("decoder_attentions",),
        "cross": ("cross_attentions",),
    }
    for block in collector.silent:
        name = collector.places.blocks[block][0]
        # An attention other than eager returns an empty tuple and no error.
        layers = next((getattr(output, field, None) for field in fields[name]), None) or ()
        for number, weights in enumerate(layers):
            if weights is None:
                continue
            place = ModuleLocation(block, number, "")
            collector.places.note(place)
            if getattr(weights, "ndim", 0) == 4 and len(weights) == 1:
                collector.begin(place, weights.shape[1])
                collector.take(place, 0, weights[0])
            else:
                collector.pass_over(place, "given in another shape than tokens by tokens")


def _refuse_if_large(model: Any, inputs: dict[str, Any]) -> None:
    needed = _bytes(model, inputs)
    if needed > EAGER_BYTES:
        raise ModelError(
            "a {kind} model gives its maps all at once, {needed:.1f} GB for {tokens} tokens",
            "shorten the text",
            kind=model.config.get_text_config().model_type,
            needed=needed / 1e9,
            tokens=inputs["input_ids"].shape[1],
        )


def _bytes(model: Any, inputs: dict[str, Any]) -> int:
    """Return what all maps of a model take at once."""
    config = model.config.get_text_config()
    layers = getattr(config, "num_hidden_layers", 0) or 0
    heads = getattr(config, "num_attention_heads", 0) or 0
    return 4 * layers * heads * inputs["input_ids"].shape[1] ** 2


class _Repetition:
    """Listens to the model's run over a text given twice, for the induction score alone."""

    def __init__(
        self, model: Any, places: dict[str, tuple[int, int]], lengths: dict[str, int]
    ) -> None:
        self.places = ModuleLocator(model)
        self.scores: dict[tuple[int, int], list[float | None]] = {}
        self._lengths = lengths
        self.why_not = ""
        self._spans = places
        self._place: ModuleLocation | None = None

    @property
    def heard(self) -> bool:
        return bool(self.scores)

    @property
    def silent(self) -> list[int]:
        return [] if self.scores else list(range(len(self.places.blocks)))

    def hear(self, heads: Any) -> None:
        if heads.first == 0:
            self._place = self.places.of(heads.module)
        if self._place is not None:
            self.take(self._place, heads.first, heads.weights)

    def begin(self, place: ModuleLocation, heads: int) -> None:
        pass

    def pass_over(self, place: ModuleLocation, reason: str) -> None:
        pass

    def take(self, place: ModuleLocation, first: int, weights: Any) -> None:
        name, queries, _ = self.places.blocks[place.block]
        length = self._lengths.get(queries)
        if name == "cross" or tuple(weights.shape[1:]) != (length, length):
            return
        values = induction(weights.float(), *self._spans[queries]).tolist()
        key = place.block, place.layer
        self.scores[key] = [*self.scores.get(key, []), *(round(one, 4) for one in values)]


def _add_induction(model: Any, reading: Reading, blocks: list[Block]) -> None:
    inputs, spans = repeated(reading, model)
    if not inputs:
        return
    keys = {"source": "input_ids", "target": "decoder_input_ids"}
    lengths = {name: inputs[keys[name]].shape[1] for name in spans}
    listener = _Repetition(model, spans, lengths)
    _observe(model, inputs, listener)
    for (block, layer), scores in listener.scores.items():
        blocks[block].statistics["induction"][layer] = scores


def unwrapped(model: Any) -> Any:
    """Return the transformers model inside an adapter's wrapper; its layers are the adapted ones.

    Raises:
        ModelError: the adapter adds tokens of its own, which no text has.
    """
    adapters = getattr(model, "peft_config", None)
    if not isinstance(adapters, dict) or not hasattr(model, "get_base_model"):
        return model
    if any(getattr(one, "is_prompt_learning", False) for one in adapters.values()):
        raise ModelError(
            "the adapter puts virtual tokens before the text, which have no words to show",
            "choose a LoRA adapter, or the model without it",
        )
    return model.get_base_model()


def _notes(blocks: list[Block]) -> list[str]:
    notes = []
    for block in blocks:
        reasons: dict[str, int] = {}
        for layer in block.layers:
            if layer.missing:
                reasons[layer.missing] = reasons.get(layer.missing, 0) + 1
        notes += [
            f"{count} of {len(block.layers)} layers keep no map of tokens by tokens ({reason})"
            for reason, count in reasons.items()
        ]
    return notes


def _refusal(model: Any, reason: str) -> ModelError:
    kind = model.config.model_type
    if reason:
        return ModelError(
            "the attention of a {kind} model is {reason}",
            "choose a model with full attention",
            kind=kind,
            reason=reason,
        )
    return ModelError(
        "a {kind} model returns no attention maps",
        "choose a model with softmax attention",
        kind=kind,
    )
