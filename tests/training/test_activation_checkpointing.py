"""Activation checkpointing: layers compute twice, losses stay the same, or the model is refused."""

from collections import Counter

import pytest
import torch

from tests.tiny_models import make_tiny_bert
from tests.tiny_tasks import KINDS, tiny_task_spec
from tests.zoo.families import families
from workbench.cli import main
from workbench.errors import ModelError
from workbench.runs import EventWriter, RunFolder
from workbench.spec import to_yaml
from workbench.training import run as running
from workbench.training.loop import TrainingLoop
from workbench.training.prepare import prepare

WAYS = [
    *((task, "none") for task in KINDS),
    *((task, "lora") for task in ("text-classification", "text-generation", "summarization")),
    ("text-classification", "ia3"),
    ("text-generation", "prompt_tuning"),
]


def taken(folder, spec):
    """Return the losses of three steps, and how often each layer computed in all of them."""
    folder.mkdir()
    prepared = prepare(spec)
    torch.manual_seed(1)
    model = prepared.new_model()
    calls: Counter[str] = Counter()
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(
                lambda module, inputs, outputs, name=name: calls.update(
                    [name] if model.training else []
                )
            )
    writer = EventWriter(folder / "events.jsonl")
    loop = TrainingLoop(prepared, RunFolder(folder), writer, model)
    with running.quiet_libraries():
        loop.run_to_end()
    writer.close()
    logged = [event for event in RunFolder(folder).events() if event["event"] == "step_logged"]
    return [event["loss"] for event in logged], calls


@pytest.mark.parametrize(("task", "method"), WAYS)
def test_layers_compute_twice_a_step_and_the_losses_stay_the_same(task, method, tmp_path):
    spec = tiny_task_spec(tmp_path, task, **{"train.max_steps": 3, "adapter.peft_method": method})
    plain, once = taken(tmp_path / "once", spec)
    again, twice = taken(tmp_path / "twice", spec.replace({"train.activation_checkpointing": True}))
    assert len(plain) == 3
    assert again == pytest.approx(plain, rel=1e-5)
    # Of a layer's end, torch computes again no more than the gradient needs.
    inner = {name for name in once if "layer" in name or "block" in name}
    again = {name for name in inner if twice[name] == 2 * once[name]}
    assert len(again) > len(inner) / 2 > 2


def test_both_halves_of_a_writer_made_of_an_encoder_compute_twice(tmp_path):
    spec = tiny_task_spec(
        tmp_path, "translation", make_tiny_bert(tmp_path / "bert"), **{"train.max_steps": 3}
    )
    plain, once = taken(tmp_path / "once", spec)
    again, twice = taken(tmp_path / "twice", spec.replace({"train.activation_checkpointing": True}))
    assert again == pytest.approx(plain, rel=1e-5)
    for half in ("encoder.encoder.layer", "decoder.bert.encoder.layer"):
        assert any(twice[name] == 2 * once[name] for name in once if name.startswith(half))


@pytest.mark.parametrize("head", ["SequenceClassification", "MaskedLM"])
def test_a_model_that_cannot_compute_again_is_refused(head, tmp_path):
    (family,) = families("albert", auto_class=f"AutoModelFor{head}")
    spec = tiny_task_spec(tmp_path, family.task, family.make(tmp_path / "albert"))
    learning = prepare(spec)
    asked = spec.replace({"train.activation_checkpointing": True})
    sentence = "models of type 'albert' do not support activation checkpointing; set train.act"
    with pytest.raises(ModelError, match=sentence):
        prepare(asked)
    with pytest.raises(ModelError, match=sentence):
        learning.fitted(asked)
    assert prepare(spec.replace({"train.activation_checkpointing": False}))


def test_the_refusal_on_the_command_line_is_one_sentence(tmp_path, capsys):
    (family,) = families("albert", auto_class="AutoModelForSequenceClassification")
    spec = tiny_task_spec(tmp_path, family.task, family.make(tmp_path / "albert"))
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    changes = ["--set", "train.activation_checkpointing=true"]
    assert main(["train", str(tmp_path / "spec.yaml"), *changes]) == 2
    said = capsys.readouterr().err
    assert "models of type 'albert' do not support activation checkpointing" in said
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists()
