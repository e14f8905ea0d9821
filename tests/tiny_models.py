"""Tiny real models for tests, written in a second and without network.

The folder has the standard layout of transformers: `config.json`, `model.safetensors`,
`tokenizer.json`, `tokenizer_config.json`.
"""

from __future__ import annotations

from pathlib import Path

SENTENCES = (
    "the film was wonderful and the crew was kind",
    "the flight was late and the food was terrible",
    "a good story with a happy ending",
    "a bad plot with an awful ending",
    "I love this place, it is great!",
    "I hate this place; it is the worst.",
    "is the sky blue? yes, it is blue",
    "call now to win a free prize",
    "see you at home for dinner tonight",
    "这部电影很好看",
)


def make_tiny_tokenizer(path: Path, max_tokens: int = 64) -> Path:
    """Write a word-piece tokenizer trained on `SENTENCES` to the folder `path`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=specials, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    BertTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=max_tokens, do_lower_case=True
    ).save_pretrained(path)
    return path


def make_tiny_bert(
    path: Path, labels: list[str] | None = None, seed: int = 0, spread: float = 0.02
) -> Path:
    """Write a BERT of 2 layers, 2 heads and hidden size 16 to the folder `path`.

    Without `labels` it is a bare encoder, to be fine-tuned; with them, a classifier. `spread` is
    the standard deviation of its weights: at 0.02 every token looks at all others alike.
    """
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel

    make_tiny_tokenizer(path)
    names = dict(enumerate(labels or ["no", "yes"]))
    config = BertConfig(
        vocab_size=len(AutoTokenizer.from_pretrained(path)),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=spread,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertForSequenceClassification(config) if labels else BertModel(config)
    model.save_pretrained(path)
    return path


def make_tiny_llama(path: Path, template: str | None = None) -> Path:
    """Write a Llama of 2 layers with a byte-level tokenizer: no padding token, no mask token.

    `template` is the chat template of the tokenizer.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*SENTENCES, "### Instruction: ### Response:"], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=128
    )
    fast.chat_template = template
    fast.save_pretrained(path)
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128,
        bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(path)
    return path
