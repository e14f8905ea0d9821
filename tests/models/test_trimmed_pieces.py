"""A tokenizer with fewer pieces, of every kind: against the one with all of them."""

import json
import random

import pytest

from tests.tiny_models import SENTENCES
from workbench.errors import ModelError
from workbench.models.trimmed_pieces import kept_pieces, require_pieces, with_pieces

MET = [
    *SENTENCES[:4],
    SENTENCES[9],
    "Wonderful wonderful film",
    "naïve café  twice",
    "好看的电影 100%",
]
TRAINED_ON = [
    *SENTENCES, *MET, "今天天气很好,我们去公园。", "本当に面白い映画でした", "déjà vu <b> x²",
    "unforgettable understanding misunderstanding", "the thermal theatre of the theorem",
]  # fmt: skip
CHARACTERS = sorted({letter for text in TRAINED_ON for letter in text})


def trained(kind: str):
    """Train a tokenizer as the well-known families have it."""
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )  # fmt: skip

    bytes_ = [f"<0x{number:02X}>" for number in range(256)]
    if kind.startswith("unigram"):
        with_bytes = kind == "unigram-bytes"
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        specials = ["<s>", "<pad>", "</s>", "<unk>", *(bytes_ if with_bytes else ())]
        trainer = trainers.UnigramTrainer(
            vocab_size=600, special_tokens=specials, unk_token="<unk>", show_progress=False
        )
        tokenizer.train_from_iterator(TRAINED_ON, trainer)
        if with_bytes:
            tree = json.loads(tokenizer.to_str())
            tree["model"]["byte_fallback"] = True
            tree["added_tokens"] = [t for t in tree["added_tokens"] if "0x" not in t["content"]]
            tokenizer = Tokenizer.from_str(json.dumps(tree))
        first, last = "<s>", "</s>"
    elif kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(
            vocab_size=600, special_tokens=specials, show_progress=False
        )
        tokenizer.train_from_iterator(TRAINED_ON, trainer)
        first, last = "[CLS]", "[SEP]"
    else:
        bytes_first = kind == "bpe-fallback"
        given = {"unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True}
        words = {"unk_token": "<unk>", "end_of_word_suffix": "</w>"}
        options = given if bytes_first else words if kind == "bpe-suffix" else {}
        tokenizer = Tokenizer(models.BPE(**options, ignore_merges=kind == "bpe-ignoring"))
        specials = ["<unk>", "<s>", "</s>", *(bytes_ if bytes_first else ())]
        how = {"vocab_size": 700, "special_tokens": specials, "show_progress": False}
        if bytes_first:
            tokenizer.normalizer = normalizers.Sequence(
                [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
            )
            tokenizer.decoder = decoders.Sequence(
                [
                    decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                    decoders.Strip(" ", 1, 0),
                ]
            )  # fmt: skip
        elif kind == "bpe-suffix":
            tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            tokenizer.decoder = decoders.BPEDecoder("</w>")
            how["end_of_word_suffix"] = "</w>"
        else:
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            tokenizer.decoder = decoders.ByteLevel()
            how["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
        tokenizer.train_from_iterator(TRAINED_ON, trainers.BpeTrainer(**how))
        first, last = "<s>", "</s>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B {last}",
        special_tokens=[(one, tokenizer.token_to_id(one)) for one in (first, last)],
    )
    tokenizer.add_tokens(["<extra>"])
    return tokenizer


KINDS = (
    "unigram", "unigram-bytes", "wordpiece", "bpe-bytes", "bpe-ignoring", "bpe-fallback",
    "bpe-suffix",
)  # fmt: skip


def trimmed(tokenizer, met):
    from tokenizers import Tokenizer

    tree = json.loads(tokenizer.to_str())
    used = {number for text in met for number in tokenizer.encode(text).ids}
    fewer, order = with_pieces(tree, kept_pieces(tree, used))
    return Tokenizer.from_str(json.dumps(fewer)), order


def unknown(tokenizer) -> str:
    model = json.loads(tokenizer.to_str())["model"]
    if model["type"] == "Unigram":
        return model["vocab"][model["unk_id"]][0]
    return model["unk_token"] or ""


@pytest.mark.parametrize("kind", KINDS)
def test_texts_that_were_met_are_cut_as_before(kind):
    whole = trained(kind)
    fewer, order = trimmed(whole, MET)
    assert fewer.get_vocab_size() == len(order) < whole.get_vocab_size()
    for text in [*MET, "<extra>", f"{MET[0]} <extra> {MET[1]}"]:
        one, two = whole.encode(text), fewer.encode(text)
        assert two.tokens == one.tokens
        assert [order[number] for number in two.ids] == one.ids
        assert two.offsets == one.offsets and two.type_ids == one.type_ids
    pair = whole.encode(*MET[:2]), fewer.encode(*MET[:2])
    assert [order[number] for number in pair[1].ids] == pair[0].ids


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_keeps_its_name_and_has_one_number_without_a_gap(kind):
    whole = trained(kind)
    fewer, order = trimmed(whole, MET)
    names = fewer.get_vocab()
    assert sorted(names.values()) == list(range(len(order)))
    assert {name: order[number] for name, number in names.items()} == {
        name: whole.token_to_id(name) for name in names
    }
    assert {t.content for t in whole.get_added_tokens_decoder().values()} == {
        t.content for t in fewer.get_added_tokens_decoder().values()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_becomes_unknown_and_texts_are_written_back_as_before(kind):
    """Of texts that were never met, drawn from all characters that the tokenizer has seen."""
    whole = trained(kind)
    fewer, _ = trimmed(whole, MET)
    rng, name = random.Random(0), unknown(whole)
    drawn = ["".join(rng.choices(CHARACTERS, k=rng.randrange(1, 40))) for _ in range(300)]
    for text in [*TRAINED_ON, *drawn, "ҝ never seen ☃", "", " "]:
        one, two = whole.encode(text), fewer.encode(text)
        assert two.tokens.count(name) <= one.tokens.count(name)
        assert fewer.decode(two.ids) == whole.decode(one.ids)


def test_a_character_that_only_longer_pieces_hold_stays_known():
    from tokenizers import Tokenizer, models, pre_tokenizers

    pieces = ["[UNK]", "a", "##a", "b", "##b", "qu", "##qu", "##bz", "ab", "ba"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    whole = Tokenizer(models.WordPiece(vocab=numbers, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    fewer, _ = trimmed(whole, ["ab"])
    assert "ba" not in fewer.get_vocab()
    assert fewer.encode("quaqu abz bqu").tokens == whole.encode("quaqu abz bqu").tokens
    assert fewer.encode("ba").tokens == ["b", "##a"]


def test_words_without_pieces_are_refused():
    from tokenizers import Tokenizer, models

    tree = json.loads(Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a")).to_str())
    with pytest.raises(ModelError) as caught:
        require_pieces(tree, "scratch:x")
    assert str(caught.value) == (
        "model.trim_vocabulary: scratch:x has a tokenizer of the kind WordLevel, which knows whole "
        "words only: each word that is taken out of it would be unknown; set "
        "model.trim_vocabulary to false"
    )
