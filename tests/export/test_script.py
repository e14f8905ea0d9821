"""A run as a script of plain transformers has the run's losses, where the workbench is not."""

import json
import os
import subprocess
import sys

import pytest
from stand_in_hub import stand_in_hub

from tests.tasks.test_decoders import CHATML, make_tiny_decoder
from tests.tiny_models import make_tiny_bert
from tests.tiny_tasks import tiny_task_spec
from tests.tiny_writers import make_tiny_t5
from workbench import pipeline
from workbench.errors import RunError
from workbench.export import export_run
from workbench.export.script import TOLERANCE, literal
from workbench.runs import RunFolder
from workbench.spec import to_yaml

# Trains as many scripts as are named, in one process from which the workbench cannot be imported.
RUNNER = """
import runpy, sys
sys.modules["workbench"] = None
for script in sys.argv[1:]:
    runpy.run_path(script, run_name="__main__")
"""
BRIEF = {
    "train.max_steps": 4,
    "train.eval_steps": 2,
    "train.per_device_train_batch_size": 4,
    "train.warmup_steps": 1,
    "train.learning_rate": 5e-3,
}


def without_dropout(folder):
    for path in folder.rglob("config.json"):
        config = json.loads(path.read_text("utf-8"))
        config |= {name: 0.0 for name in config if "dropout" in name and "classifier" not in name}
        path.write_text(json.dumps(config), "utf-8")


def trained(folder, task, model=None, **changes):
    changes = BRIEF | changes
    tiny_task_spec(folder, task, model, **changes)  # makes the model
    without_dropout(folder)
    return pipeline.train(tiny_task_spec(folder, task, model, **changes))


def run_scripts(folders, **settings):
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUNNER, *[str(folder / "train.py") for folder in folders]],
        env=environment | (settings or {"HF_HUB_OFFLINE": "1"}),
        cwd=folders[0],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def by_script(folder):
    state = json.loads((folder / "trained" / "trainer_state.json").read_text("utf-8"))
    return [entry for entry in state["log_history"] if "grad_norm" in entry]


def by_run(run):
    return [event for event in run.events() if event["event"] == "step_logged"]


def require_equal(run, folder):
    ours, theirs = by_run(run), by_script(folder)
    assert len(ours) == len(theirs) > 3
    for own, other in zip(ours, theirs, strict=True):
        assert own["loss"] == pytest.approx(other["loss"], rel=TOLERANCE)
        assert own["learning_rate"] == pytest.approx(other["learning_rate"], rel=1e-6, abs=1e-12)
        assert own["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-3)


SHORT = {"data.max_tokens": 100, "generate.max_new_tokens": 24}
TERSE = SHORT | {"data.prompt_template": "{source}"}
ASKED = SHORT | {"data.prompt_template": "{question} {context}", "model.answers": "generative"}


def make_chat_model(path):
    return make_tiny_decoder(path, "llama", CHATML)


CASES = {
    "classes": ("text-classification", {}),
    "weights": (
        "text-classification",
        {
            "train.class_weights": "balanced",
            "train.loss": "focal",
            "train.label_smoothing_factor": 0.1,
            "train.gradient_accumulation_steps": 2,
            "model.freeze_layers": 1,
            "model.attention_dropout": 0.0,
        },
    ),
    "lora": ("text-classification", {"adapter.peft_method": "lora"}),
    "halves": ("text-classification", {"train.precision": "bf16"}),
    "marks": ("fill-mask", {"data.special_tokens_in_text": "keep"}),
    "packed": ("text-generation", {"data.packing": True}),
    "numbers": ("text-regression", {"train.gradient_accumulation_steps": 2}),
    "tags": ("token-classification", {"train.gradient_accumulation_steps": 2}),
    "spans": ("question-answering", {}),
    "masks": ("fill-mask", {}),
    "words": ("text-generation", {"train.gradient_accumulation_steps": 2}),
    "summaries": ("summarization", {"train.gradient_accumulation_steps": 2}),
    "pairs": ("translation", {"train.train_sampling_strategy": "random"}),
    "summaries by a decoder": ("summarization", TERSE, make_chat_model),
    "pairs by a decoder": (
        "translation", TERSE | {"adapter.peft_method": "lora"}, make_chat_model
    ),
    "answers written by a decoder": ("question-answering", ASKED, make_chat_model),
    "answers written by an encoder-decoder": ("question-answering", ASKED, make_tiny_t5),
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    found = {}
    for name, (task, changes, *makers) in CASES.items():
        home = tmp_path_factory.mktemp(name.replace(" ", "-"))
        run = trained(home, task, *[make(home / "model") for make in makers], **changes)
        found[name] = run, export_run(run, "script", home / "script")
    run_scripts([one.path for _, one in found.values()])
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_script_has_the_losses_of_the_run_at_each_step(exported, name):
    run, found = exported[name]
    require_equal(run, found.path)
    assert found.largest_difference <= TOLERANCE


def test_a_model_of_the_hub_is_fetched_from_there_by_its_name(tmp_path):
    with stand_in_hub(tmp_path / "hub") as hub:
        make_tiny_bert(hub.folder("models", "org/tiny"))
        without_dropout(tmp_path)
        spec = tiny_task_spec(tmp_path / "home", "text-classification", **BRIEF).replace(
            {"model.source": "org/tiny", "output.run_name": "one"}
        )
        (tmp_path / "spec.yaml").write_text(to_yaml(spec), "utf-8")
        settings = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"}
        run, folder = RunFolder(tmp_path / "home" / "runs" / "one"), tmp_path / "script"
        for command in (
            ["train", str(tmp_path / "spec.yaml")],
            ["export", str(run.path), "--to", "script", "--out", str(folder)],
        ):
            subprocess.run(
                [sys.executable, "-m", "workbench", *command], check=True,
                env=os.environ | settings | {"HF_HOME": str(tmp_path / "cache")},
            )  # fmt: skip
        assert not (folder / "model").exists()
        hub.requests.clear()
        run_scripts([folder], **settings, HF_HOME=str(tmp_path / "another"))
        assert any("org/tiny" in request for request in hub.requests)
    require_equal(run, folder)


def test_what_comes_from_data_stays_a_literal(exported):
    names = ['"""', "\\", "{}", "\n__import__('os')", "{{ 7 * 7 }}"]
    assert eval(literal({"labels": names, "gamma": float("inf")})) == {
        "labels": names,
        "gamma": float("inf"),
    }
    with pytest.raises(TypeError):
        literal(object())


def test_changed_data_and_what_no_script_can_do_are_refused(exported, tmp_path):
    run, _ = exported["classes"]
    spec = run.spec()
    run.write_spec(spec.replace({"train.custom_loss": "asymmetric"}), run.record())
    with pytest.raises(RunError, match=r"it uses train\.custom_loss"):
        export_run(run, "script", tmp_path / "one")
    run.write_spec(spec, run.record() | {"data_fingerprint": "0" * 8})
    with pytest.raises(RunError, match="has changed"):
        export_run(run, "script", tmp_path / "two")
    assert not (tmp_path / "one").exists() and not (tmp_path / "two").exists()
