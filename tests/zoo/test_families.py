"""The zoo has every type, tiny, and plain transformers loads its folders as they were made."""

import pytest
import torch
import transformers

from tests.zoo.families import HEADS, OUT_OF_SCOPE, core, families, inputs_of, tokenizer


def test_every_head_of_every_type_is_listed_once():
    found = families()
    assert len({one.name for one in found}) == len(found) > 500
    assert {one.auto_class for one in found} == set(HEADS)
    assert set(OUT_OF_SCOPE) <= {one.model_type for one in found}
    assert {(one.model_type, one.auto_class) for one in core()} <= {
        (one.model_type, one.auto_class) for one in found
    }


@pytest.mark.parametrize("family", core(), ids=lambda family: family.name)
def test_a_folder_of_the_zoo_is_loaded_as_the_model_that_was_made(family, tmp_path):
    made, folder = family.model(), family.make(tmp_path)
    loaded = getattr(transformers, family.auto_class).from_pretrained(folder).eval()
    batch = inputs_of(made, family.auto_class)
    with torch.no_grad():
        one, two = made(**batch)[0], loaded(**batch)[0]
    assert one.isfinite().all()
    assert torch.equal(one, two)
    assert len(transformers.AutoTokenizer.from_pretrained(folder)) == len(tokenizer())
