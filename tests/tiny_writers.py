"""Tiny encoder-decoders with tokenizers of their own kind, random weights, written in a second."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from tests.tiny_models import SENTENCES

_BART = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
    "max_position_embeddings": 64, "init_std": 0.1, "dropout": 0.0,
}  # fmt: skip


def _pieces(path: Path) -> list[tuple[str, float]]:
    """Train a sentencepiece model, write it to `path`, and return its pieces with their scores."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*SENTENCES, "summarize:"]), model_writer=model, vocab_size=120,
        minloglevel=2, hard_vocab_limit=False,
    )  # fmt: skip
    path.write_bytes(model.getvalue())
    found = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [(found.id_to_piece(n), found.get_score(n)) for n in range(found.get_piece_size())]


def _save(path: Path, config: Any, head: str, tokenizer: Any, **settings: Any) -> Path:
    import torch
    import transformers

    tokenizer.save_pretrained(path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        # M2M-100 has its languages behind a gap.
        languages = getattr(tokenizer, "lang_code_to_id", {}).values()
        size = 1 + max([len(tokenizer) - 1, *languages])
        model = getattr(transformers, head)(config(vocab_size=size, **settings))
    model.save_pretrained(path)
    return path


def make_tiny_t5(path: Path) -> Path:
    """Write a T5 with a unigram tokenizer; its decoder begins with the padding token."""
    from transformers import T5Config, T5Tokenizer

    path.mkdir(parents=True)
    pieces = [piece for piece in _pieces(path / "spiece.model") if piece[0] not in ("<s>", "</s>")]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), *pieces]
    tokenizer = T5Tokenizer(vocab=vocab, extra_ids=0, model_max_length=64)
    return _save(
        path, T5Config, "T5ForConditionalGeneration", tokenizer,
        d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, n_positions=64,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, dropout_rate=0.0,
    )  # fmt: skip


def make_tiny_bart(path: Path) -> Path:
    """Write a BART with a byte-level tokenizer; as published, it asks for beams and a length."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import BartConfig, PreTrainedTokenizerFast

    path.mkdir(parents=True)
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=specials, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    raw.train_from_iterator(SENTENCES, trainer)
    raw.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        cls_token="<s>", sep_token="</s>", unk_token="<unk>", mask_token="<mask>",
        model_max_length=64,
    )  # fmt: skip
    _save(path, BartConfig, "BartForConditionalGeneration", tokenizer, **_BART)
    own = {"num_beams": 4, "min_length": 56, "max_length": 60, "decoder_start_token_id": 2}
    own |= {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1, "forced_bos_token_id": 0}
    (path / "generation_config.json").write_text(json.dumps(own), "utf-8")
    return path


def make_tiny_marian(path: Path) -> Path:
    """Write a Marian with two sentencepiece models and one vocabulary, padding last."""
    from transformers import MarianConfig, MarianTokenizer

    path.mkdir(parents=True)
    names = [name for name, _ in _pieces(path / "source.spm") if name not in ("<s>", "</s>")]
    (path / "target.spm").write_bytes((path / "source.spm").read_bytes())
    vocab = {name: number for number, name in enumerate(["</s>", *names, "<pad>"])}
    (path / "vocab.json").write_text(json.dumps(vocab), "utf-8")
    tokenizer = MarianTokenizer(
        str(path / "source.spm"), str(path / "target.spm"), str(path / "vocab.json"),
        source_lang="en", target_lang="zh", model_max_length=64,
    )  # fmt: skip
    pad = vocab["<pad>"]
    return _save(
        path, MarianConfig, "MarianMTModel", tokenizer,
        **_BART, pad_token_id=pad, decoder_start_token_id=pad, eos_token_id=0,
        forced_eos_token_id=0,
    )  # fmt: skip


def make_tiny_m2m(path: Path) -> Path:
    """Write an M2M-100: what it reads begins with a token for its language, what it writes too."""
    from transformers import M2M100Config, M2M100Tokenizer

    path.mkdir(parents=True)
    names = [n for n, _ in _pieces(path / "m.spm") if n not in ("<s>", "</s>", "<unk>")]
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    vocab = {name: number for number, name in enumerate([*specials, *names])}
    (path / "v.json").write_text(json.dumps(vocab), "utf-8")
    tokenizer = M2M100Tokenizer(
        str(path / "v.json"), str(path / "m.spm"), src_lang="en", tgt_lang="fr", model_max_length=64
    )
    return _save(
        path, M2M100Config, "M2M100ForConditionalGeneration", tokenizer,
        **_BART, decoder_start_token_id=2, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip


def make_tiny_mbart(path: Path, fifty: bool = True) -> Path:
    """Write an mBART-50, or the first mBART, which has its language in place of a start token."""
    import transformers

    path.mkdir(parents=True)
    pieces = _pieces(path / "m.spm")
    kind = "MBart50Tokenizer" if fifty else "MBartTokenizer"
    named = [piece for piece in pieces if piece[0] not in ("<s>", "</s>", "<unk>")]
    head = [(name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    vocab = pieces if fifty else [*head, *named]
    tokenizer = getattr(transformers, kind)(vocab=vocab, model_max_length=64)
    return _save(
        path, transformers.MBartConfig, "MBartForConditionalGeneration", tokenizer,
        **_BART, decoder_start_token_id=2, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip


def make_tiny_nllb(path: Path) -> Path:
    """Write an NLLB: an M2M-100 with another tokenizer, whose languages have their scripts."""
    from transformers import M2M100Config, NllbTokenizer

    path.mkdir(parents=True)
    letters = sorted(set("".join(SENTENCES)) - {" "})
    vocab = {one: n for n, one in enumerate(["<s>", "<pad>", "</s>", "<unk>", "▁", *letters])}
    tokenizer = NllbTokenizer(vocab=vocab, merges=[], model_max_length=64)
    return _save(
        path, M2M100Config, "M2M100ForConditionalGeneration", tokenizer,
        **_BART, decoder_start_token_id=2, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip


WRITERS = {
    "t5": make_tiny_t5,
    "bart": make_tiny_bart,
    "marian": make_tiny_marian,
    "m2m": make_tiny_m2m,
    "nllb": make_tiny_nllb,
    "mbart50": make_tiny_mbart,
    "mbart": lambda path: make_tiny_mbart(path, fifty=False),
}
