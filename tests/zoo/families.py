"""Every architecture that transformers can build, tiny, with random weights.

`families()` lists each model type with each head that the workbench trains, from the tables of the
installed transformers; nothing is registered by hand, so a new version brings its new types along.

    for family in families():                        # or families("bert", "t5")
        folder = family.make(tmp_path / family.name)  # config, weights, tokenizer

    batch = inputs_of(family.model(), family.auto_class)   # two texts of unequal length

`CORE` are those for quick tests. `make` raises what transformers raises when a type cannot be
built; `OUT_OF_SCOPE` says of some why that is. The tokenizer is one for all: 300 word pieces,
[PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4. (Of some types, such as Qwen2, transformers forces a
class that reads these pieces letter by letter.) All is so small that a step takes milliseconds.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.tiny_models import make_tiny_tokenizer

POSITIONS = 130
LABELS = {0: "negative", 1: "positive"}

# Auto class: transformers' table of the types that it knows, and a task of the workbench for it.
HEADS = {
    "AutoModelForSequenceClassification": (
        "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", "text-classification",
    ),
    "AutoModelForTokenClassification": (
        "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES", "token-classification",
    ),
    "AutoModelForQuestionAnswering": (
        "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES", "question-answering",
    ),
    "AutoModelForCausalLM": ("MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", "text-generation"),
    "AutoModelForMaskedLM": ("MODEL_FOR_MASKED_LM_MAPPING_NAMES", "fill-mask"),
    "AutoModelForSeq2SeqLM": ("MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES", "summarization"),
}  # fmt: skip

# For quick tests: every way in which names of weights are converted, tied, shared or left out.
CORE = (
    ("albert", "SequenceClassification"), ("bart", "Seq2SeqLM"), ("bert", "MaskedLM"),
    ("deberta-v2", "TokenClassification"), ("esm", "SequenceClassification"),
    ("gpt2", "CausalLM"), ("gpt_neox", "CausalLM"), ("granitemoe", "CausalLM"),
    ("llama", "CausalLM"), ("marian", "Seq2SeqLM"), ("mixtral", "CausalLM"),
    ("modernbert", "SequenceClassification"), ("nomic_bert", "MaskedLM"), ("olmoe", "CausalLM"),
    ("phimoe", "CausalLM"), ("qwen3_moe", "CausalLM"), ("roberta", "QuestionAnswering"),
    ("t5", "Seq2SeqLM"),
)  # fmt: skip

# What a size is called, and how small it is made. Heads have 8 dimensions.
_SMALL: dict[str, Any] = {
    **dict.fromkeys(
        ("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embedding_dim", "d_inner_size"), 32
    ),
    **dict.fromkeys(
        (
            "num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
            "decoder_attention_heads", "attention_heads", "num_encoder_attention_heads",
            "num_decoder_attention_heads", "swa_num_attention_heads", "linear_num_heads",
            "index_n_heads", "num_self_attention_heads", "num_cross_attention_heads",
        ), 4,
    ),
    **dict.fromkeys(
        (
            "num_key_value_heads", "swa_num_key_value_heads", "num_kv_heads", "kv_n_heads",
            "linear_num_key_heads", "linear_num_value_heads", "num_query_groups",
            "num_global_key_value_heads",
        ), 2,
    ),
    **dict.fromkeys(
        (
            "num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers",
            "decoder_layers", "num_encoder_layers", "num_decoder_layers", "l_layers", "x_layers",
            "r_layers", "num_blocks", "depth", "num_self_attends_per_block",
        ), 2,
    ),
    **dict.fromkeys(
        (
            "intermediate_size", "d_ff", "d_inner", "dff", "ffn_dim", "encoder_ffn_dim",
            "decoder_ffn_dim", "ffn_hidden_size", "hidden_dim", "intermediate_size_mlp",
            "dense_intermediate_size", "feed_forward_size", "mlp_dim",
        ), 48,
    ),
    **dict.fromkeys(
        (
            "moe_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size",
            "expert_ffn_hidden_size", "shared_experts_intermediate_size", "router_hidden_size",
            "moe_shared_expert_intermediate_size", "attn_hidden_size", "embedding_size",
            "input_embedding_size", "output_embedding_size", "kv_lora_rank", "q_lora_rank",
            "o_lora_rank", "embedding_rank", "hidden_size_per_layer_input", "entity_emb_size",
            "laurel_rank", "adapter_rank", "true_hidden_size", "intra_bottleneck_size",
            "time_step_rank", "mamba_d_state", "state_size", "ssm_state_size", "hc_lowrank",
            "max_2d_position_embeddings", "xpath_unit_hidden_size",
        ), 16,
    ),
    **dict.fromkeys(
        (
            "head_dim", "d_kv", "kv_channels", "dim_head", "d_head", "v_head_dim",
            "qk_nope_head_dim", "qk_rope_head_dim", "swa_head_dim", "linear_head_dim",
            "linear_key_head_dim", "linear_value_head_dim", "index_head_dim", "rotary_dim",
            "attention_head_size", "global_head_dim", "swa_v_head_dim", "query_pre_attn_scalar",
            "index_topk", "chunk_size", "mamba_chunk_size", "attention_chunk_size",
        ), 8,
    ),
    **dict.fromkeys(
        (
            "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts",
            "zero_expert_num",
        ), 4,
    ),
    **dict.fromkeys(
        ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "moe_top_k"), 2
    ),
    **dict.fromkeys(("n_group", "topk_group", "first_k_dense_replace", "n_shared_experts"), 1),
    **dict.fromkeys(
        (
            "max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "context_length",
            "max_source_positions", "max_target_positions", "max_encoder_position_embeddings",
            "max_decoder_position_embeddings", "model_max_length", "rel_extent",
        ), POSITIONS,
    ),
    **dict.fromkeys(("sliding_window", "sliding_window_size", "local_attention"), 64),
    **dict.fromkeys(
        ("pad_token_id", "decoder_start_token_id", "bos_token_id", "cls_token_id"), None
    ),
}  # fmt: skip
_TOKENS = {
    "pad_token_id": 0, "bos_token_id": 2, "cls_token_id": 2, "decoder_start_token_id": 2,
    "eos_token_id": 3, "sep_token_id": 3, "mask_token_id": 4, "forced_bos_token_id": None,
    "forced_eos_token_id": None, "question_token_id": 4,
}  # fmt: skip
_VOCABULARIES = (
    "vocab_size", "src_vocab_size", "tgt_vocab_size", "decoder_vocab_size", "entity_vocab_size",
    "vocab_size_per_layer_input", "pronunciation_vocab_size", "shape_vocab_size",
)  # fmt: skip

# What a type needs beyond that, by type; of a part, by the type of the part.
_T5 = {"decoder_start_token_id": 2}
_FOUR_LAYERS = {"num_hidden_layers": 4}
_ONE_KEY_EACH = {"num_key_value_heads": 4}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_ssm": 64, "mamba_n_groups": 1}
_OWN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        (
            "axk1",
            "axk2",
            "deepseek_v2",
            "deepseek_v3",
            "deepseek_v32",
            "glm4_moe_lite",
            "glm_moe_dsa",
            "longcat_flash",
            "minicpm3",
            "mistral4",
            "youtu",
            "dots3_note_text",
            "esmc",
        ),
        _ONE_KEY_EACH,
    ),
    "bailing_hybrid": {**_ONE_KEY_EACH, "layer_group_size": 2},
    "bamba": {**_MAMBA, "attn_layer_indices": [1]},
    "cohere_compass_text": {
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 1e4}}
    },
    "dbrx": {"attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8.0}},
    "falcon_h1": _MAMBA,
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gemma4_unified_vision": {"mm_embed_dim": 32, "mm_posemb_size": 16, "output_proj_dims": 32},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {**_MAMBA, "layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "mamba_dt_rank": 4},
    "kimi_linear": {**_ONE_KEY_EACH, "num_hidden_layers": 5},
    "layoutlmv3": {"coordinate_size": 6, "shape_size": 4},
    "led": {"attention_window": 8, "max_encoder_position_embeddings": 136},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "lfm3": _FOUR_LAYERS,
    "lilt": {"hidden_size": 48},
    "longformer": {"attention_window": 8, "max_position_embeddings": 136},
    "mamba2": {"num_heads": 8, "n_groups": 1},
    "neomme": {"head_dim": 16},
    "perceiver": {
        "num_latents": 8,
        "d_latents": 32,
        "train_size": [8, 8],
        "num_frames": 2,
        "audio_samples_per_frame": 16,
        "output_shape": [1, 2, 8, 8],
    },
    **dict.fromkeys(
        (
            "qwen3_5_text",
            "qwen3_5_moe_text",
            "qwen3_next",
            "olmo_hybrid",
        ),
        _FOUR_LAYERS,
    ),
    "qwen4_exp_text": {
        **_FOUR_LAYERS,
        "indexer_n_heads": 4,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 32,
        "indexer_compress_ratio": 4,
    },
    "recurrent_gemma": {"num_hidden_layers": 3, "lru_width": 32},
    "reformer": {
        "axial_pos_shape": [13, 10],
        "axial_pos_embds_dim": [16, 16],
        "attn_layers": ["local", "lsh"],
        "num_buckets": 2,
        "is_decoder": False,
    },
    "squeezebert": {"embedding_size": 32},
    "longt5": _T5,
    "switch_transformers": _T5,
    "t5": _T5,
    "xlstm": {"hidden_size": 64, "embedding_dim": 64, "qk_dim_factor": 1.0},
    "xmod": {"default_language": "en_XX"},
    "zamba": {"layers_block_type": ["linear_attention", "hybrid"] * 2, **_FOUR_LAYERS},
    "zamba2": {
        "layers_block_type": ["linear_attention", "hybrid"] * 2,
        **_FOUR_LAYERS,
        "n_mamba_heads": 8,
        "mamba_d_state": 8,
    },
    "zaya": {"num_experts_per_tok": 1},
}

_OWN_OF_HEAD = {"reformer-CausalLM": {"is_decoder": True, "attn_layers": ["local", "local"]}}

# Types that are not built, and why.
_PLACES = "needs the place of every word on its page"
_PICTURES, _SOUND = "needs pictures", "needs sound"
OUT_OF_SCOPE: dict[str, str] = {
    "bros": _PLACES,
    "blt": "its parts have sizes that are not told by its config's fields",
    "dots3_note": "its default config is refused with fewer than 42 layers",
    "gemma3n": "needs the library timm",
    "gemma4_assistant": "drafts for another model, and has no embeddings of its own",
    "gemma4_unified_assistant": "drafts for another model, and has no embeddings of its own",
    "layoutlmv2": "needs the library detectron2",
    "lxmert": _PICTURES,
    "emu3": _PICTURES,
    "mllama": _PICTURES,
    "musicgen": _SOUND,
    "musicgen_melody": _SOUND,
    "nemo_speechlm": _SOUND,
    "qwen3_asr": _SOUND,
    "vibevoice_asr": _SOUND,
    "voxtral_realtime": _SOUND,
}


@dataclass(frozen=True)
class Family:
    """A model type with one of its heads."""

    model_type: str
    auto_class: str

    @property
    def name(self) -> str:
        """The type and the head, fit for a folder: `bert-MaskedLM`."""
        return f"{self.model_type}-{self.auto_class.removeprefix('AutoModelFor')}"

    @property
    def task(self) -> str:
        """A task of the workbench that trains this head."""
        return HEADS[self.auto_class][1]

    def config(self, **changes: Any) -> Any:
        """Return a tiny config of this type; `changes` go over it."""
        import transformers

        own = _OWN_OF_HEAD.get(self.name, {})
        config = _tiny(transformers.CONFIG_MAPPING[self.model_type], own | changes)
        if self.auto_class in _LABELLED:
            config.id2label, config.label2id = dict(LABELS), {v: k for k, v in LABELS.items()}
        return config

    def model(self, seed: int = 0, **changes: Any) -> Any:
        """Return a model with random weights, in evaluation mode."""
        import torch
        import transformers

        config = self.config(**changes)
        auto = getattr(transformers, self.auto_class)
        with torch.device("meta"):
            size = sum(one.numel() for one in auto.from_config(config).parameters())
        if size > 3_000_000:
            raise ValueError(f"not tiny: {size:,} parameters")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = auto.from_config(config, dtype=torch.float32)
            for parameter in model.parameters():  # at 0.02 all tokens look alike
                if parameter.ndim == 2 and parameter.requires_grad:
                    torch.nn.init.normal_(parameter, std=0.1)
            for module in model.modules():
                if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None:
                    torch.nn.init.zeros_(module.weight.data[module.padding_idx])
        return model.eval()

    def make(self, path: Path, seed: int = 0, **changes: Any) -> Path:
        """Write config, weights and tokenizer to the folder `path` and return it."""
        model = self.model(seed, **changes)
        path.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(path)
        tokenizer(_segments(model)).save_pretrained(path)
        return path


_LABELLED = ("AutoModelForSequenceClassification", "AutoModelForTokenClassification")


def families(*model_types: str, auto_class: str = "") -> list[Family]:
    """Return every type with every head, or those of some types or of one head."""
    from transformers.models.auto import modeling_auto

    found = [
        Family(model_type, head)
        for head, (table, _) in HEADS.items()
        for model_type in getattr(modeling_auto, table)
        if auto_class in ("", head)
    ]
    chosen = [one for one in found if not model_types or one.model_type in model_types]
    return sorted(chosen, key=lambda one: (one.model_type, list(HEADS).index(one.auto_class)))


def core() -> list[Family]:
    """Return the families for quick tests."""
    return [Family(model_type, f"AutoModelFor{head}") for model_type, head in CORE]


def main_heads() -> list[Family]:
    """Return every type once, with the head that it was made for."""
    rank = ["Seq2SeqLM", "MaskedLM", "CausalLM", "QuestionAnswering", "TokenClassification"]
    order = [f"AutoModelFor{head}" for head in rank] + list(HEADS)
    ranked = sorted(families(), key=lambda one: (one.model_type, order.index(one.auto_class)))
    return list({one.model_type: one for one in reversed(ranked)}.values())[::-1]


def inputs_of(model: Any, auto_class: str) -> dict[str, Any]:
    """Return what a model reads of two texts, or of two pairs, of unequal length."""
    words = tokenizer(_segments(model))
    one, two = ["is the sky blue?", "the film"], ["yes, it is blue", "call now to win a free prize"]
    pair = (one, two) if auto_class == "AutoModelForQuestionAnswering" else (two,)
    batch = dict(words(*pair, padding=True, return_tensors="pt"))
    if model.config.model_type == "longformer":  # or it asks for the separators of its tokenizer
        batch["global_attention_mask"] = (batch["input_ids"] == 2).long()
    if auto_class == "AutoModelForSeq2SeqLM":
        batch["decoder_input_ids"] = words(one, padding=True, return_tensors="pt")["input_ids"]
    taken = inspect.signature(model.forward).parameters
    return {name: value for name, value in batch.items() if name in taken}


@cache
def tokenizer(segments: bool = False) -> Any:
    """Return the tokenizer of all families; with `segments`, it numbers the texts of a pair."""
    from transformers import PreTrainedTokenizerFast

    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_file=_pieces(),
        model_max_length=128,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"] if segments else names,
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", bos_token="[CLS]", eos_token="[SEP]",
    )  # fmt: skip


@cache
def _pieces() -> str:
    """Return the file of the word pieces; trained once, for ties are settled by chance."""
    return str(make_tiny_tokenizer(Path(mkdtemp()), max_tokens=128) / "tokenizer.json")


def _segments(model: Any) -> bool:
    """Say whether a model reads the numbers of the texts of a pair."""
    return (
        "token_type_ids" in inspect.signature(model.forward).parameters
        and (getattr(model.config, "type_vocab_size", 0) or 0) >= 2
    )


def _tiny(kind: Any, changes: dict[str, Any]) -> Any:
    """Return a config of a class with everything that is a size made small."""
    from transformers import CONFIG_MAPPING, PreTrainedConfig

    own = _OWN.get(kind.model_type, {})
    fields = inspect.signature(kind).parameters
    names = {*fields, *kind.attribute_map}
    settings: dict[str, Any] = {}
    for name in names:
        usual = fields[name].default if name in fields else None
        if name in _VOCABULARIES:
            settings[name] = len(tokenizer())
        elif name in _TOKENS:
            settings[name] = _TOKENS[name]
        elif name in _SMALL and (type(usual) is int or usual is None) and name in fields:
            settings[name] = _SMALL[name]
    for name, part in kind.sub_configs_defaults.items():
        fixed = issubclass(part.config_class, PreTrainedConfig)
        inner = part.config_class if fixed else CONFIG_MAPPING[part.model_type]
        settings[name] = _tiny(inner, {})
    return kind(**(settings | own | changes))
