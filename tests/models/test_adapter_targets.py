"""Which layers an adapter is put into: in every kind of model, by word, list or pattern."""

from pathlib import Path

import pytest
import torch

from tests.models.mangled import composed
from tests.zoo.families import Family, inputs_of, tokenizer
from workbench.cli import main
from workbench.errors import ModelError
from workbench.models import load_model, load_trained
from workbench.models.adapters import add_adapter
from workbench.models.load import load_skeleton
from workbench.models.weights import save_standard
from workbench.sources import FoundModel
from workbench.spec import AdapterSpec, RunSpec, from_yaml, to_cell, to_yaml

WRITES, CONTINUES = "AutoModelForSeq2SeqLM", "AutoModelForCausalLM"
JUDGES = "AutoModelForSequenceClassification"
# Encoders with decoders of every make; composed of two, of one with itself, with halves of T5.
KINDS = (
    ("bert2bert", WRITES), ("encoder-decoder", WRITES), ("bart", WRITES), ("t5", WRITES),
    ("umt5", WRITES), ("longt5", WRITES), ("switch_transformers", WRITES), ("marian", WRITES),
    ("m2m_100", WRITES), ("prophetnet", WRITES), ("t5gemma", WRITES), ("bart", JUDGES),
    ("t5", JUDGES), ("gemma3", CONTINUES), ("gpt_neox", CONTINUES),
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("targets")

    def find(kind: str, auto_class: str, **changes) -> FoundModel:
        family = Family(kind, auto_class)
        path: Path = home / f"{family.name}-{changes}"
        if not path.exists():
            if kind == "bert2bert":
                composed().save_pretrained(path)
                tokenizer().save_pretrained(path)
            else:
                family.make(path, **changes)
        return FoundModel(place=str(path), kind="local", path=path)

    return find


def adapted(found, auto_class, **settings):
    labels = ["negative", "positive"] if auto_class == JUDGES else []
    model = load_model(found, auto_class, labels, seed=1)
    return add_adapter(model, AdapterSpec(**settings), auto_class, found, seed=1)


def places(model) -> set[str]:
    return {
        name.removeprefix("base_model.model.")
        for name, module in model.named_modules()
        if hasattr(module, "base_layer")
    }


@pytest.mark.parametrize(
    ("method", "targets"), [("lora", ""), ("lora", "all-linear"), ("ia3", "all-linear")]
)
@pytest.mark.parametrize(("kind", "auto_class"), KINDS)
def test_an_adapter_finds_its_layers_learns_and_comes_back(
    kind, auto_class, method, targets, folders, tmp_path
):
    found = folders(kind, auto_class)
    model = adapted(found, auto_class, peft_method=method, target_modules=targets or [])
    batch = inputs_of(model.get_base_model(), auto_class)
    if auto_class == WRITES:
        labels = batch.pop("decoder_input_ids")
    else:
        labels = torch.tensor([0, 1]) if auto_class == JUDGES else batch["input_ids"]
    learning = [one for one in model.parameters() if one.requires_grad]
    steps = torch.optim.SGD(learning, lr=0.5)
    for _ in range(2):  # the second matrix of LoRA is zero at first
        steps.zero_grad()
        model(**batch, labels=labels).loss.backward()
        steps.step()
    model.eval()
    save_standard(model, tmp_path)
    with torch.no_grad():
        wanted = model(**batch, labels=labels).logits
        assert torch.equal(load_trained(tmp_path)(**batch, labels=labels).logits, wanted)
    assert wanted.isfinite().all()
    if targets and auto_class == WRITES:
        halves = {part for name in places(model) for part in name.split(".")[:2]}
        assert {"encoder", "decoder"} <= halves


def test_all_linear_is_a_word_or_a_list_wherever_it_is_written(tmp_path):
    word, several = (AdapterSpec(target_modules=one) for one in ("all-linear", ["all-linear"]))
    assert word == several
    assert AdapterSpec(target_modules="query").target_modules == ["query"]
    path = tmp_path / "spec.yaml"
    path.write_text("adapter:\n  target_modules: all-linear\n", "utf-8")
    assert from_yaml(path.read_text("utf-8")).adapter.target_modules == ["all-linear"]
    spec = RunSpec().replace({"adapter.target_modules": "all-linear"})
    assert spec.adapter.target_modules == ["all-linear"]
    assert "['all-linear']" in to_cell(spec)
    assert from_yaml(to_yaml(spec)) == spec


def test_a_pattern_alone_is_taken_as_peft_takes_a_word(folders):
    found = folders("t5", WRITES)
    model = adapted(found, WRITES, peft_method="lora", target_modules=r"decoder\..*EncDec.*\.[qv]")
    assert len(places(model)) == 4
    assert all(name.startswith("decoder.") and name[-1] in "qv" for name in places(model))


@pytest.mark.parametrize(
    ("kind", "auto_class", "target"),
    [
        ("llama", CONTINUES, "lm_head"),
        ("llama", CONTINUES, "embed_tokens"),
        ("gpt2", CONTINUES, "wte"),
        ("t5", WRITES, "shared"),
        ("t5", WRITES, "lm_head"),
        ("bart", WRITES, "lm_head"),
        ("bert", "AutoModelForMaskedLM", "word_embeddings"),
    ],
)
def test_layers_that_share_their_weights_are_refused_before_anything_is_loaded(
    kind, auto_class, target, folders
):
    tied = {"tie_word_embeddings": True}
    found = folders(kind, auto_class, **tied)
    skeleton = load_skeleton(found, auto_class, [])
    spec = AdapterSpec(peft_method="lora", target_modules=[target])
    with pytest.raises(ModelError) as caught:
        add_adapter(skeleton, spec, auto_class, found, seed=1)
    result = str(caught.value)
    assert result.startswith("adapter.target_modules: ")
    assert f"{target}' of a {kind} model has the same weights as " in result
    assert result.endswith("; leave it out, or choose all-linear")


def test_untied_embeddings_take_an_adapter(folders, tmp_path):
    found = folders("llama", CONTINUES, tie_word_embeddings=False)
    model = adapted(
        found, CONTINUES, peft_method="lora", target_modules=["embed_tokens", "lm_head"]
    )
    assert places(model) == {"model.embed_tokens", "lm_head"}


def test_a_run_with_shared_layers_leaves_nothing_behind(folders, tmp_path, capsys):
    found = folders("gpt2", CONTINUES)
    rows = tmp_path / "rows.txt"
    rows.write_text("".join(f"the film {n} was wonderful\n\n" for n in range(40)), "utf-8")
    spec = RunSpec().replace(
        {
            "task": "text-generation",
            "data.source": str(rows),
            "model.source": str(found.path),
            "adapter.peft_method": "lora",
            "adapter.target_modules": "wte",
            "output.runs_dir": str(tmp_path / "runs"),
        }
    )
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    capsys.readouterr()
    assert main(["train", str(tmp_path / "spec.yaml")]) == 2
    assert "has the same weights as" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
