"""A sentence that is looked into is read as its run reads texts."""

import pytest

from tests.tiny_models import make_tiny_bert
from tests.tiny_writers import make_tiny_bart
from workbench.attention import attend
from workbench.attention.texts import read_text
from workbench.models import load_tokenizer
from workbench.spec import RunSpec
from workbench.tasks._encode import TextEncoder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    from transformers import AutoModel

    folder = make_tiny_bert(tmp_path_factory.mktemp("bert"))
    return AutoModel.from_pretrained(folder), load_tokenizer(folder)


def test_control_tokens_are_text_but_for_the_mask(bert):
    model, tokenizer = bert
    reading = read_text(model, tokenizer, "good [SEP] [MASK] film", None, 32)
    assert reading.ids.count(tokenizer.sep_token_id) == 1
    assert reading.ids.count(tokenizer.mask_token_id) == 1
    source = reading.sequences["source"]
    place = reading.ids.index(tokenizer.mask_token_id)
    assert source.tokens[place] == "[MASK]"
    assert source.spans[place] == (11, 17)
    assert source.special == [True, *[False] * (len(source) - 2), True]


def test_a_pair_is_text_on_both_sides(bert):
    model, tokenizer = bert
    reading = read_text(model, tokenizer, "good [SEP]", "bad [CLS]", 32)
    assert reading.ids.count(tokenizer.sep_token_id) == 2
    assert reading.ids.count(tokenizer.cls_token_id) == 1


def test_what_a_decoder_reads_is_text(tmp_path):
    from transformers import AutoModelForSeq2SeqLM

    folder = make_tiny_bart(tmp_path / "bart")
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder), load_tokenizer(folder)
    reading = read_text(model, tokenizer, "good </s>", "bad </s> film", 32)
    assert reading.ids.count(tokenizer.eos_token_id) == 1
    assert reading.target_ids.count(tokenizer.eos_token_id) == 1  # it begins with that
    assert reading.target_ids[0] == model.config.decoder_start_token_id


def test_a_run_of_fill_mask_keeps_masks_others_read_them_as_text(bert):
    _, tokenizer = bert
    for task, kept in (("fill-mask", {"[MASK]"}), ("text-classification", set())):
        spec = RunSpec().replace({"task": task})
        assert attend.asking_encoder(spec, tokenizer) == TextEncoder(tokenizer, frozenset(kept))
    keeps = RunSpec().replace({"data.special_tokens_in_text": "keep"})
    assert attend.asking_encoder(keeps, tokenizer).kept is None
