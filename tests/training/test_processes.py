"""Several processes that train one run: the numbers of one process, and one writer."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.errors import InputError
from workbench.runs import RunFolder
from workbench.spec import to_yaml
from workbench.training.processes import (
    PIECE_BYTES,
    Processes,
    launched,
    require_same_weights,
    require_whole_model,
)
from workbench.training.processes import _pieces as pieces

HERE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """Return a spec of a model without dropout, so that processes draw no chance.

    Of its 56 rows a step takes 16; the last group of an epoch is incomplete, and one process has
    less of it than the other.
    """
    spec = tiny_spec(
        tmp_path_factory.mktemp("together"),
        **{"train.max_steps": 12, "train.eval_steps": 4, "output.keep_every_steps": 4,
           "train.per_device_train_batch_size": 4, "train.gradient_accumulation_steps": 2,
           "train.train_sampling_strategy": "sequential"},
    )  # fmt: skip
    config = Path(spec.model.source) / "config.json"
    plain = json.loads(config.read_text("utf-8"))
    plain |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config.write_text(json.dumps(plain), "utf-8")
    return spec


@pytest.fixture(scope="module")
def by_two(spec):
    """Return what two processes printed, and their run."""
    folder = Path(spec.output.runs_dir).parent
    (folder / "spec.yaml").write_text(to_yaml(spec), "utf-8")
    done = launch("train", folder / "spec.yaml", "--set", "output.run_name=two")
    assert done.returncode == 0, done.stderr
    return done, RunFolder(folder / "runs" / "two")


def launch(*arguments):
    """Run a command in two processes."""
    environment = os.environ | {
        "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1", "WORKBENCH_LANGUAGE": "en",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "-m", "workbench", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False, timeout=300, cwd=HERE,
    )  # fmt: skip


def logged(run):
    return [event for event in run.events() if event["event"] == "step_logged"]


def test_two_processes_take_the_steps_of_one_and_one_of_them_writes(spec, by_two):
    done, two = by_two
    assert done.stdout.count("accuracy  ") == 1
    one = pipeline.train(
        spec.replace(
            {"train.per_device_train_batch_size": 8, "output.run_name": "one",
             "train.gradient_accumulation_steps": 2}
        )
    )  # fmt: skip
    assert [e["event"] for e in two.events()] == [e["event"] for e in one.events()]
    for own, other in zip(logged(one), logged(two), strict=True):
        assert other["rows"] == own["rows"]
        assert other["loss"] == pytest.approx(own["loss"], rel=1e-4)
        assert other["grad_norm"] == pytest.approx(own["grad_norm"], rel=1e-3)
    scores = [[e["metrics"] for e in run.events() if e["event"] == "evaluated"]
              for run in (one, two)]  # fmt: skip
    for own, other in zip(*scores, strict=True):
        assert other == pytest.approx(own, rel=1e-4)
    weights = [load_file(run.model_path / "model.safetensors") for run in (one, two)]
    for name, weight in weights[0].items():
        assert torch.allclose(weights[1][name], weight, atol=2e-4), name
    records = [(run.path / "dynamics.records").stat().st_size for run in (one, two)]
    assert records[0] == records[1]


def test_a_run_of_two_processes_that_died_goes_on_with_the_same_losses(by_two):
    _, whole = by_two
    cut = RunFolder(shutil.copytree(whole.path, whole.path.with_name("cut")))
    # As if it had died in step 10: nothing that came later is there.
    lines = cut.events_path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["step"] < 10]
    cut.events_path.write_text("".join(kept), "utf-8")
    shutil.rmtree(cut.checkpoints_path / "step-000012")
    shutil.rmtree(cut.model_path)
    done = launch("runs", "resume", cut.path)
    assert done.returncode == 0, done.stderr
    assert [e["loss"] for e in logged(cut)] == [e["loss"] for e in logged(whole)]
    assert (cut.model_path / "model.safetensors").read_bytes() == (
        whole.model_path / "model.safetensors"
    ).read_bytes()


def test_what_several_processes_cannot_do_is_refused_in_a_sentence(monkeypatch, capsys):
    with pytest.raises(InputError, match="FSDP splits the model between processes"):
        require_whole_model({"ACCELERATE_USE_FSDP": "true"})
    with pytest.raises(InputError, match="DeepSpeed"):
        require_whole_model({"ACCELERATE_USE_DEEPSPEED": "1"})
    require_whole_model({"ACCELERATE_USE_FSDP": "false"})
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert main(["recipes"]) == 2
    assert "2 processes were launched, and this command is for one" in capsys.readouterr().err


def test_different_weights_are_noticed_before_the_first_step():
    class Two(Processes):
        size = 2

        def collect(self, value):
            return [value, [number + 1 for number in value]]

    model = torch.nn.Linear(2, 2)
    require_same_weights(model, Processes())
    with pytest.raises(InputError, match="2 processes begin with different weights"):
        require_same_weights(model, Two())


def test_one_process_keeps_what_it_would_exchange():
    alone = Processes()
    assert alone.main
    assert (alone.sum(3), alone.share("x"), alone.collect(1)) == (3, "x", [1])
    assert not launched()


def test_gradients_are_summed_in_pieces_of_one_format():
    many = [torch.nn.Parameter(torch.zeros(PIECE_BYTES // 8)) for _ in range(5)]
    half = torch.nn.Parameter(torch.zeros(4, dtype=torch.float16))
    found = list(pieces([*many, half]))
    assert [one for piece in found for one in piece] == [*many, half]
    assert all(len({one.dtype for one in piece}) == 1 for piece in found)
    assert max(map(len, found)) == 3
