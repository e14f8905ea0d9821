"""Tokens are shown as the text they stand for, with every kind of tokenizer."""

import json

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_writers import make_tiny_t5
from workbench.models import load_tokenizer
from workbench.tasks._pieces import readable_tokens, token_text


def shown(tokenizer, text):
    return readable_tokens(tokenizer, tokenizer(text, add_special_tokens=False)["input_ids"])


def test_bytes_are_shown_as_characters_and_parts_of_one_say_which(tmp_path):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    assert "".join(shown(tokenizer, "the film\nwas")) == "the▁film⏎was"
    tokens = shown(tokenizer, "天é the")
    assert tokens == ["天⟨1/3⟩", "天⟨2/3⟩", "天⟨3/3⟩", "é⟨1/2⟩", "é⟨2/2⟩", "▁the"]
    known = tokenizer("</s>")["input_ids"]
    assert readable_tokens(tokenizer, known)[-1] == "</s>"


def test_bytes_that_are_no_character_are_written_as_bytes(tmp_path):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    ids = tokenizer("天", add_special_tokens=False)["input_ids"]
    assert readable_tokens(tokenizer, ids[:2]) == ["<0xE5>", "<0xA4>"]
    assert readable_tokens(tokenizer, [ids[1], *ids]) == ["<0xA4>", *shown(tokenizer, "天")]


def test_a_part_of_a_character_alone_is_written_as_its_bytes(tmp_path):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    ids = tokenizer("天 the\n", add_special_tokens=False)["input_ids"]
    alone = [token_text(tokenizer, one) for one in ids]
    assert alone[:3] == ["<0xE5>", "<0xA4>", "<0xA9>"]
    assert "".join(alone[3:]) == " the\n"
    assert token_text(tokenizer, tokenizer.eos_token_id) == "</s>"


def test_accents_are_letters_where_pieces_are_text(tmp_path):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [("<unk>", 0.0), ("▁très", -1.0), ("▁", -2.0), ("bièn", -3.0), ("å", -3.0)]
    plain = Tokenizer(models.Unigram(pieces, unk_id=0))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, unk_token="<unk>")
    assert shown(tokenizer, "très bièn å") == ["▁très", "▁", "bièn", "▁", "å"]


def test_bytes_of_a_fallback_are_shown_as_characters(tmp_path):
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    bytes_ = {f"<0x{number:02X}>": number + 1 for number in range(256)}
    plain = Tokenizer(models.BPE(vocab={"<unk>": 0, **bytes_}, merges=[], byte_fallback=True))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, unk_token="<unk>")
    assert shown(tokenizer, "天") == ["天⟨1/3⟩", "天⟨2/3⟩", "天⟨3/3⟩"]


def test_word_pieces_and_unknown_numbers_are_as_they_are(tmp_path):
    tokenizer = load_tokenizer(make_tiny_bert(tmp_path / "b"))
    assert shown(tokenizer, "films") == tokenizer.tokenize("films")
    assert readable_tokens(tokenizer, [10**6]) == ["<1000000>"]
    writer = load_tokenizer(make_tiny_t5(tmp_path / "t"))
    ids = writer("the film")["input_ids"]
    assert json.dumps(readable_tokens(writer, ids)) == json.dumps(writer.convert_ids_to_tokens(ids))
