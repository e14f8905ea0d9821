"""`attend` takes a run, a model's place, or a model at hand, of any architecture."""

import json

import pytest

from tests.attention.zoo import make, tokenizer
from tests.tiny_models import make_tiny_bert
from workbench.attention.attend import LoadedModel, attend, capture_all, open_before, open_source
from workbench.attention.reading import read_json
from workbench.errors import InputError

TEXT = "the film was wonderful and the crew was kind"


def saved(name, path, bare=False, architectures=...):
    model = make(name)
    (model.base_model if bare else model).save_pretrained(path)
    tokenizer().save_pretrained(path)
    if architectures is not ...:
        config = json.loads((path / "config.json").read_text())
        config["architectures"] = architectures
        (path / "config.json").write_text(json.dumps(config))
    return str(path)


@pytest.mark.parametrize("name", ["bert", "llama", "t5", "deberta-v2", "modernbert"])
def test_a_saved_model_of_any_architecture_is_looked_into(name, tmp_path):
    (record,) = attend(saved(name, tmp_path), TEXT)
    assert record.model == str(tmp_path)
    assert [b.name for b in record.blocks] == (
        ["encoder", "decoder", "cross"] if name == "t5" else ["self"]
    )
    assert read_json(record.to_json()).to_json() == record.to_json()


def test_what_comes_free_comes_unasked(tmp_path):
    (record,) = attend(saved("llama", tmp_path), TEXT)
    assert record.rollout is not None
    assert record.lens is not None
    assert (record.formula.layer, record.formula.head) == (1, 0)
    (encoder,) = attend((make("bert"), tokenizer()), TEXT)
    assert encoder.lens is None
    assert encoder.notes == []


def test_a_decoder_writes_on_where_it_is_asked_to(tmp_path):
    source = saved("gpt2", tmp_path)
    (record,) = attend(source, "the film was", max_new_tokens=4)
    sequence = record.sequences["source"]
    assert len(sequence) == sequence.prompt + 4
    assert attend(source, "the film was")[0].sequences["source"].prompt is None


@pytest.mark.parametrize("architectures", [None, ["NoSuchModel"]])
def test_a_config_that_names_no_head_gets_that_of_its_kind(tmp_path, architectures):
    watched = open_source(saved("llama", tmp_path, architectures=architectures))
    assert type(watched.model).__name__ == "LlamaForCausalLM"
    other = tmp_path / "bert"
    watched = open_source(saved("bert", other, bare=True, architectures=architectures))
    assert type(watched.model).__name__ == "BertModel"


def test_a_head_that_was_not_saved_is_left_away(tmp_path):
    source = saved("bert", tmp_path, bare=True, architectures=["BertForSequenceClassification"])
    watched = open_source(source)
    assert type(watched.model).__name__ == "BertModel"
    assert attend(watched, TEXT)[0].prediction == ""


def test_the_second_text_is_a_pair_or_what_the_decoder_reads():
    (pair,) = attend((make("bert"), tokenizer()), "the film", "the crew")
    assert pair.tokens.count("[SEP]") == 2
    (target,) = attend((make("bart"), tokenizer()), "the film", "the crew")
    assert target.sequences["target"].tokens[1:] == ["[CLS]", *tokenizer().tokenize("the crew")]


def test_extras_that_are_heavy_come_only_when_asked_for(monkeypatch):
    from workbench.attention import attend

    monkeypatch.setattr(attend, "LIGHT_BYTES", 100)
    watched = LoadedModel(make("llama"), tokenizer())
    record = capture_all(watched, TEXT)
    assert (record.rollout, record.formula, record.lens) == (None, None, None)
    assert capture_all(watched, TEXT, formula=(0, 0, 2)).formula.head == 2


@pytest.mark.parametrize("source", ["no/such/place", "wheel:nothing", ""])
def test_a_place_without_a_model_is_an_error_of_the_input(source):
    with pytest.raises(InputError):
        attend(source, TEXT)


def test_only_a_run_knows_its_model_before(tmp_path):
    make_tiny_bert(tmp_path)
    with pytest.raises(InputError, match="only a run knows its model before fine-tuning"):
        attend(str(tmp_path), TEXT, against="before")
    with pytest.raises(InputError, match="only a run knows"):
        open_before((make("bert"), tokenizer()))
