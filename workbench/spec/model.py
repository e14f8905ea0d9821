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
        Domain("the model: a path, wheel:NAME from the catalogue, a hub id, or scratch:NAME"),
    ] = "wheel:minilm"
    revision: Annotated[
        str | None, Domain("hub models: the commit to use; filled in when the run starts")
    ] = None
    answers: Annotated[
        str,
        Domain(
            "question answering: extractive, a span of the passage | generative, written word by "
            "word | auto: generative with decoders such as Llama, else extractive",
            choices=("auto", "extractive", "generative"),
        ),
    ] = "auto"
    tokenizer: Annotated[
        str,
        Domain(
            "what cuts the texts: pretrained, the model's own; or, for scratch: models, one "
            "trained on the training rows, of words in pieces, or of single characters",
            choices=("pretrained", "wordpiece", "bpe", "unigram", "character"),
        ),
    ] = "pretrained"
    vocab_size: Annotated[
        int,
        Domain(
            "entries of a tokenizer trained on the training rows, at most",
            100,
            200_000,
            log=True,
            unit="tokens",
        ),
    ] = 8000
    add_tokens: Annotated[
        list[str],
        Domain(
            "tokens that the tokenizer does not have and shall know, such as [<speaker>]; their "
            "embeddings are drawn around the mean of all and learned"
        ),
    ] = []
    trim_vocabulary: Annotated[
        bool,
        Domain(
            "keep only the tokens that the training rows and the probes use, with all single "
            "characters: less memory where the vocabulary is large; what the model writes is "
            "made of these, too"
        ),
    ] = False
    trust_remote_code: Annotated[
        bool, Domain("let the model run Python code that came with it; off is safe")
    ] = False
    freeze_embeddings: Annotated[
        bool, Domain("leave the embeddings of the tokens as they are; the layers learn")
    ] = False
    freeze_layers: Annotated[
        int,
        Domain(
            "leave the first so many layers as they are; of encoder and decoder each",
            0,
            200,
            step=1,
        ),
    ] = 0
    attention_dropout: Annotated[
        float | None,
        Domain(
            "share of the attention weights dropped in training; empty as the model's config says; "
            "0 needs far less memory and time where texts are long",
            0.0,
            0.9,
            step=0.05,
        ),
    ] = None
    quantization: Annotated[
        str,
        Domain(
            "hold the frozen weights in 8 or 4 bits to save memory; needs an adapter and the "
            "library bitsandbytes",
            choices=("none", "8bit", "4bit"),
        ),
    ] = "none"


class AdapterSpec(Section):
    """A few new weights that learn in place of the model's own; named as in peft's configs."""

    peft_method: Annotated[
        str,
        Domain(
            "what learns: none all weights | lora two thin matrices beside each chosen one | dora "
            "the same, with lengths of their own | ia3 a factor for each activation | "
            "prompt_tuning made-up tokens before the text",
            choices=("none", "lora", "dora", "ia3", "prompt_tuning"),
        ),
    ] = "none"
    lora_rank: Annotated[
        int,
        Domain(
            "rank r of lora and dora: width of the thin matrices; more can learn more",
            1,
            256,
            log=True,
        ),
    ] = 8
    lora_alpha: Annotated[
        float,
        Domain("lora and dora: what they add is multiplied by alpha / r", 1, 512, log=True),
    ] = 16
    lora_dropout: Annotated[
        float,
        Domain("lora and dora: share of their inputs dropped while learning", 0, 0.9, step=0.05),
    ] = 0.0
    target_modules: Annotated[
        list[str],
        Domain(
            "names of the layers that lora, dora and ia3 adapt, such as [query, value], or "
            "all-linear; empty takes what peft does for this kind of model, else all linear ones"
        ),
    ] = []
    num_virtual_tokens: Annotated[
        int, Domain("prompt_tuning: how many tokens are made up", 1, 512, log=True, unit="tokens")
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
