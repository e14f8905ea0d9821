"""The models behind a desk answer what it asks; records do not spill their numbers."""

import numpy as np
import pytest

from tests.tiny_models import make_tiny_bert
from workbench.attention.attend import LoadedModel
from workbench.attention.opening import open_and_attend, open_models
from workbench.attention.packing import unpack
from workbench.errors import InputError
from workbench.notebook.attending import Answers, AttentionResult


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_tiny_bert(folder)
    return folder


@pytest.fixture(scope="module")
def watched(place):
    return open_models(str(place))


def test_a_model_is_looked_into_by_its_folder(place):
    _, (record,) = open_and_attend(str(place), "the film was wonderful")
    assert record.text == "the film was wonderful"
    assert record.model == str(place)


def test_against_another_model_there_are_two_records(place):
    watched, records = open_and_attend(str(place), "the film was bad", against=str(place))
    assert len(watched) == len(records) == 2
    assert records[1].divergence["against"] == records[0].model


def test_a_causal_check_is_kept_when_asked_for(place):
    _, (record,) = open_and_attend(str(place), "the film was wonderful", check="occlusion")
    assert len(record.occlusion["importance"]) == len(record.tokens)


def test_a_map_that_was_not_kept_is_fetched_whole(watched):
    (model,) = watched
    text = "the film was wonderful " * 6
    whole = model.capture(text)
    small = model.capture(text, pinned=[], budget_bytes=1)
    assert not small.blocks[0].maps
    layer, head = len(small.blocks[0].layers) - 1, 0
    packed = Answers(watched).map(small, 0, layer, head)
    fetched = unpack(packed, 2, 10**7)
    assert np.array_equal(fetched, whole.blocks[0].maps[layer, head])


def test_a_formula_is_that_of_the_head_asked_for(watched):
    (model,) = watched
    record = model.capture("the film was wonderful")
    found = Answers(watched).formula(record, 0, 1, 0)
    assert (found["layer"], found["head"], found["d_k"]) == (1, 0, found["q"]["shape"][1])


def test_a_check_is_made_by_the_model_whose_record_it_is(place):
    before = open_models(str(place))[0]
    named = [LoadedModel(before.model, before.tokenizer, name) for name in ("before", "after")]
    record = named[0].capture("the film was wonderful")
    answers = Answers(named)
    assert answers._of(record) is named[0]
    assert len(answers.causal(record, "occlusion")["importance"]) == len(record.tokens)


def test_the_model_of_a_step_that_is_gone_is_not_replaced_by_another(watched):
    record = watched[0].capture("the film was wonderful", label="step 20")
    with pytest.raises(InputError, match="no longer available"):
        Answers(watched).causal(record, "occlusion")


def test_another_sentence_gives_a_record_a_model(watched):
    assert [one.text for one in Answers(watched).text("a bad film")] == ["a bad film"]
    both = Answers([*watched, LoadedModel(watched[0].model, watched[0].tokenizer, "after")])
    assert len(both.text("a bad film")) == 2


def test_an_unknown_model_is_an_error_of_the_input(tmp_path):
    with pytest.raises(InputError):
        open_models(str(tmp_path))


def test_records_at_the_end_of_a_cell_are_one_line(watched):
    (model,) = watched
    said = repr(AttentionResult([model.capture("the film was wonderful")]))
    assert "tokens" in said
    assert len(said) < 400
