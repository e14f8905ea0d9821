"""Tiny models of many architectures, with random weights, and one tokenizer for all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.tiny_models import make_tiny_tokenizer

# Small in every dimension; heads of 8 dimensions, two or three layers.
_ENCODER = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 130,
}  # fmt: skip
_DECODER = {**_ENCODER, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0}
_TOKENS = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
_T5 = {
    "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_decoder_layers": 3,
    "num_heads": 4, "decoder_start_token_id": 2, "eos_token_id": 3, "pad_token_id": 0,
}  # fmt: skip
_BART = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
    "max_position_embeddings": 130, "decoder_start_token_id": 2, "forced_eos_token_id": None,
    **_TOKENS,
}  # fmt: skip

# name: (config class, head, settings)
ZOO = {
    "bert": ("BertConfig", "SequenceClassification", _ENCODER),
    "distilbert": (
        "DistilBertConfig", "SequenceClassification",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    ),
    "roberta": ("RobertaConfig", "SequenceClassification", _ENCODER),
    "electra": ("ElectraConfig", "SequenceClassification", {**_ENCODER, "embedding_size": 16}),
    "albert": ("AlbertConfig", "MaskedLM", {**_ENCODER, "embedding_size": 16}),
    "modernbert": (
        "ModernBertConfig", "MaskedLM",
        {**_ENCODER, "num_hidden_layers": 3, "local_attention": 8, "pad_token_id": 0},
    ),
    "deberta-v2": (
        "DebertaV2Config", "SequenceClassification",
        {**_ENCODER, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    ),
    "gpt2": (
        "GPT2Config", "CausalLM",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 130},
    ),
    "llama": ("LlamaConfig", "CausalLM", _DECODER),
    "qwen2": ("Qwen2Config", "CausalLM", _DECODER),
    "qwen3": ("Qwen3Config", "CausalLM", _DECODER),
    "mistral": ("MistralConfig", "CausalLM", {**_DECODER, "sliding_window": 5}),
    "gemma": ("GemmaConfig", "CausalLM", _DECODER),
    "gemma2": ("Gemma2Config", "CausalLM", {**_DECODER, "sliding_window": 5}),
    "gpt-oss": (
        "GptOssConfig", "CausalLM",
        {**_DECODER, "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 5},
    ),
    "gpt-neox": ("GPTNeoXConfig", "CausalLM", _ENCODER),
    "qwen3-next": (
        "Qwen3NextConfig", "CausalLM",
        {
            **_DECODER, "num_hidden_layers": 4, "linear_num_value_heads": 2,
            "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
            "num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16,
            "shared_expert_intermediate_size": 16,
        },
    ),
    "t5": ("T5Config", "Seq2SeqLM", _T5),
    "bart": ("BartConfig", "Seq2SeqLM", _BART),
}  # fmt: skip


@cache
def tokenizer():
    """Return a word-piece tokenizer of 300 pieces."""
    from transformers import AutoTokenizer

    path = make_tiny_tokenizer(Path(mkdtemp()), max_tokens=128)
    # Segment numbers would be read by GPT-2, whose own tokenizer gives none.
    names = ["input_ids", "attention_mask"]
    return AutoTokenizer.from_pretrained(path, model_input_names=names)


def make(name: str, seed: int = 0, **changes):
    """Return a model of the zoo, in evaluation mode, as transformers makes it by default."""
    import torch
    import transformers

    config_name, head, settings = ZOO[name]
    config = getattr(transformers, config_name)(
        # Some tokenizers of transformers add a token of their own when they are loaded (Qwen2).
        **{"vocab_size": len(tokenizer()) + 2, **settings, **changes}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, f"AutoModelFor{head}").from_config(config)
        for parameter in model.parameters():  # weights of 0.02 give uniform attention
            if parameter.ndim == 2:
                torch.nn.init.normal_(parameter, std=0.25)
    return model.eval()
