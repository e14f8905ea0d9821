"""Adapters: what is put into a model, what is kept of it, and what comes back from the folder."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file

from tests.attention.zoo import ZOO, make, tokenizer
from tests.zoo.families import Family
from workbench.errors import ModelError
from workbench.models import load_model, load_tokenizer, load_trained, merge, merged, unmerge
from workbench.models.adapters import add_adapter, load_weights
from workbench.models.freezing import count_parameters, freeze
from workbench.models.load import load_skeleton
from workbench.models.weights import save_standard
from workbench.sources import FoundModel, find_model
from workbench.spec import AdapterSpec

KINDS = (
    "bert", "distilbert", "roberta", "electra", "modernbert", "deberta-v2", "gpt2", "llama",
    "qwen2", "mistral", "gemma", "t5", "bart",
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a function that gives the folder of a tiny model of a kind, as a found model."""
    home = tmp_path_factory.mktemp("zoo")

    def find(kind):
        if not (home / kind).exists():
            make(kind).save_pretrained(home / kind)
            tokenizer().save_pretrained(home / kind)
        return FoundModel(place=str(home / kind), kind="local", path=home / kind)

    return find


def head_of(kind):
    return f"AutoModelFor{ZOO[kind][1]}"


def labels_of(kind):
    return ["a", "b", "c"] if ZOO[kind][1] == "SequenceClassification" else []


def adapted(found, kind, method="lora", **settings):
    """Return a model inside a new adapter whose weights all do something."""
    spec = AdapterSpec(peft_method=method, **settings)
    model = load_model(found, head_of(kind), labels_of(kind), seed=1)
    model = add_adapter(model, spec, head_of(kind), found, seed=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def answer(model, kind):
    inputs = tokenizer()(
        ["the film was wonderful", "a bad plot"], return_tensors="pt", padding=True
    )
    further = {"decoder_input_ids": inputs["input_ids"]} if kind in ("t5", "bart") else {}
    with torch.no_grad():
        return model(**inputs, **further).logits


@pytest.mark.parametrize("method", ["lora", "dora", "ia3"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_learned_is_all_that_is_kept_and_it_answers_the_same(kind, method, folders, tmp_path):
    found = folders(kind)
    model = adapted(found, kind, method)
    save_standard(model, tmp_path)
    tokenizer().save_pretrained(tmp_path)
    kept = sum(
        tensor.numel() for tensor in load_file(tmp_path / "adapter_model.safetensors").values()
    )
    trainable, parameters = count_parameters(model)
    assert kept == trainable < parameters
    assert not list(tmp_path.glob("model*"))
    again = load_trained(tmp_path)
    assert torch.equal(answer(again, kind), answer(model, kind))
    assert not again.training
    load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
def test_learned_tokens_before_the_text_are_kept_too(kind, folders, tmp_path):
    model = adapted(folders(kind), kind, "prompt_tuning", num_virtual_tokens=3)
    save_standard(model, tmp_path)
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    copies = 2 if kind == "t5" else 1  # peft makes room for both halves
    assert tensors["prompt_embeddings"].shape == (3 * copies, 32)
    assert torch.equal(answer(load_trained(tmp_path), kind), answer(model, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_how_many_weights_will_learn_is_known_before_they_are_loaded(kind, folders):
    found, spec = folders(kind), AdapterSpec(peft_method="lora")
    skeleton = load_skeleton(found, head_of(kind), labels_of(kind))
    assert all(parameter.is_meta for parameter in skeleton.parameters())
    real = load_model(found, head_of(kind), labels_of(kind), seed=1)
    assert sorted(skeleton.new_weights) == sorted(real.new_weights)
    with torch.device("meta"):
        planned = add_adapter(skeleton, spec, head_of(kind), found, seed=1)
    learning = add_adapter(real, spec, head_of(kind), found, seed=1)
    assert count_parameters(planned) == count_parameters(learning)


def test_a_new_head_learns_with_the_adapter(found, tmp_path):
    model = load_model(found, "AutoModelForTokenClassification", ["O", "B-X"], seed=1)
    model = add_adapter(
        model, AdapterSpec(peft_method="lora"), "AutoModelForTokenClassification", found, seed=1
    )
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    assert {name for name in learning if "lora_" not in name} == {
        "base_model.model.classifier.modules_to_save.default.weight",
        "base_model.model.classifier.modules_to_save.default.bias",
    }


def test_a_new_adapter_changes_nothing_and_follows_from_the_seed(folders):
    found = folders("bert")
    plain = load_model(found, head_of("bert"), ["a", "b", "c"], seed=1).eval()
    before = answer(plain, "bert")
    spec = AdapterSpec(peft_method="lora")
    model = add_adapter(plain, spec, head_of("bert"), found, seed=1)
    assert torch.equal(answer(model, "bert"), before)
    other = add_adapter(
        load_model(found, head_of("bert"), ["a", "b", "c"], seed=1), spec, head_of("bert"), found, 1
    )
    for (name, one), two in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two), name


@pytest.mark.parametrize("method", ["lora", "dora", "ia3"])
def test_merging_and_unmerging_leave_the_answers_as_they_are(method, folders):
    model = adapted(folders("llama"), "llama", method)
    before = answer(model, "llama")
    weight = model.get_base_model().model.layers[0].self_attn.v_proj.base_layer.weight
    alone = weight.clone()
    merge(model)
    assert not torch.allclose(weight, alone)
    torch.testing.assert_close(answer(model, "llama"), before, atol=1e-5, rtol=1e-4)
    unmerge(model)
    torch.testing.assert_close(weight, alone)
    torch.testing.assert_close(answer(model, "llama"), before, atol=1e-5, rtol=1e-4)
    whole = merged(model)
    assert not hasattr(whole, "peft_config")
    torch.testing.assert_close(answer(whole, "llama"), before, atol=1e-5, rtol=1e-4)


def test_learned_tokens_cannot_be_merged(folders):
    model = adapted(folders("bert"), "bert", "prompt_tuning")
    with pytest.raises(ModelError, match="nothing to merge into; export it with --to folder"):
        merge(model)


def test_the_layers_may_be_chosen(folders):
    model = adapted(folders("bert"), "bert", target_modules=["key", "attention.output.dense"])
    names = {name for name, _ in model.named_parameters() if "lora_A" in name}
    assert len(names) == 4
    assert all(".key." in name or ".attention.output.dense." in name for name in names)
    everything = adapted(folders("bert"), "bert", target_modules=["all-linear"])
    names = {name for name, _ in everything.named_parameters() if "lora_A" in name}
    assert len(names) == 2 * 6 + 1  # six a layer, and the pooler


@pytest.mark.parametrize(
    ("wanted", "remedy"),
    [
        ("querry", "did you mean query?"),
        ("q_proj", "choose from query, key, value, dense"),
    ],
)
def test_a_layer_that_is_not_there_is_named_with_those_that_are(wanted, remedy, folders):
    with pytest.raises(ModelError) as caught:
        adapted(folders("bert"), "bert", target_modules=[wanted])
    assert str(caught.value) == (
        f"adapter.target_modules: a bert model has no layer {wanted!r}; {remedy}"
    )


@pytest.fixture
def kept(folders, tmp_path):
    """Return the folder of an adapter, to be damaged."""
    (tmp_path / "kept").mkdir()
    save_standard(adapted(folders("bert"), "bert"), tmp_path / "kept")
    return tmp_path / "kept"


def change(folder, **changes):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"peft_type": "VERA"}, "is of a kind that is not known ('VERA')"),
        (
            {"megatron_config": {"a": 1}, "megatron_core": "os"},
            "sets 'megatron_config', which is not known here",
        ),
        ({"layer_replication": [[0, 1]]}, "sets 'layer_replication', which is not known here"),
    ],
)
def test_an_adapter_that_is_not_understood_is_refused(changes, fault, kept):
    change(kept, **changes)
    with pytest.raises(ModelError) as caught:
        load_trained(kept)
    assert fault in str(caught.value)


def test_pickled_adapter_weights_are_refused(kept):
    (kept / "adapter_model.safetensors").rename(kept / "adapter_model.bin")
    with pytest.raises(ModelError, match=r"has no adapter_model\.safetensors"):
        load_trained(kept)


def test_adapter_weights_cut_short_are_refused(kept):
    file = kept / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be used"):
        load_trained(kept)


def test_weights_of_another_adapter_are_refused(kept, folders):
    model = adapted(folders("bert"), "bert", target_modules=["key"])
    with pytest.raises(ModelError, match=r"does not fit its adapter|cannot be used"):
        load_weights(model, kept)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_layers_and_the_embeddings_stay_as_they_are(kind, folders):
    model = load_model(folders(kind), head_of(kind), labels_of(kind), seed=1)
    freeze(model, embeddings=True, layers=1)
    frozen = {name for name, one in model.named_parameters() if not one.requires_grad}
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    assert not model.get_input_embeddings().weight.requires_grad
    marks = {".0.", "embed", ".wte.", ".wpe.", "shared"}
    assert all(any(mark in name for mark in marks) for name in frozen), frozen
    layer = "block" if kind == "t5" else "layers?|h"  # T5's blocks have layers of their own
    assert not any(re.search(rf"\.({layer})\.0\.", name) for name in learning)
    assert any(".1." in name for name in learning)


def test_more_layers_than_there_are_cannot_be_frozen(found):
    model = load_model(found, "AutoModelForSequenceClassification", ["a", "b"], seed=1)
    with pytest.raises(ModelError) as caught:
        freeze(model, embeddings=False, layers=3)
    assert str(caught.value) == (
        "model.freeze_layers is 3, and the bert model has 2 layers; choose at most 2"
    )


@pytest.mark.parametrize(("kind", "tokens"), [("bart", 4), ("t5", 4), ("bert", 200)])
def test_learned_tokens_that_a_model_cannot_read_are_refused(kind, tokens, tmp_path):
    family = Family(kind, "AutoModelForSequenceClassification")
    found = find_model(str(family.make(tmp_path / kind)))
    model = load_model(found, family.auto_class, ["a", "b"], seed=1)
    spec = AdapterSpec(peft_method="prompt_tuning", num_virtual_tokens=tokens)
    with pytest.raises(ModelError) as caught:
        add_adapter(model, spec, family.auto_class, found, 1)
    assert str(caught.value).startswith(f"prompt_tuning cannot be put into a {kind} model (")


def test_learned_tokens_are_as_wide_as_the_embeddings_of_words(tmp_path):
    family = Family("albert", "AutoModelForSequenceClassification")
    found = find_model(str(family.make(tmp_path / "albert")))
    model = load_model(found, family.auto_class, ["a", "b"], seed=1)
    assert model.config.embedding_size != model.config.hidden_size
    spec = AdapterSpec(peft_method="prompt_tuning", num_virtual_tokens=4)
    adapted = add_adapter(model, spec, family.auto_class, found, 1)
    assert adapted(input_ids=torch.ones(1, 5).long()).logits.shape == (1, 2)
