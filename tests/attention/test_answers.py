"""What stands beside the attention as the model's answer."""

from types import SimpleNamespace

import pytest
import torch

from tests.tiny_models import make_tiny_llama
from workbench.attention.answers import answer
from workbench.models import load_tokenizer


def result(logits, **config):
    model = SimpleNamespace(config=SimpleNamespace(**config))
    return answer(SimpleNamespace(logits=torch.tensor([logits])), model, None, None)


def test_numbers_are_reported_in_the_units_of_the_data_and_are_no_probabilities():
    names = {0: "length", 1: "share"}
    scale = {"target_mean": [90.0, 0.25], "target_std": [50.0, 0.1]}
    found = result([1.0, -1.0], id2label=names, problem_type="regression", **scale)
    assert found == ("length: 140, share: 0.15", [])
    alone = {"target_mean": [2.5], "target_std": [1.5]}
    assert result([1.0], id2label={0: "score"}, problem_type="regression", **alone)[0] == "score: 4"
    assert result([1.25], id2label={0: "score"})[0] == "score: 1.25"  # a model from elsewhere


def test_classes_have_probabilities():
    prediction, chances = result([0.0, 0.0, 9.0], id2label={0: "a", 1: "b", 2: "c"})
    assert prediction == "c (100%)"
    assert [name for name, _ in chances] == ["c", "a", "b"]


@pytest.mark.parametrize(("text", "shown"), [("\n", "⏎"), ("天", "<0xE5>"), (" the", "the")])
def test_a_next_token_that_is_no_word_can_be_seen_all_the_same(tmp_path, text, shown):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    likeliest = tokenizer(text, add_special_tokens=False)["input_ids"][0]
    logits = torch.zeros(1, 2, len(tokenizer))
    logits[0, -1, likeliest] = 50
    model = SimpleNamespace(config=SimpleNamespace(), can_generate=lambda: True)
    source = SimpleNamespace(prompt=None)
    reading = SimpleNamespace(sequences={"source": source}, ids=[1, 1])
    told = answer(SimpleNamespace(logits=logits), model, tokenizer, reading)
    assert told == (f"… {shown} (100%)", [])
