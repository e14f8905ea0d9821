"""Two records of one text: how far each head moved."""

from dataclasses import replace

import numpy as np
import pytest

from tests.attention.zoo import make, tokenizer
from tests.records import record_of
from workbench.attention.attend import LoadedModel, attend
from workbench.attention.compare import compared, divergence, jensen_shannon, moved_most
from workbench.attention.reading import read_json
from workbench.errors import InputError

TOKENS = ["[CLS]", "a", "b", "[SEP]"]
TEXT = "the film was wonderful and the crew was kind"


def records():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(4, 0.5), size=(2, 3, 4))
    other = weights.copy()
    other[1, 2] = np.eye(4)[[3, 2, 1, 0]]
    return record_of(weights, TOKENS, model="before"), record_of(other, TOKENS, model="after")


def test_the_same_map_has_not_moved_and_maps_that_share_no_token_are_one_apart():
    assert jensen_shannon(np.eye(4), np.eye(4)) == 0
    assert jensen_shannon(np.eye(4), np.eye(4)[[1, 2, 3, 0]]) == 1


def test_the_divergence_is_that_of_the_formula_and_the_same_both_ways():
    p, q = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    middle = (p + q) / 2
    wanted = sum((one * np.log2(one / middle)).sum() for one in (p, q)) / 2
    assert jensen_shannon(p, q) == pytest.approx(wanted)
    assert jensen_shannon(q, p) == pytest.approx(wanted)


def test_the_head_that_moved_is_the_first_in_the_table():
    before, after = records()
    rows = moved_most(before, after)
    assert len(rows) == 6
    assert (rows[0]["layer"], rows[0]["head"], rows[0]["block"]) == (2, 3, "self")
    assert all(row["divergence"] == 0 for row in rows[1:])
    assert rows[0]["after"]["entropy"] == 0 < rows[0]["before"]["entropy"]


def test_the_record_keeps_how_far_it_moved():
    before, after = records()
    known = compared(before, after)
    again = read_json(known.to_json())
    assert again.divergence == {"against": "before", "blocks": divergence(before, after)}
    assert moved_most(before, again) == moved_most(before, after)


def test_a_head_that_was_not_kept_has_no_divergence():
    before, after = records()
    del before.blocks[0].maps[0, 1]
    assert divergence(before, after)[0][0][1] is None
    assert len(moved_most(before, after)) == 5


def test_records_that_cannot_be_laid_upon_each_other_are_refused():
    before, _ = records()
    other = record_of(np.full((2, 3, 4, 4), 0.25), ["[CLS]", "a", "c", "[SEP]"])
    with pytest.raises(InputError, match="tokenize the text differently"):
        divergence(before, other)
    smaller = record_of(np.full((1, 3, 4, 4), 0.25), TOKENS)
    with pytest.raises(InputError, match="have different layers or heads"):
        divergence(replace(before, model="x"), smaller)


def test_two_models_are_compared_on_any_text_even_one_too_long_to_keep_all():
    pair = (make("bert", seed=1), tokenizer()), (make("bert"), tokenizer())
    text = " ".join([TEXT] * 8)
    before, after = attend(pair[0], text, against=pair[1], budget_bytes=40_000)
    assert before.divergence is None
    moved = after.divergence["blocks"][0]
    assert all(0 < one < 1 for row in moved for one in row)
    first = moved_most(before, after)[0]
    kept = (first["layer"] - 1, first["head"] - 1)
    assert kept in before.blocks[0].maps
    assert kept in after.blocks[0].maps
    assert len(before.blocks[0].maps) < 8
    assert before.blocks[0].thumbnails is not None
    for record in (before, after):
        assert len(record.to_json()) < 60_000


def test_a_model_has_not_moved_from_itself():
    model = (make("llama"), tokenizer())
    _, after = attend(model, TEXT, against=model)
    assert {one for row in after.divergence["blocks"][0] for one in row} == {0}


@pytest.mark.parametrize("name", ["llama", "t5"])
def test_two_models_that_write_are_compared_on_what_the_first_wrote(name):
    one, other = ((make(name, seed=seed), tokenizer()) for seed in (1, 0))
    before, after = attend(one, TEXT, against=other, max_new_tokens=5)
    assert before.sequences == after.sequences
    assert max(max(row) for block in after.divergence["blocks"] for row in block) > 0


def test_models_with_other_tokenizers_are_refused(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = Tokenizer(models.WordLevel({"the": 0, "film": 1, "[UNK]": 2}, unk_token="[UNK]"))
    letters.pre_tokenizer = pre_tokenizers.Whitespace()
    other = PreTrainedTokenizerFast(tokenizer_object=letters, unk_token="[UNK]", pad_token="[UNK]")
    model = make("bert")
    with pytest.raises(InputError, match="tokenize the text differently"):
        attend(
            LoadedModel(model, tokenizer(), "x"), "the film", against=LoadedModel(model, other, "y")
        )
