import json

import pytest

from workbench.errors import ModelError
from workbench.models import load_model
from workbench.models.folder import context_tokens, read_config, read_shapes, weight_files

HEAD = "AutoModelForSequenceClassification"


def refusal(found) -> str:
    """Return the message when the model is loaded, which must examine its folder first."""
    with pytest.raises(ModelError) as caught:
        load_model(found, HEAD, ["a", "b"], 1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_shapes_are_read_from_the_header(folder):
    shapes = read_shapes(folder)
    vocabulary = read_config(folder)["vocab_size"]
    assert shapes["embeddings.word_embeddings.weight"] == ([vocabulary, 16], "F32")


def test_a_missing_config_is_named(found):
    (found.path / "config.json").unlink()
    assert refusal(found) == (
        f"the model folder {found.path} has no config.json; give a folder that `save_pretrained` "
        "wrote, or copy the model again"
    )


@pytest.mark.parametrize("text", ["{", "", "[1]", '"bert"', "\udcff"], ids=repr)
def test_a_damaged_config_is_named(text, found):
    (found.path / "config.json").write_text(text, "utf-8", errors="surrogateescape")
    result = refusal(found)
    assert result.startswith(f"{found.path / 'config.json'} is damaged (")
    assert result.endswith("); copy or download the model again")


def test_missing_weights_are_named(found):
    (found.path / "model.safetensors").unlink()
    assert refusal(found) == (
        f"the model folder {found.path} has no weights (model.safetensors); copy or download the "
        "model again"
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-10],
        lambda content: content[:100],
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content[:8] + b"x" * 40 + content[48:],
        lambda content: b"",
        lambda content: b"<html>not found</html>",
        lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    ],
    ids=["cut short", "header only", "length", "header", "empty", "web page", "git lfs pointer"],
)
def test_damaged_weights_are_noticed_before_they_are_loaded(damage, found):
    path = found.path / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    result = refusal(found)
    assert result.startswith(f"{path} is damaged or cut short (")
    assert result.endswith("); copy or download the model again")


def test_pickled_weights_are_refused_unread(found):
    (found.path / "model.safetensors").unlink()
    (found.path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert refusal(found) == (
        f"the weights in {found.path} are pickled (pytorch_model.bin), and reading a pickle can "
        "run code; convert them where you trust them: `save_pretrained` writes model.safetensors"
    )


def test_a_config_cannot_send_us_to_other_weights(found):
    config = read_config(found.path) | {"transformers_weights": "adapter_model.bin"}
    (found.path / "config.json").write_text(json.dumps(config), "utf-8")
    assert refusal(found) == (
        f"{found.path / 'config.json'} takes its weights from 'adapter_model.bin'; only "
        "model.safetensors is read: rename the file, and remove transformers_weights"
    )


@pytest.mark.parametrize("name", ["../elsewhere.safetensors", "weights.bin", 3], ids=str)
def test_an_index_cannot_send_us_to_other_files(name, found):
    (found.path / "model.safetensors").unlink()
    index = found.path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}), "utf-8")
    assert refusal(found) == f"{index} is damaged; copy or download the model again"


def test_a_missing_shard_is_named(found):
    (found.path / "model.safetensors").rename(found.path / "model-00001-of-00002.safetensors")
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    index = {"weight_map": dict(zip("ab", names, strict=True))}
    (found.path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert refusal(found) == (
        f"the model folder {found.path} lacks {names[1]}; copy or download the model again"
    )
    (found.path / names[1]).write_bytes((found.path / names[0]).read_bytes())
    assert [path.name for path in weight_files(found.path)] == names


def test_an_adapter_is_no_whole_model(found):
    (found.path / "adapter_config.json").write_text("{}")
    assert refusal(found) == (
        f"{found.path} is a PEFT adapter, not a whole model; merge it first: "
        "`workbench export RUN --to merged`, or `merge_and_unload` of peft"
    )


def test_an_unknown_model_type_is_named(found):
    config = read_config(found.path) | {"model_type": "brandnew"}
    (found.path / "config.json").write_text(json.dumps(config), "utf-8")
    assert refusal(found) == (
        f"model type 'brandnew' of {found.path} is unknown to this version of transformers; "
        "choose another model, or update transformers"
    )


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "t5"}, None),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, None),
    ],
)
def test_context_is_what_the_model_can_take(config, expected):
    assert context_tokens(config) == expected
