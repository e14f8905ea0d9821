"""A tokenizer trained on the data, for models that begin with random weights.

A pretrained model knows its tokenizer's entries by number, so it can only be used with its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import ModelError, shorten
from ..sources import FoundModel, cache_dir
from .folder import read_config
from .load import load_tokenizer

SPECIAL_TOKENS = {
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}  # fmt: skip
# What writes needs capitals and lines, for people read it; a causal model also a token to end with.
WRITERS = ("AutoModelForSeq2SeqLM", "AutoModelForCausalLM")
ENDS_OF_TEXT = {"bos_token": SPECIAL_TOKENS["cls_token"], "eos_token": SPECIAL_TOKENS["sep_token"]}
SMALLEST_TEXT = 1000
LONGEST_WORD_BYTES = 1_000_000


def require_random_weights(found: FoundModel, kind: str) -> None:
    """Refuse to give a pretrained model another tokenizer.

    Raises:
        ModelError: saying what could be done instead.
    """
    if found.pretrained:
        raise ModelError(
            "model.tokenizer: {kind!r} is trained on the data, but {place} was pretrained with a "
            "tokenizer of its own",
            "set model.tokenizer to pretrained, or model.source to a scratch: model",
            kind=kind,
            place=shorten(found.place),
        ).at("model.tokenizer", kind, "does_not_go_with")


def with_own_tokenizer(
    found: FoundModel, texts: Iterable[str], kind: str, vocab_size: int, auto_class: str = ""
) -> FoundModel:
    """Return the model with a tokenizer trained on texts, kept for when they come again.

    `kind` is `wordpiece`, `bpe`, `unigram` or `character`; `auto_class` says what the model is to
    do.

    Raises:
        ModelError: the model is pretrained, the texts are too few, or the cache cannot be written.
    """
    require_random_weights(found, kind)
    texts = list(texts)
    if sum(map(len, texts)) < SMALLEST_TEXT:
        raise ModelError(
            "the training rows have {count:,} characters, too few to train a tokenizer on",
            "give at least {least:,}, or set model.tokenizer to pretrained",
            count=sum(map(len, texts)),
            least=SMALLEST_TEXT,
        ).at("model.tokenizer", kind, "too_few_rows")
    writes = auto_class if auto_class in WRITERS else ""
    digest = hashlib.sha256(f"{found.revision}\0{kind}\0{vocab_size}\0{writes}".encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(f"{len(raw)}:".encode() + raw)
    folder = cache_dir() / "scratch" / f"{found.path.name}-{kind}-{digest.hexdigest()[:16]}"
    if not (folder / "config.json").is_file():
        try:
            trained = train_tokenizer(texts, kind, vocab_size, bool(writes))
            _write(folder, found, trained, ENDS_OF_TEXT if "Causal" in writes else {})
        except OSError as error:
            raise ModelError(
                "cannot write the tokenizer to {folder} ({reason})",
                "set WORKBENCH_CACHE to a folder with room that you may write to",
                folder=folder,
                reason=error.strerror or error,
            ) from error
    return replace(found, path=folder)


def require_same_entries(tokenizer: Any, folder: Path) -> None:
    """Refuse to go on from a checkpoint that was learned with another tokenizer.

    Raises:
        ModelError: the one trained now has other entries than the one in `folder`.
    """
    if load_tokenizer(folder).get_vocab() != tokenizer.get_vocab():
        raise ModelError(
            "the tokenizer retrained on the data differs from the one of {folder}",
            "restore the cache folder in which it was kept, or start a new run",
            folder=folder.name,
        )


def train_tokenizer(texts: list[str], kind: str, vocab_size: int, writes: bool = False) -> Any:
    """Train a tokenizer of at most `vocab_size` entries and return it as `tokenizers` has it.

    Unless it `writes`, it reads all as lower case and without accents, and a new line as a blank.
    WordPiece takes Chinese characters one by one, as BERT does; BPE and Unigram also find words of
    several. The same texts give the same entries with the same numbers, on every machine.

    WordPiece entries are those that byte-pair merges give, and Unigram entries those that
    sentencepiece finds, for the library's own trainers settle ties by chance.

    Source: Schuster and Nakajima 2012 (WordPiece), Sennrich et al. 2016 (byte-pair encoding),
    Kudo 2018 (Unigram).
    """
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    specials = list(SPECIAL_TOKENS.values())
    unknown = SPECIAL_TOKENS["unk_token"]
    options: dict[str, Any] = {
        "vocab_size": vocab_size,
        "special_tokens": specials,
        "show_progress": False,
    }
    words = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Split("\n", behavior="isolated"),
        ]
    )
    trainer: Any
    match kind:
        case "wordpiece":
            tokenizer = Tokenizer(models.BPE(unk_token=unknown))
            tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            tokenizer.decoder = decoders.WordPiece()
            trainer = trainers.BpeTrainer(limit_alphabet=vocab_size, **options)
        case "bpe":
            tokenizer = Tokenizer(models.BPE(unk_token=unknown))
            tokenizer.pre_tokenizer, tokenizer.decoder = words, decoders.Metaspace()
            trainer = trainers.BpeTrainer(limit_alphabet=vocab_size, **options)
        case "unigram":
            tokenizer = Tokenizer(models.Unigram())
            tokenizer.pre_tokenizer, tokenizer.decoder = words, decoders.Metaspace()
        case "character":
            tokenizer = Tokenizer(models.WordLevel(unk_token=unknown))
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [
                    pre_tokenizers.WhitespaceSplit(),
                    pre_tokenizers.Split(Regex("."), behavior="isolated"),
                ]
            )
            tokenizer.decoder = decoders.Fuse()
            trainer = trainers.WordLevelTrainer(**options)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=not writes,
        handle_chinese_chars=kind == "wordpiece",
        lowercase=not writes,
        strip_accents=not writes,
    )
    if kind == "unigram":
        pieces = _unigram_pieces(tokenizer, texts, vocab_size)
        tokenizer.model = models.Unigram(pieces, unk_id=specials.index(unknown))
        tokenizer.add_special_tokens(specials)
    else:
        tokenizer.train_from_iterator(texts, trainer)
    if kind == "wordpiece":
        entries = _word_pieces(tokenizer, texts, vocab_size)
        tokenizer.model = models.WordPiece(entries, unk_token=unknown)
    first, last = SPECIAL_TOKENS["cls_token"], SPECIAL_TOKENS["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (first, last)],
    )
    return tokenizer


def _unigram_pieces(tokenizer: Any, texts: list[str], vocab_size: int) -> list[tuple[str, float]]:
    """Return the special tokens and the pieces of words, each with its log probability.

    Where there are more characters than entries, the rarest are left out.
    """
    import sentencepiece

    words: Counter[str] = Counter()
    for text in texts:
        plain = tokenizer.normalizer.normalize_str(text)
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(plain))
    letters: Counter[str] = Counter()
    for word, count in words.items():
        for letter in word:
            letters[letter] += count
    room = vocab_size - len(SPECIAL_TOKENS)
    kept = set(sorted(letters, key=lambda letter: (-letters[letter], letter))[:room])
    lines: Counter[str] = Counter()
    for word, count in words.items():
        for known, part in groupby(word, kept.__contains__):
            if known:
                lines["".join(part).replace("▁", " ")] += count
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(f"{line}\t{lines[line]}" for line in sorted(lines)),
        input_format="tsv",
        model_writer=model,
        vocab_size=room + 1,  # with a token for the unknown, which is not taken over
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
        max_sentence_length=LONGEST_WORD_BYTES,
        bos_id=-1,
        eos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    found = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [
        (found.id_to_piece(number), found.get_score(number))
        for number in range(1, found.get_piece_size())
    ]
    return [*((token, 0.0) for token in SPECIAL_TOKENS.values()), *pieces]


def _word_pieces(tokenizer: Any, texts: list[str], vocab_size: int) -> dict[str, int]:
    """Return the pieces that words are cut into, numbered: characters, then by how often."""
    counts: Counter[str] = Counter()
    for encoded in tokenizer.encode_batch(texts, add_special_tokens=False):
        before = None
        for token, word in zip(encoded.tokens, encoded.word_ids, strict=True):
            counts[token if word != before else f"##{token}"] += 1
            before = word
    letters = {letter for piece in counts for letter in piece.removeprefix("##")}
    both = sorted(letters) + sorted(f"##{letter}" for letter in letters)
    often = sorted(counts, key=lambda piece: (-counts[piece], piece))
    pieces = dict.fromkeys([*SPECIAL_TOKENS.values(), *both, *often])
    return {piece: number for number, piece in enumerate(list(pieces)[:vocab_size])}


def _write(folder: Path, found: FoundModel, tokenizer: Any, ends: dict[str, str]) -> None:
    """Write config and tokenizer whole or not at all."""
    from transformers import PreTrainedTokenizerFast

    config = read_config(found.path)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=config.get("max_position_embeddings", 512),
        **SPECIAL_TOKENS,
        **ends,
    )
    changed = {"vocab_size": len(fast), "pad_token_id": fast.pad_token_id}
    if ends:
        changed |= {"bos_token_id": fast.bos_token_id, "eos_token_id": fast.eos_token_id}
    elif config.get("is_encoder_decoder"):
        changed |= {
            "bos_token_id": fast.cls_token_id,
            "decoder_start_token_id": fast.cls_token_id,
            "eos_token_id": fast.sep_token_id,
        }
    partial = folder.with_name(f".partial-{uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        fast.save_pretrained(partial)
        content = json.dumps(config | changed, indent=1, sort_keys=True)
        (partial / "config.json").write_text(content, "utf-8")
        if not folder.exists():
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
