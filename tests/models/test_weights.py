"""What is saved is read back and compared; what is loaded must be all, and nothing else."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.zoo.families import Family, core
from workbench.errors import ModelError, RunError
from workbench.models import load_trained, weights
from workbench.models.folder import WEIGHTS

BERT = Family("bert", "AutoModelForMaskedLM")


def rewrite(folder, change, file=WEIGHTS):
    """Change the tensors of a file; its header stays."""
    from safetensors import safe_open

    with safe_open(folder / file, framework="pt") as stored:
        header = stored.metadata()
    tensors = load_file(folder / file)
    change(tensors)
    save_file(tensors, folder / file, metadata=header)


@pytest.mark.parametrize("family", core(), ids=lambda family: family.name)
def test_each_tensor_comes_back_bit_by_bit_under_its_name(family, tmp_path):
    one, two = family.model(), family.model()
    for tensor in one.parameters():
        tensor.data += 0.1
    every = {name for name, _ in one.named_parameters()}
    assert set(weights.differences(one.state_dict(), two.state_dict())) >= every
    weights.save_state(one, tmp_path)
    weights.load_state(two, tmp_path)
    assert weights.differences(one.state_dict(), two.state_dict()) == []


def test_a_not_a_number_comes_back_and_is_no_difference(tmp_path):
    one, two = BERT.model(), BERT.model()
    one.get_input_embeddings().weight.data[5, 3] = float("nan")
    weights.save_state(one, tmp_path)
    weights.load_state(two, tmp_path)
    assert weights.differences(one.state_dict(), two.state_dict()) == []
    assert two.get_input_embeddings().weight[5].isnan().sum() == 1


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path):
    model = BERT.model()
    weights.save_state(model, tmp_path)
    stored = set(load_file(tmp_path / WEIGHTS))
    left_out = set(model.state_dict()) - stored
    assert left_out == {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
    other = BERT.model(seed=1)
    weights.load_state(other, tmp_path)
    assert other.get_output_embeddings().weight is other.get_input_embeddings().weight


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda held: held.pop("bert.embeddings.LayerNorm.bias"), "bert.embeddings.LayerNorm.bias"),
        (lambda held: held.update(beyond=torch.zeros(2)), "beyond"),
        (
            lambda held: held.update({"cls.predictions.bias": torch.zeros(2)}),
            "cls.predictions.bias",
        ),
        (
            lambda held: held.update(
                {"cls.predictions.bias": held["cls.predictions.bias"].to(torch.bfloat16)}
            ),
            "cls.predictions.bias",
        ),
    ],
    ids=["missing", "unexpected", "another shape", "another number format"],
)
def test_a_weight_that_does_not_fit_is_named_and_nothing_is_taken(change, named, tmp_path):
    model, other = BERT.model(), BERT.model(seed=1)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    weights.save_state(model, tmp_path)
    rewrite(tmp_path, change)
    with pytest.raises(RunError) as caught:
        weights.load_state(other, tmp_path)
    assert str(caught.value) == f"{tmp_path} does not fit the model ({named}); train again"
    assert weights.differences(before, other.state_dict()) == []


def test_a_missing_weight_is_a_fault_also_where_it_is_frozen(tmp_path):
    model = BERT.model()
    model.requires_grad_(False)
    weights.save_state(model, tmp_path)
    rewrite(tmp_path, lambda held: held.pop("bert.embeddings.LayerNorm.bias"))
    with pytest.raises(RunError, match=r"LayerNorm.bias"):
        weights.load_state(model, tmp_path)


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "t5", "marian"])
def test_a_checkpoint_in_the_layout_of_transformers_is_taken_where_names_are_the_same(
    model_type, tmp_path
):
    head = {"bert": "MaskedLM", "gpt2": "CausalLM"}.get(model_type, "Seq2SeqLM")
    family = Family(model_type, f"AutoModelFor{head}")
    one, two = family.model(seed=1), family.model(seed=2)
    if model_type == "marian":
        for name, tensor in two.named_parameters():
            tensor.requires_grad_("embed_positions" not in name)
    one.save_pretrained(tmp_path)
    weights.load_state(two, tmp_path)
    assert weights.differences(one.state_dict(), two.state_dict()) == []


def test_a_checkpoint_with_the_names_of_transformers_says_which_do_not_fit(tmp_path):
    family = Family("mixtral", "AutoModelForCausalLM")
    family.model().save_pretrained(tmp_path)
    with pytest.raises(RunError, match=r"does not fit the model \(model.layers.0.block_sparse_moe"):
        weights.load_state(family.model(), tmp_path)


def test_what_transformers_reads_back_otherwise_is_refused(tmp_path):
    # Funnel's loading sets the row of the padding token to zero.
    model = Family("funnel", "AutoModelForMaskedLM").model()
    weights.save_standard(model, tmp_path)
    model.get_input_embeddings().weight.data[0] = 1.0
    with pytest.raises(RunError) as caught:
        weights.save_standard(model, tmp_path)
    import transformers

    assert str(caught.value) == (
        f"read back by transformers {transformers.__version__}, a funnel model is not the one "
        "that was saved: 2 weights differ (funnel.embeddings.word_embeddings.weight, "
        "lm_head.weight); choose another model, or another version of transformers"
    )


@pytest.mark.parametrize("save", [weights.save_state, weights.save_standard])
def test_a_file_that_is_not_what_was_written_is_refused(save, tmp_path, monkeypatch):
    import safetensors.torch

    write = safetensors.torch.save_file

    def badly(tensors, *rest, **more):
        name = "bert.embeddings.LayerNorm.bias"
        write(tensors | {name: tensors[name] + 1}, *rest, **more)

    monkeypatch.setattr(safetensors.torch, "save_file", badly)
    monkeypatch.setattr("transformers.modeling_utils.safe_save_file", badly)
    with pytest.raises(RunError, match=r"1 weights .*\(bert.embeddings.LayerNorm.bias\)"):
        save(BERT.model(), tmp_path)


def test_a_model_of_a_run_with_weights_that_its_config_has_not_is_refused(tmp_path):
    family = Family("bert", "AutoModelForSequenceClassification")
    folder = family.make(tmp_path / "model")
    rewrite(folder, lambda held: held.update(beyond=torch.zeros(2)))
    with pytest.raises(ModelError) as caught:
        load_trained(folder)
    assert str(caught.value) == (
        f"the model in {folder} has weights that a bert model of its config has not (beyond); "
        "copy config.json and model.safetensors again, both from one place"
    )


def test_a_pooler_that_is_kept_for_later_is_no_fault(tmp_path):
    folder = BERT.make(tmp_path / "model")
    pooler = {"bert.pooler.dense.weight": torch.ones(32, 32)}
    weights.save_standard(BERT.model(), folder, pooler)
    assert "bert.pooler.dense.weight" in load_file(folder / WEIGHTS)
    load_trained(folder)


def adapted(**settings):
    import peft

    model = Family("bert", "AutoModelForSequenceClassification").model()
    config = peft.LoraConfig(
        r=2, target_modules=["query"], modules_to_save=["classifier"], **settings
    )
    return peft.get_peft_model(model, config)


def test_the_weights_of_an_adapter_come_back_and_only_they(tmp_path):
    one, two = adapted(init_lora_weights=False), adapted()
    weights.save_state(one, tmp_path)
    weights.load_state(two, tmp_path)
    assert weights.differences(one.state_dict(), two.state_dict()) == []
    assert all(
        "lora" in n or "classifier" in n for n in load_file(tmp_path / "adapter_model.safetensors")
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda held: held.update(beyond=torch.zeros(2)), "beyond"),
        (lambda held: held.pop("base_model.model.classifier.bias"), "classifier.bias"),
        (lambda held: held.pop(next(n for n in held if "lora_B" in n)), "lora_B"),
    ],
    ids=["unexpected", "missing beside it", "missing inside"],
)
def test_a_weight_of_an_adapter_that_does_not_fit_is_named(change, named, tmp_path):
    weights.save_state(adapted(), tmp_path)
    rewrite(tmp_path, change, "adapter_model.safetensors")
    with pytest.raises(RunError, match=rf"does not fit its adapter \(.*{named}"):
        weights.load_state(adapted(), tmp_path)
