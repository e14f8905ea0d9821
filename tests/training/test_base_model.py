"""The base model of a run changes, or goes, while the run trains or waits: it is told."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import InputError, RunError
from workbench.runs import open_run, read_state

CHANGES = {
    "train.max_steps": 4, "train.eval_steps": 2, "output.save_steps": 1, "output.run_name": "p",
    "inspect.probes": ["a good film"],
}  # fmt: skip
KINDS = {"whole": {}, "adapter": {"adapter.peft_method": "lora"}}


class Sink:
    """Does something to the base model at a step."""

    def __init__(self, act, step=2):
        self.act, self.step = act, step

    def receive(self, events):
        if self.act and any(e["event"] == "step_logged" and e["step"] >= self.step for e in events):
            act, self.act = self.act, None
            act()

    def close(self):
        pass


def gone(folder):
    return lambda: (folder / "tiny-bert").rename(folder / "elsewhere")


def broken_off(folder, kind):
    """Return a run that ended after two steps as if killed, and the folder of its base model."""

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.train(tiny_spec(folder, **CHANGES, **KINDS[kind]), sinks=[Sink(stop)])
    return open_run(folder / "runs" / "p"), folder / "tiny-bert"


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_that_goes_while_the_run_trains_takes_nothing_with_it(kind, tmp_path, capsys):
    spec = tiny_spec(tmp_path, **CHANGES, **KINDS[kind])
    run = pipeline.train(spec, sinks=[Sink(gone(tmp_path))])
    assert read_state(run).status == "finished"
    assert "accuracy" in run.metrics()["metrics"]
    assert run.report_path.is_file()
    assert list(run.model_path.glob("*.safetensors"))
    said = [line for line in capsys.readouterr().err.splitlines() if "tiny-bert" in line]
    assert len(said) == 1
    assert "was changed or removed while p trained" in said[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_that_is_gone_is_named_and_the_run_goes_on_once_it_is_back(kind, tmp_path):
    run, base = broken_off(tmp_path, kind)
    base.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="tiny-bert") as caught:
        pipeline.resume(run)
    assert "hub" not in str(caught.value)
    assert read_state(run).status != "finished"
    (tmp_path / "elsewhere").rename(base)
    pipeline.resume(run)
    assert read_state(run).status == "finished"


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_that_has_changed_is_not_taken_for_the_one_the_run_began_with(kind, tmp_path):
    run, base = broken_off(tmp_path, kind)
    kept = shutil.copytree(base, tmp_path / "kept")
    weights = load_file(base / "model.safetensors")
    name = min(weights)
    save_file(
        {**weights, name: weights[name] + torch.ones(())},
        base / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(RunError, match="the model of p has changed since it began"):
        pipeline.resume(run)
    shutil.rmtree(base)
    kept.rename(base)
    pipeline.resume(run)
    assert read_state(run).status == "finished"
