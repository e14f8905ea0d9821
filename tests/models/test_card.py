import json
from dataclasses import replace

import pytest

from workbench.errors import ModelError
from workbench.models import ModelCard, estimate_memory, load_model, model_card
from workbench.models.card import card_of

README = """---
license: apache-2.0
language:
- en
- zh
datasets: [wikipedia, bookcorpus]
---
# A model
"""


def test_a_card_counts_the_parameters_that_the_loaded_model_has(found):
    card = model_card(str(found.path))
    model = load_model(found, "AutoModelForSequenceClassification", ["a", "b"], 1)
    assert card.parameters == sum(p.numel() for p in model.bert.parameters())


def test_a_card_gives_the_measures_of_the_config(folder):
    card = model_card(str(folder))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert (card.architecture, card.model_type) == ("BertModel", "bert")
    assert (card.layers, card.heads, card.kv_heads, card.hidden_size) == (2, 2, 2, 16)
    assert (card.vocabulary, card.context_tokens) == (config["vocab_size"], 64)
    assert card.size_bytes == sum(file.stat().st_size for file in folder.iterdir())
    assert card.pretrained
    assert (card.source, card.title) == (str(folder), "bert")


def test_a_card_knows_what_the_readme_says(folder):
    (folder / "README.md").write_text(README, "utf-8")
    card = model_card(str(folder))
    assert card.licence == "apache-2.0"
    assert card.language == "en, zh"
    assert card.pretraining_data == "wikipedia, bookcorpus"


@pytest.mark.parametrize("text", ["", "# no head", "---\n: : [\n---\n", "---\n- a list\n---\n"])
def test_a_readme_that_says_nothing_leaves_the_card_empty(text, folder):
    (folder / "README.md").write_text(text, "utf-8")
    assert model_card(str(folder)).licence == ""


def test_what_the_catalogue_says_comes_before_the_readme(found):
    (found.path / "README.md").write_text(README, "utf-8")
    known = replace(found, about={"licence": "MIT", "title": "Tiny"})
    card = card_of(known)
    assert (card.licence, card.title, card.language) == ("MIT", "Tiny", "en, zh")


def test_a_card_estimates_memory_for_batch_and_tokens(folder):
    card = model_card(str(folder), batch=4, tokens=1000)
    memory = estimate_memory(card.parameters, 2, 16, 2, batch=4, tokens=64, intermediate_size=32)
    assert (card.run_bytes, card.train_bytes) == (memory.run, memory.train)
    assert (card.batch, card.tokens) == (4, 1000)


def test_a_model_from_scratch_has_the_same_measures_and_no_history(found):
    (found.path / "README.md").write_text(README, "utf-8")
    pretrained = card_of(found)
    for file in found.path.glob("*.safetensors"):
        file.unlink()
    card = card_of(replace(found, pretrained=False))
    assert card.parameters == pretrained.parameters
    assert not card.pretrained
    assert card.pretraining_data == ""


def test_other_names_of_the_measures_are_understood(found):
    config = {"model_type": "gpt2", "n_layer": 3, "n_head": 4, "n_embd": 32, "n_positions": 128}
    (found.path / "config.json").write_text(json.dumps(config), "utf-8")
    card = card_of(found)
    assert (card.layers, card.heads, card.kv_heads, card.hidden_size) == (3, 4, 4, 32)
    assert card.context_tokens == 128


def test_grouped_heads_are_kept_apart(found):
    config = {"model_type": "llama", "num_attention_heads": 8, "num_key_value_heads": 2}
    (found.path / "config.json").write_text(json.dumps(config), "utf-8")
    card = card_of(found)
    assert (card.heads, card.kv_heads) == (8, 2)


def test_a_card_is_plain_data_and_back(folder):
    card = model_card(str(folder))
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_a_scratch_config_that_cannot_be_is_refused(found):
    config = {"model_type": "bert", "hidden_size": 15, "num_attention_heads": 2}
    (found.path / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match=r"cannot be loaded \(The hidden size \(15\)"):
        card_of(replace(found, pretrained=False))


@pytest.mark.wheel
def test_the_card_of_minilm():
    card = model_card("wheel:minilm")
    assert (card.layers, card.heads, card.hidden_size) == (6, 12, 384)
    assert card.parameters == 22_713_216
    assert (card.vocabulary, card.context_tokens) == (30_522, 512)
    assert card.licence == "Apache-2.0"
    assert "sentence pairs" in card.pretraining_data
    assert 0.4e9 < card.train_bytes < 2e9
