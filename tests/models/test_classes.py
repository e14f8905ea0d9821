"""Which models a task takes is read from the public tables of transformers."""

import pytest
import torch
import transformers

from tests.zoo.families import HEADS, Family, core
from workbench.errors import ModelError
from workbench.models.classes import classes_of, default_class
from workbench.models.load import load_model, require_fit
from workbench.sources import FoundModel


def found(family, folder):
    return FoundModel("local", str(folder), family.make(folder), None)


@pytest.mark.parametrize("family", core(), ids=lambda family: family.name)
def test_the_table_names_the_class_that_the_auto_class_makes(family):
    config = family.config()
    made = getattr(transformers, family.auto_class).from_config(config)
    assert classes_of(family.auto_class)[type(config)] is type(made)


@pytest.mark.parametrize("auto_class", ["AutoModel", *HEADS])
def test_each_auto_class_has_its_table(auto_class):
    own = {config.model_type for config in classes_of(auto_class)}
    assert "bert" in own or "bart" in own


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Bert", "AutoModel"), ("GPT2", "AutoModelForCausalLM"), ("T5", "AutoModelForSeq2SeqLM")],
)
def test_a_model_whose_head_is_not_known_gets_the_usual_one(kind, name):
    assert default_class(getattr(transformers, f"{kind}Config")()).__name__ == name


def test_a_model_that_goes_on_writing_after_a_sound_is_no_encoder_with_a_decoder(tmp_path):
    family = Family("voxtral", "AutoModelForSeq2SeqLM")
    with pytest.raises(ModelError, match=r"^a voxtral model \(.*\) cannot be used for Seq2SeqLM;"):
        require_fit(found(family, tmp_path), family.auto_class)


def test_a_model_of_two_bodies_has_its_heads(tmp_path):
    family = Family("funnel", "AutoModelForQuestionAnswering")
    model = load_model(found(family, tmp_path), family.auto_class, [], seed=1)
    assert type(model).__name__ == "FunnelForQuestionAnswering"


@pytest.mark.parametrize("model_type", ["reformer", "perceiver"])
def test_a_model_that_learns_from_texts_of_one_length_only_is_refused(model_type, tmp_path):
    family = Family(model_type, "AutoModelForMaskedLM")
    with pytest.raises(ModelError) as caught:
        require_fit(found(family, tmp_path), family.auto_class)
    assert str(caught.value) == (
        f"the {model_type} model in {tmp_path} learns only from texts of exactly 130 tokens; "
        "choose another model"
    )


def test_a_reformer_without_axial_positions_learns_from_texts_of_any_length(tmp_path):
    family = Family("reformer", "AutoModelForMaskedLM")
    folder = family.make(tmp_path, axial_pos_embds=False)
    read = FoundModel("local", str(folder), folder, None)
    model = load_model(read, family.auto_class, [], seed=1)
    for count in (4, 36):
        assert model(torch.ones(1, count, dtype=torch.long)).logits.shape[:2] == (1, count)
