"""The causal check finds the token that the answer hangs on."""

import numpy as np
import pytest
import torch

from tests.attention.zoo import ZOO, make, tokenizer
from workbench.attention.capture import capture
from workbench.attention.causal import METHODS, check, importance_of, rank_correlation
from workbench.attention.reading import read_json
from workbench.attention.texts import read_text

TEXT = "the film was wonderful and the crew was kind"


def watchful():
    """Return a classifier whose answer depends on the word `wonderful` alone, through its mean."""
    from transformers import BertConfig, BertForSequenceClassification

    words = tokenizer()
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8,
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.fill_(1)
        table = model.bert.embeddings.word_embeddings.weight
        table[:, 0] = 1
        (word,) = words("wonderful", add_special_tokens=False)["input_ids"][:1]
        table[word, 0], table[word, 1] = 0, 1
        # A norm does not see how long a word's vector is, only how it lies among others.
        model.bert.embeddings.position_embeddings.weight[:, 2] = 1
        attention = model.bert.encoder.layer[0].attention
        for part in (attention.self.value, attention.output.dense, model.bert.pooler.dense):
            part.weight.copy_(torch.eye(8))
        model.classifier.weight[1, 1] = 4
    return model


@pytest.mark.parametrize("method", METHODS)
def test_the_word_that_the_answer_hangs_on_is_the_most_important(method):
    model = watchful()
    record = check(model, tokenizer(), capture(model, tokenizer(), TEXT), method=method)
    importance = record.occlusion["importance"]
    pieces = tokenizer().tokenize("wonderful")
    assert record.tokens[int(np.argmax(np.abs(importance)))] == pieces[0]
    assert record.occlusion["method"] == method
    others = [abs(one) for one, t in zip(importance, record.tokens, strict=True) if t != pieces[0]]
    assert max(others) < max(map(abs, importance)) / 2
    assert read_json(record.to_json()).occlusion == record.occlusion


def test_occlusion_is_what_the_answer_loses_when_one_token_is_masked():
    model = make("bert")
    words = tokenizer()
    reading = read_text(model, words, TEXT, None, 64)
    importance = importance_of(model, words, reading)
    ids = torch.tensor([reading.ids])
    with torch.no_grad():
        whole = model(input_ids=ids).logits.log_softmax(-1)[0]
        best = int(whole.argmax())
        for place in (1, 4):
            hidden = ids.clone()
            hidden[0, place] = words.mask_token_id
            loss = whole[best] - model(input_ids=hidden).logits.log_softmax(-1)[0, best]
            assert importance[place] == pytest.approx(float(loss), abs=1e-5)
    assert importance[0] == importance[-1] == 0


def test_the_correlation_is_with_the_attention_that_is_shown():
    model = make("bert")
    record = capture(model, tokenizer(), TEXT)
    importance = np.abs(check(model, tokenizer(), record).occlusion["importance"])
    agreed = check(model, tokenizer(), record, importance, "itself").occlusion
    assert agreed["spearman"] == 1
    assert agreed["compared_with"] == "itself"
    assert check(model, tokenizer(), record, -importance).occlusion["spearman"] == -1
    default = check(model, tokenizer(), record).occlusion
    assert default["compared_with"].startswith("layer 2, mean of heads")
    places = [at for at, one in enumerate(record.sequences["source"].special) if not one]
    received = record.map(0, 1).mean(0)
    assert default["spearman"] == rank_correlation(received[places], importance[places])


def test_rank_correlation_is_spearmans():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 1000]) == 1
    assert rank_correlation([1, 2, 2, 4], [1, 2, 3, 4]) == pytest.approx(0.9487, abs=1e-4)
    assert rank_correlation([1, 2, 3], [5, 5, 5]) is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [name for name in ZOO if name not in ("qwen3-next", "gpt-oss")])
def test_every_architecture_can_be_checked_and_is_left_as_it_was(name, method):
    model = make(name).train()
    pair = "the food was terrible" if name in ("t5", "bart") else None
    record = check(model, tokenizer(), capture(model, tokenizer(), TEXT, pair), method=method)
    importance = record.occlusion["importance"]
    assert len(importance) == len(record.tokens)
    assert np.isfinite(importance).all()
    assert np.abs(importance).max() > 0
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("name", ["llama", "t5"])
def test_what_a_model_wrote_is_what_is_checked(name):
    model = make(name)
    record = capture(model, tokenizer(), "the film was", max_new_tokens=4)
    occlusion = check(model, tokenizer(), record).occlusion
    prompt = record.sequences["source"].prompt or len(record.tokens)
    assert all(one == 0 for one in occlusion["importance"][prompt:])
    assert any(one != 0 for one in occlusion["importance"][:prompt])


def test_an_unknown_method_is_named():
    reading = read_text(make("bert"), tokenizer(), TEXT, None, 64)
    with pytest.raises(ValueError, match="'guess' is none of"):
        importance_of(make("bert"), tokenizer(), reading, "guess")
