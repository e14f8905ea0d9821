"""Tiny GGUF files, written with the package gguf as llama.cpp's converter writes them."""

from __future__ import annotations

import json
from pathlib import Path


def write_gguf(source: Path, path: Path, kind: str = "F32", **fields: object) -> Path:
    """Write the Llama of a folder, with a byte-level tokenizer, as the GGUF file `path`.

    `kind` is the format of the matrices; `fields` are further ones of its header.
    """
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    config = json.loads((source / "config.json").read_text("utf-8"))
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(config["vocab_size"])
    vocabulary = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    special = {token["content"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token in special else 1 for token in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    template = source / "chat_template.jinja"
    if template.is_file():
        writer.add_chat_template(template.read_text("utf-8"))
    for name, value in fields.items():
        add = writer.add_uint16 if isinstance(value, int) else writer.add_string
        add(name.replace("__", "."), value)
    quantised = gguf.GGMLQuantizationType[kind]
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, tensor in load_file(source / "model.safetensors").items():
        values = tensor.astype(np.float32)
        if name.endswith("q_proj.weight") or name.endswith("k_proj.weight"):
            values = _interleaved(values, heads if "q_proj" in name else kv)
        plain = names.get_name(name, (".weight",))
        matrix = values.ndim == 2 and kind != "F32"
        content = gguf.quants.quantize(values, quantised) if matrix else values
        writer.add_tensor(plain, content, raw_dtype=quantised if matrix else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _interleaved(weights, heads):
    """Return the rows of queries or keys in the order that llama.cpp's rotation wants."""
    rows, columns = weights.shape
    split = weights.reshape(heads, 2, rows // heads // 2, columns)
    return split.swapaxes(1, 2).reshape(rows, columns)
