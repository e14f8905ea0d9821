"""Settings that were changed and have no effect beside others: said, each with the reason."""

import json

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.spec import RunSpec, from_yaml, recipe_names, recipe_text, to_yaml
from workbench.training.checks import unused_settings
from workbench.training.prepare import prepare

# What is set, what is said of it, and with what it has an effect.
CASES = [
    ({"train.focal_gamma": 3.0}, "train.loss: auto", {"train.loss": "focal"}),
    ({"train.huber_delta": 2.0}, "train.loss: auto", {"train.loss": "huber"}),
    ({"adapter.lora_rank": 4}, "adapter.peft_method: none", {"adapter.peft_method": "dora"}),
    ({"adapter.lora_alpha": 4.0}, "adapter.peft_method: none", {"adapter.peft_method": "lora"}),
    ({"adapter.lora_dropout": 0.1}, "adapter.peft_method: none", {"adapter.peft_method": "lora"}),
    ({"adapter.target_modules": ["query"]}, "adapter.peft_method: none",
     {"adapter.peft_method": "ia3"}),
    ({"adapter.num_virtual_tokens": 4}, "adapter.peft_method: none",
     {"adapter.peft_method": "prompt_tuning"}),
    ({"model.vocab_size": 500}, "model.tokenizer: pretrained", {"model.tokenizer": "bpe"}),
    *(
        ({f"generate.{name}": value}, "generate.do_sample: False", {"generate.do_sample": True})
        for name, value in
        (("temperature", 0.7), ("top_p", 0.9), ("top_k", 10), ("sampling_seed", 7))
    ),
    ({"generate.length_penalty": 2.0}, "generate.num_beams: 1", {"generate.num_beams": 2}),
    ({"evaluate.zero_shot_rows": 9, "evaluate.baselines": False}, "evaluate.baselines: False",
     {"evaluate.baselines": True}),
    ({"evaluate.threshold": 0.3}, "data.multi_label: False", {"data.multi_label": True}),
    ({"train.num_train_epochs": 3.0, "train.max_steps": 5}, "train.max_steps: 5",
     {"train.max_steps": -1}),
    ({"train.warmup_steps": 5.0, "train.lr_scheduler_type": "constant"},
     "train.lr_scheduler_type: constant", {"train.lr_scheduler_type": "constant_with_warmup"}),
    ({"data.validation_share": 0.3, "data.validation_split": "test"},
     "data.validation_split: test", {"data.validation_split": ""}),
    ({"inspect.probe_max_tokens": 9, "inspect.probes": []}, "inspect.probes: []",
     {"inspect.probes": ["hello"]}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "beside", "mended"), CASES)
def test_a_setting_without_effect_is_reported_with_what_makes_it_so(changes, beside, mended):
    spec = RunSpec().replace(changes)
    path, value = next(iter(changes.items()))
    assert unused_settings(spec) == [f"{path}: {value} has no effect with {beside}."]
    assert unused_settings(spec.replace(mended)) == []


def test_nothing_is_said_of_the_defaults_nor_of_any_recipe():
    assert unused_settings(RunSpec()) == []
    for name in recipe_names():
        assert unused_settings(from_yaml(recipe_text(name))) == [], name


def test_what_is_said_has_no_effect_on_the_losses(tmp_path):
    spec = tiny_spec(
        tmp_path,
        **{
            "train.max_steps": 2, "train.num_train_epochs": 1.0, "evaluate.baselines": False,
            "train.lr_scheduler_type": "constant", "inspect.probes": [],
        },
    )  # fmt: skip
    useless = {
        "train.focal_gamma": 3.0, "train.num_train_epochs": 3.0, "train.warmup_steps": 5.0,
        "adapter.lora_rank": 4, "adapter.num_virtual_tokens": 4, "model.vocab_size": 500,
        "evaluate.threshold": 0.3, "inspect.probe_max_tokens": 9,
    }  # fmt: skip
    plain, other = pipeline.train(spec), pipeline.train(spec.replace(useless))
    assert len(unused_settings(other.spec())) == len(useless)
    losses = [
        [event["loss"] for event in run.events() if event["event"] == "step_logged"]
        for run in (plain, other)
    ]
    assert losses[0] == losses[1]
    assert plain.metrics()["metrics"] == other.metrics()["metrics"]


def test_the_notes_follow_a_spec_that_needs_no_other_data(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.max_steps": 3})
    prepared = prepare(spec)
    said = "train.num_train_epochs: 10.0 has no effect with train.max_steps: 3."
    assert said in prepared.data.notes
    assert said not in prepared.fitted(spec.replace({"train.max_steps": -1})).data.notes
    again = prepared.fitted(spec.replace({"train.lr_scheduler_type": "cosine"}))
    assert again.data.notes.count(said) == 1


def test_terminal_and_run_folder_tell_it(tmp_path, capsys):
    spec = tiny_spec(
        tmp_path, **{"train.max_steps": 1, "train.num_train_epochs": 1.0, "adapter.lora_rank": 4}
    )
    (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    assert main(["train", str(tmp_path / "spec.yaml")]) == 0
    said = "adapter.lora_rank: 4 has no effect with adapter.peft_method: none."
    assert said in " ".join(capsys.readouterr().err.split())
    (run,) = (tmp_path / "runs").iterdir()
    assert said in json.loads((run / "data.json").read_text("utf-8"))["notes"]
