"""Captured attention is the model's own, and the model is left as it was."""

import numpy as np
import pytest

from tests.tiny_models import make_tiny_bert
from workbench.attention.capture import capture
from workbench.errors import ModelError


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    path = make_tiny_bert(tmp_path_factory.mktemp("bert"), ["no", "yes"])
    model = AutoModelForSequenceClassification.from_pretrained(path)
    return model, AutoTokenizer.from_pretrained(path)


def test_capture_equals_eager(bert):
    import torch

    model, tokenizer = bert
    record = capture(model, tokenizer, "the film was wonderful")
    eager = type(model).from_pretrained(model.name_or_path, attn_implementation="eager").eval()
    with torch.no_grad():
        wanted = eager(
            **tokenizer("the film was wonderful", return_tensors="pt"), output_attentions=True
        ).attentions
    assert (record.layers, record.heads) == (2, 2)
    for layer, weights in enumerate(wanted):
        for head in range(2):
            assert np.abs(record.map(0, layer, head) - weights[0, head].numpy()).max() <= 0.004


def test_rows_sum_to_one_even_if_the_model_was_training(bert):
    model, tokenizer = bert
    model.train()
    record = capture(model, tokenizer, "a good story with a happy ending")
    assert model.training
    sums = np.stack([record.map(0, layer).sum(-1) for layer in range(record.layers)])
    assert np.abs(sums - 1).max() < 0.05


def test_the_attention_implementation_is_restored_and_answers_do_not_change(bert):
    import torch

    model, tokenizer = bert
    model.eval()
    inputs = tokenizer("the food was terrible", return_tensors="pt")
    before = model(**inputs).logits
    implementation = model.config._attn_implementation
    capture(model, tokenizer, "the food was terrible")
    assert model.config._attn_implementation == implementation
    assert torch.equal(model(**inputs).logits, before)


def test_tokens_specials_words_and_prediction_are_named(bert):
    model, tokenizer = bert
    record = capture(model, tokenizer, "the film", "the crew", label="after", step=12)
    source = record.sequences["source"]
    assert source.tokens[0] == "[CLS]"
    assert source.special[0]
    assert source.special[-1]
    assert source.words[0] is None
    assert record.prediction.startswith(("no (", "yes ("))
    assert (record.model, record.step) == ("after", 12)


def test_long_texts_are_cut(bert):
    model, tokenizer = bert
    assert len(capture(model, tokenizer, "film " * 100, max_tokens=10).tokens) == 10


def test_a_model_without_attention_maps_is_refused_with_the_reason(bert):
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(vocab_size=300, hidden_size=16, num_hidden_layers=1, state_size=4)
    with pytest.raises(ModelError, match="mamba model"):
        capture(MambaForCausalLM(config), bert[1], "the film")
