"""A config.json with nonsense in it: a sentence, whatever it is, before memory is taken."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.models.mangled import KINDS
from workbench.attention.attend import open_source
from workbench.errors import ModelError
from workbench.models import load_model, load_tokenizer, load_trained
from workbench.models.folder import read_config
from workbench.models.load import load_skeleton
from workbench.models.sanity import require_sane


def change(found, **fields):
    path = found.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields), "utf-8")
    return path


@pytest.mark.parametrize("first", range(3))
def test_whatever_is_mangled_it_loads_or_is_refused_in_a_sentence(first):
    """Within memory and processor time, which the operating system holds: see `mangled`."""
    kinds = list(KINDS)[first::3]
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.mangled", *kinds, "--count", "12"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (lines[-1:], done.stderr[-2_000:])
    assert [line for line in lines if line["outcome"].startswith("FAULT")] == []
    assert Counter(line["kind"] for line in lines) == dict.fromkeys(kinds, 12)
    assert any(line["outcome"].startswith("refused") for line in lines)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"model_max_length": "x"}, "model_max_length is 'x'"),
        ({"model_max_length": [1]}, "model_max_length is [1]"),
        ({"model_max_length": -1}, "model_max_length is -1"),
        ({"model_max_length": float("nan")}, "model_max_length is nan"),
        ({"unk_token": ""}, "unk_token is ''"),
        ({"unk_token": {"content": ""}}, "unk_token is {'content': ''}"),
        ({"pad_token": ["[PAD]"]}, "pad_token is ['[PAD]']"),
        ({"mask_token": True}, "mask_token is True"),
    ],
    ids=str,
)
def test_what_no_tokenizer_has_is_named(fields, result, found):
    path = found.path / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields), "utf-8")
    with pytest.raises(ModelError) as caught:
        load_tokenizer(found)
    assert str(caught.value) == (
        f"{path}: {result}, which no tokenizer has; correct it, or copy the file again from where "
        "the model came from"
    )


def test_a_tokenizer_that_cannot_read_a_word_is_refused(found, monkeypatch):
    def unable(*_):
        raise RecursionError("maximum recursion depth exceeded")

    monkeypatch.setattr("workbench.models.load.follow_model", unable)
    with pytest.raises(ModelError, match=r"the tokenizer in .* cannot be loaded \(maximum"):
        load_tokenizer(found)


@pytest.mark.parametrize(
    "fields",
    [
        {"num_attention_heads": 0},
        {"num_attention_heads": -2},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": 1_000_000},
        {"vocab_size": 10**12},
        {"hidden_size": -16},
        {"max_position_embeddings": 10**9},
        {"hidden_dropout_prob": 1.5},
        {"layer_norm_eps": float("nan")},
        {"initializer_range": -1.0},
        {"model_type": ["bert"]},
        {"model_type": {"bert": 1}},
        {"model_type": 7},
        {"architectures": "BertModel"},
        {"architectures": [1]},
        {"text_config": {"num_hidden_layers": 10**6}},
        {"decoder": {"n_head": 0}},
        {"encoder": {"model_type": []}},
    ],
    ids=str,
)
def test_what_no_model_has_is_named_before_anything_is_built(fields, found):
    path = change(found, **fields)
    (name, held), *_ = fields.items()
    while isinstance(held, dict) and name != "model_type":
        inner, held = next(iter(held.items()))
        name = f"{name}.{inner}"
    for verb in (read_config, load_tokenizer, load_trained):
        with pytest.raises(ModelError) as caught:
            verb(found.path)
        assert str(caught.value) == (
            f"{path}: {name} is {held!r}, which no model has; correct it, or copy the file again "
            "from where the model came from"
        )


def test_a_token_to_pad_with_outside_the_vocabulary_is_named(found):
    entries = read_config(found.path)["vocab_size"]
    path = change(found, pad_token_id=1_000_000_000)
    with pytest.raises(ModelError) as caught:
        load_model(found, "AutoModelForSequenceClassification", ["a", "b"], 1)
    assert str(caught.value) == (
        f"{path}: pad_token_id is 1000000000, and the vocabulary has {entries} entries, from 0; "
        "correct it, or copy the file again from where the model came from"
    )


def test_the_names_of_labels_are_not_taken_for_fields(tmp_path):
    labels = {"players": 10**6, "dropout": 7, "heads": -1}
    assert require_sane(tmp_path, {"model_type": "bert", "label2id": labels}) is None
    with pytest.raises(ModelError, match="players is 1000000, which no model has"):
        require_sane(tmp_path, {"model_type": "bert", **labels})


def test_every_config_that_transformers_makes_by_itself_is_sane(tmp_path):
    from transformers import CONFIG_MAPPING

    # They write sounds: their token to pad with is one of another vocabulary.
    sounds = [kind for kind in CONFIG_MAPPING if kind.startswith(("csm", "musicgen"))]
    seen = 0
    for kind in set(CONFIG_MAPPING) - set(sounds):
        try:
            config = CONFIG_MAPPING[kind]().to_dict()
        except Exception:  # it cannot be made without settings
            continue
        require_sane(tmp_path, json.loads(json.dumps(config, default=str)))
        seen += 1
    assert seen > 400


@pytest.mark.parametrize("field", ["vocab_size", "max_position_embeddings", "intermediate_size"])
def test_a_config_for_far_more_than_is_stored_takes_no_memory(field, found):
    """Loaded, each of them would take gigabytes before it is found not to fit."""
    change(found, **{field: 10_000_000})
    for verb in (
        lambda: load_model(found, "AutoModelForSequenceClassification", ["a", "b"], 1),
        lambda: load_skeleton(found, "AutoModelForTokenClassification", ["a", "b"]),
        lambda: open_source(str(found.path)),
    ):
        with pytest.raises(ModelError, match=r"describes a model of .* numbers, and the weights"):
            verb()


def test_a_config_nested_without_end_is_damaged(found):
    (found.path / "config.json").write_text('{"a":' * 200_000, "utf-8")
    with pytest.raises(ModelError, match="is damaged"):
        read_config(found.path)
