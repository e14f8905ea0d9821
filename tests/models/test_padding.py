"""Which token fills a batch, when model and tokenizer name different ones, or none."""

import json

import pytest

from tests.tiny_runs import tiny_spec
from tests.zoo.families import Family
from workbench.models import load_tokenizer
from workbench.models.padding import filled_side, follow_tokenizer
from workbench.training.prepare import prepare

CLASSES = "AutoModelForSequenceClassification"


@pytest.fixture
def make(tmp_path):
    """Write a model whose config names `padding`, and a tokenizer that names `own`."""

    def write(kind, padding, own):
        folder = Family(kind, CLASSES).make(tmp_path / kind)
        for file, name, value in (
            ("config.json", "pad_token_id", padding),
            ("tokenizer_config.json", "pad_token", own),
        ):
            plain = json.loads((folder / file).read_text("utf-8")) | {name: value}
            (folder / file).write_text(json.dumps(plain), "utf-8")
        return folder

    return write


@pytest.mark.parametrize(
    ("padding", "own", "taken"),
    [
        (0, "[PAD]", "[PAD]"),
        (0, None, "[PAD]"),
        (3, "[PAD]", "[SEP]"),  # what ends a text, as GPT-2's classifiers have it
        (1, "[PAD]", "[UNK]"),
        (4, "[PAD]", "[PAD]"),  # the mask stands within texts
        (60, "[PAD]", "[PAD]"),  # a word
        (-1, "[PAD]", "[PAD]"),
        (None, "[PAD]", "[PAD]"),
        (None, None, "[SEP]"),  # its end-of-text token
    ],
)
def test_the_models_choice_stands_where_the_token_is_kept_for_such_ends(make, padding, own, taken):
    folder = make("llama", padding, own)
    tokenizer = load_tokenizer(folder)
    assert tokenizer.pad_token == taken
    model = Family("llama", CLASSES).model(pad_token_id=padding if padding != -1 else None)
    follow_tokenizer(model, tokenizer)
    assert model.config.pad_token_id == tokenizer.pad_token_id


def test_a_model_that_counts_places_from_its_padding_keeps_it(make):
    tokenizer = load_tokenizer(make("roberta", 1, "[PAD]"))
    model = Family("roberta", CLASSES).model(pad_token_id=1)
    follow_tokenizer(model, tokenizer)
    assert model.config.pad_token_id == 1


def test_different_names_are_reported_with_the_data(make, tmp_path):
    folder = make("llama", 60, "[PAD]")
    prepared = prepare(tiny_spec(tmp_path, **{"model.source": str(folder)}))
    other = prepared.tokenizer.convert_ids_to_tokens(60)
    assert (
        f"The tokenizer's padding token is [PAD], the model config's is {other}; batches are "
        "padded with [PAD]."
    ) in prepared.data.notes
    assert prepared.base_model().config.pad_token_id == prepared.tokenizer.pad_token_id


def test_a_saved_tokenizer_pads_on_the_right_unless_prompts_are_written_on():
    assert filled_side("gpt2", CLASSES) == filled_side("bert", CLASSES) == "right"
    assert filled_side("gpt2", "AutoModelForCausalLM") == filled_side("xlnet", CLASSES) == "left"
