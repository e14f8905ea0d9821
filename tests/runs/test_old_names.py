"""Run folders of earlier versions, whose files and fields have other names, are read as before.

`old_names` was written by the version before the names changed; its weights are left out.
"""

import json
import random
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.runs import RunFolder, read_state
from workbench.runs.control import unused_hyperparameters
from workbench.training import checkpoints

OLD = RunFolder(Path(__file__).parent / "old_names")
CHECKPOINT = OLD.checkpoint_path(2)


def drawn():
    return (
        torch.rand(3).tolist(),
        np.random.standard_normal(),
        random.random(),
        random.gauss(0, 1),
    )


def test_its_log_and_record_are_read():
    (command,) = read_state(OLD).commands
    assert (command["knob"], command["new"], command["who"]) == ("dropout", 0.4, "ada")
    assert unused_hyperparameters(OLD) == {"label_smoothing_factor": "text-regression"}


def test_its_checkpoint_is_whole_and_its_progress_has_the_names_of_today():
    assert checkpoints.find_fault(CHECKPOINT) == ""
    assert checkpoints.latest_valid(OLD) == (CHECKPOINT, [])
    progress = checkpoints.load_progress(CHECKPOINT)
    assert progress["hyperparameters"] == {"dropout": 0.4, "learning_rate": 1e-3}
    assert progress["requests_taken"] == 2
    assert progress["meter"] == {"rows_seen": 16, "tokens": 64, "worse": 1}
    assert set(progress) == set(checkpoints.PROGRESS)


def test_its_random_states_come_back():
    torch.manual_seed(1)
    np.random.seed(2)
    random.seed(3)
    np.random.standard_normal()
    random.gauss(0, 1)
    expected = drawn()
    checkpoints.restore_rng_state(CHECKPOINT, checkpoints.load_progress(CHECKPOINT))
    assert drawn() == expected


def with_old_names(run):
    """Give the checkpoints of a run the names that an earlier version gave them."""
    old = {name: earlier for earlier, name in checkpoints.EARLIER_FIELDS.items()}
    for folder in checkpoints.list_checkpoints(run):
        (folder / "rng_state.safetensors").rename(folder / "chance.safetensors")
        progress = json.loads((folder / "progress.json").read_text())
        written = json.dumps({old.get(name, name): value for name, value in progress.items()})
        (folder / "progress.json").write_text(written)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"]["chance.safetensors"] = manifest["files"].pop("rng_state.safetensors")
        manifest["files"]["progress.json"] = {
            "bytes": len(written), "sha256": sha256(written.encode()).hexdigest()
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))


def losses_of_a_fork(run):
    child = pipeline.fork(run, 10, {})
    pipeline.resume(child)
    return [event["loss"] for event in child.events() if event["event"] == "step_logged"]


def test_a_fork_of_an_old_checkpoint_learns_like_one_of_a_new_checkpoint(tmp_path):
    settings = {"train.eval_steps": 10, "train.max_steps": 20, "output.save_total_limit": 5}
    run = pipeline.train(tiny_spec(tmp_path, **settings))
    expected = losses_of_a_fork(run)
    assert len(expected) == 10
    with_old_names(run)
    assert losses_of_a_fork(run) == expected
