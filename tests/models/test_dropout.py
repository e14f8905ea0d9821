"""Dropout of attention: whose config has it, and what its absence saves."""

import json

import pytest

from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import ModelError
from workbench.models.dropout import attention_dropout
from workbench.sources import find_model
from workbench.training.prepare import prepare


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("bert", ["attention_probs_dropout_prob"]),
        ("deberta-v2", ["attention_probs_dropout_prob"]),
        ("distilbert", ["attention_dropout"]),
        ("gpt2", ["attn_pdrop"]),
        ("bart", ["attention_dropout"]),
        ("llama", ["attention_dropout"]),
        ("modernbert", ["attention_dropout"]),
    ],
)
def test_the_setting_has_the_name_of_each_kind(tmp_path, kind, names):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}), "utf-8")
    found = find_model(str(make_tiny_bert(tmp_path / "bert")))
    found = type(found)(**{**vars(found), "path": tmp_path})
    assert attention_dropout(found, 0.25) == dict.fromkeys(names, 0.25)
    assert attention_dropout(found, None) == {}


def test_a_model_without_such_a_setting_is_refused(tmp_path):
    found = find_model(str(make_tiny_bert(tmp_path / "bert")))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5"}), "utf-8")
    found = type(found)(**{**vars(found), "path": tmp_path})
    with pytest.raises(ModelError, match=r"model\.attention_dropout is 0, and a t5 model .* leave"):
        attention_dropout(found, 0)


def squares_kept(spec):
    """Return how many tensors of T × T a training step keeps for its backward pass."""
    import torch

    model = prepare(spec).new_model().train()
    tokens, kept = 23, []
    shape = (tokens, tokens)

    def note(tensor):
        kept.append(tuple(tensor.shape[-2:]) == shape)
        return tensor

    ids = torch.full((2, tokens), 5)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=torch.tensor([0, 1]))
    return sum(kept)


def test_without_it_no_matrix_of_attention_is_kept_for_the_backward_pass(tmp_path):
    spec = tiny_spec(tmp_path)
    assert squares_kept(spec.replace({"model.attention_dropout": 0.2})) > 0
    assert squares_kept(spec.replace({"model.attention_dropout": 0.0})) == 0


def test_the_trained_model_says_it_in_its_config(tmp_path):
    run = pipeline.train(tiny_spec(tmp_path, **{"model.attention_dropout": 0.0}))
    config = json.loads((run.model_path / "config.json").read_text("utf-8"))
    assert config["attention_probs_dropout_prob"] == 0
    assert config["hidden_dropout_prob"] == 0.1
