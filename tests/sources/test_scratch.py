import json

import pytest

from workbench.errors import SourceError
from workbench.models import load_model, load_tokenizer
from workbench.models.card import card_of
from workbench.sources import find_data, find_model


def test_it_has_config_and_tokenizer_and_no_weights(tree, use_catalogue, cache, tiny_bert):
    use_catalogue(tree)
    found = find_model("scratch:minilm")
    assert not found.pretrained
    assert found.path.is_relative_to(cache / "scratch")
    names = {p.name for p in found.path.iterdir()}
    assert {"config.json", "tokenizer.json", "tokenizer_config.json"} <= names
    assert not any("safetensors" in name for name in names)
    config = json.loads((found.path / "config.json").read_text("utf-8"))
    original = json.loads((tiny_bert / "config.json").read_text("utf-8"))
    assert config == original


def test_a_small_config_changes_the_measures_and_keeps_the_vocabulary(tree, use_catalogue):
    use_catalogue(tree)
    config = json.loads((find_model("scratch:bert-tiny").path / "config.json").read_text("utf-8"))
    assert (config["num_hidden_layers"], config["hidden_size"]) == (2, 128)
    base = json.loads((find_model("wheel:minilm").path / "config.json").read_text("utf-8"))
    assert config["vocab_size"] == base["vocab_size"]


def test_the_revision_pins_the_config(tree, use_catalogue):
    use_catalogue(tree)
    first = find_model("scratch:bert-tiny")
    assert find_model("scratch:bert-tiny", first.revision) == first
    assert find_model("scratch:minilm").revision != first.revision
    with pytest.raises(SourceError, match=r"is pinned at revision .*, and other is asked for"):
        find_model("scratch:bert-tiny", "other")


def test_an_unknown_name_gives_the_nearest():
    with pytest.raises(SourceError) as caught:
        find_model("scratch:bert-tny")
    assert str(caught.value) == "there is no scratch model 'bert-tny'; choose scratch:bert-tiny"


def test_there_is_no_data_from_scratch():
    with pytest.raises(SourceError) as caught:
        find_data("scratch:minilm")
    assert str(caught.value) == (
        "scratch:minilm is not data: scratch: is for models with random weights; give a path, "
        "wheel:NAME or a hub id such as org/name"
    )


def test_one_that_writes_bytes_needs_no_base(tree, use_catalogue, monkeypatch, tmp_path):
    use_catalogue(tree | {"models": {}, "wheels": {}, "data": {}})
    found = find_model("scratch:m2m-tiny")
    assert {p.name for p in found.path.iterdir()} == {"config.json", "tokenizer_config.json"}
    tokenizer = load_tokenizer(found)
    ids = tokenizer("打开 é")["input_ids"]
    assert len(ids) == len("打开 é".encode()) + 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == "打开 é"
    assert tokenizer.model_max_length == 512
    model = load_model(found, "AutoModelForSeq2SeqLM", [], 1)
    assert max(ids) < model.config.vocab_size
    assert model.generation_config.decoder_start_token_id == tokenizer.pad_token_id
    assert card_of(found).layers == 3
