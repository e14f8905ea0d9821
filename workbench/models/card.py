"""`ModelCard`: what a model is, as plain data for page, terminal and report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import yaml

from ..sources import FoundModel, Progress, find_model
from .folder import context_tokens, model_width, read_config, read_shapes, refuse_adapter
from .memory import estimate_memory
from .reading import readable
from .trimmed import read_trimmed


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it.

    Figures that the config does not give are 0, texts that nobody wrote are empty.

    `trainable_parameters` is 0 when all of them learn, `trainable_share` what they are of the model
    with the task's head and an adapter; `layers` are those that read, and `decoder_layers` those of
    a decoder beside an encoder.

    `whole_vocabulary` and `whole_parameters` are those of the model before its vocabulary was
    trimmed, 0 where it is whole.

    Units: `size_bytes` on disk; `run_bytes` and `train_bytes` of memory, for a batch of `batch`
    rows of `tokens` tokens; `context_tokens` is 0 when there is no fixed limit.
    """

    source: str
    title: str
    architecture: str
    model_type: str
    layers: int
    heads: int
    kv_heads: int
    hidden_size: int
    parameters: int
    vocabulary: int
    context_tokens: int
    pretrained: bool
    pretraining_data: str
    licence: str
    language: str
    revision: str
    size_bytes: int
    run_bytes: int
    train_bytes: int
    batch: int
    tokens: int
    trainable_parameters: int = 0
    decoder_layers: int = 0
    trainable_share: float = 0.0
    whole_vocabulary: int = 0
    whole_parameters: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> ModelCard:
        """Read what `to_dict` gave."""
        return cls(**plain)

    def with_trainable(self, trainable: int, all_parameters: int) -> ModelCard:
        """Return the card of the same model of which only so many weights of all learn.

        The others need no gradient and no optimiser state: 12 bytes each.
        """
        idle = max(0, self.parameters - trainable)
        return replace(
            self,
            trainable_parameters=trainable,
            trainable_share=trainable / all_parameters,
            train_bytes=self.train_bytes - 12 * idle,
        )


def model_card(
    source: str,
    revision: str | None = None,
    batch: int = 16,
    tokens: int = 128,
    progress: Progress | None = None,
) -> ModelCard:
    """Return the card of the model that `source` names, without loading its weights.

    Raises:
        SourceError: it cannot be found or fetched.
        ModelError: its folder is incomplete or damaged.
    """
    return card_of(find_model(source, revision, progress), batch, tokens)


def card_of(
    found: FoundModel,
    batch: int = 16,
    tokens: int = 128,
    written_tokens: int | None = None,
    writer_parameters: int = 0,
    says_words: bool = False,
) -> ModelCard:
    """Return the card of a found model.

    A decoder writes `written_tokens`, by default as many as are read. Of an encoder that is given
    a decoder like itself, `writer_parameters` are those of both. A model that `says_words` has a
    score for each token of its vocabulary at each place.

    Raises:
        ModelError: its folder is incomplete or damaged.
    """
    refuse_adapter(found.path)
    config = read_config(found.path)
    # Of models that see as well as read, and of those put together from two.
    inner = config.get("text_config") or config.get("encoder")
    shape = inner if isinstance(inner, dict) else config
    layers = _number(
        shape, "num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"
    )
    heads = _number(
        shape, "num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"
    )
    hidden_size = model_width(config)
    wide = _number(
        shape, "intermediate_size", "n_inner", "d_ff", "hidden_dim", "ffn_dim", "encoder_ffn_dim"
    )
    parameters = writer_parameters or _count_parameters(found)
    decoder_layers = layers if writer_parameters else _decoder_layers(config, layers)
    limit = context_tokens(shape) or 0
    memory = estimate_memory(
        parameters,
        layers,
        hidden_size,
        heads,
        batch,
        min(tokens, limit or tokens),
        wide or None,
        decoder_layers,
        tokens if written_tokens is None else written_tokens,
        _number(shape, "vocab_size") if says_words else 0,
    )
    trimmed = read_trimmed(found.path)
    about = _front_matter(found.path / "README.md") | {k: v for k, v in found.about.items() if v}
    architectures = config.get("architectures")
    return ModelCard(
        source=found.place,
        title=str(about.get("title", "")),
        architecture=str(architectures[0]) if architectures else "",
        model_type=str(config.get("model_type", "")),
        layers=layers,
        heads=heads,
        kv_heads=_number(shape, "num_key_value_heads", "multi_query_group_num") or heads,
        hidden_size=hidden_size,
        parameters=parameters,
        vocabulary=_number(shape, "vocab_size"),
        context_tokens=limit,
        pretrained=found.pretrained,
        pretraining_data=str(about.get("pretraining_data", "")) if found.pretrained else "",
        licence=str(about.get("licence", "")),
        language=str(about.get("language", "")),
        revision=found.revision or "",
        size_bytes=sum(p.stat().st_size for p in found.path.rglob("*") if p.is_file()),
        run_bytes=memory.run,
        train_bytes=memory.train,
        batch=batch,
        tokens=tokens,
        decoder_layers=decoder_layers,
        whole_vocabulary=trimmed.tokens_before if trimmed else 0,
        whole_parameters=trimmed.parameters_before if trimmed else 0,
    )


def _decoder_layers(config: dict[str, Any], layers: int) -> int:
    """Return the layers of a decoder beside an encoder; T5 names them only where they differ."""
    if not config.get("is_encoder_decoder"):
        return 0
    inner = config.get("decoder")
    shape = inner if isinstance(inner, dict) else {}
    return (
        _number(config, "num_decoder_layers", "decoder_layers")
        or _number(shape, "num_hidden_layers", "n_layer", "num_layers")
        or layers
    )


def _count_parameters(found: FoundModel) -> int:
    """Count parameters in the files' headers, or on a model that holds no numbers."""
    if found.pretrained:
        shapes = read_shapes(found.path).values()
        return sum(prod(shape) for shape, dtype in shapes if not dtype.startswith(("I", "U", "B")))
    import torch
    from transformers import AutoConfig, AutoModel

    with readable(found.path), torch.device("meta"):
        model = AutoModel.from_config(AutoConfig.from_pretrained(found.path))
    return sum(parameter.numel() for parameter in model.parameters())


def _number(config: dict[str, Any], *names: str) -> int:
    """Return the first of these settings that is a whole number; architectures differ in name."""
    values = (config.get(name) for name in names)
    return next((value for value in values if type(value) is int), 0)


def _front_matter(readme: Path) -> dict[str, str]:
    """Read licence, language and pretraining data from the head of a model's README."""
    if not readme.is_file():
        return {}
    head, _, rest = readme.read_text("utf-8", errors="replace").partition("---\n")
    try:
        facts = yaml.safe_load(rest.partition("\n---")[0]) if not head.strip() else None
    except yaml.YAMLError:
        return {}
    if not isinstance(facts, dict):
        return {}
    named = {"licence": "license", "language": "language", "pretraining_data": "datasets"}
    return {ours: _listed(facts[theirs]) for ours, theirs in named.items() if facts.get(theirs)}


def _listed(value: Any) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
