"""A run that leaves another at one of its checkpoints."""

import json
import shutil

import pytest

from tests.tiny_runs import played, tiny_spec
from workbench import pipeline
from workbench.errors import InputError, RunError
from workbench.runs import RunState
from workbench.training import checkpoints


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return pipeline.train(
        tiny_spec(
            tmp_path_factory.mktemp("home"),
            **{"train.eval_steps": 10, "output.save_total_limit": 10},
        )
    )


def fold(run):
    return RunState().fold(run.events())


def losses(run):
    return {event["step"]: event["loss"] for event in fold(run).steps}


def forked(parent, step, **changes):
    child = pipeline.fork(parent, step, changes)
    pipeline.resume(child)
    return child


def test_an_unchanged_fork_goes_the_way_of_its_parent(parent):
    child = forked(parent, 30)
    assert losses(child) == {s: loss for s, loss in losses(parent).items() if s > 30}
    assert [e["metrics"] for e in fold(child).evaluations] == [
        e["metrics"] for e in fold(parent).evaluations if e["step"] > 30
    ]
    assert fold(child).status == "finished"
    assert child.record()["parent"] == {"run": parent.name, "path": parent.name, "step": 30}
    assert child.report_path.is_file()


def test_a_fork_with_another_rate_parts_from_its_parent(parent):
    child = forked(parent, 40, **{"train.learning_rate": 5e-4})
    assert child.spec().train.learning_rate == 5e-4
    rates = {event["step"]: event["learning_rate"] for event in fold(child).steps}
    before = {event["step"]: event["learning_rate"] for event in fold(parent).steps}
    assert all(rates[step] == pytest.approx(before[step] / 10) for step in range(41, 71))
    assert losses(child)[41] == losses(parent)[41]
    assert losses(child)[70] != losses(parent)[70]


def test_a_fork_may_learn_longer_in_other_batches(parent):
    child = forked(
        parent, 70, **{"train.num_train_epochs": 12.0, "train.per_device_train_batch_size": 14}
    )
    assert fold(child).total_steps == fold(child).step == 70 + 2 * 4


@pytest.mark.parametrize(("asked", "taken"), [(35, 30), (30, 30), (5, 10), (999, 70), (None, 70)])
def test_the_checkpoint_at_or_before_the_step_is_taken(parent, asked, taken):
    child = pipeline.fork(parent, asked, {})
    assert child.record()["parent"]["step"] == taken
    assert [path.name for path in checkpoints.list_checkpoints(child)] == [f"step-{taken:06d}"]
    shutil.rmtree(child.path)


def test_a_damaged_checkpoint_is_passed_by_and_the_parent_is_left_as_it_was(parent, tmp_path):
    spare = tmp_path / "spare"
    shutil.copytree(parent.checkpoint_path(30), spare)
    shutil.rmtree(parent.checkpoint_path(30))
    shutil.copytree(spare, parent.checkpoint_path(30))
    (parent.checkpoint_path(30) / "progress.json").write_text("{}", "utf-8")
    child = pipeline.fork(parent, 30, {})
    assert child.record()["parent"]["step"] == 20
    shutil.rmtree(parent.checkpoint_path(30))
    shutil.copytree(spare, parent.checkpoint_path(30))
    assert not any(map(checkpoints.find_fault, checkpoints.list_checkpoints(parent)))


def test_without_a_good_checkpoint_there_is_no_fork_and_no_folder(tmp_path):
    run = pipeline.train(tiny_spec(tmp_path))
    for folder in checkpoints.list_checkpoints(run):
        (folder / "manifest.json").unlink()
    with pytest.raises(RunError, match=r"no good checkpoint to fork from .*manifest\.json is mi"):
        pipeline.fork(run, 30, {})
    assert [path.name for path in run.path.parent.iterdir()] == [run.name]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model.source": "wheel:minilm"},
            r"task, data, model and adapter; model\.source",
        ),
        ({"max_tokens": 8}, "max_tokens cannot change; start a new run instead: workbench train"),
        ({"train.learning_rate": 7}, "train.learning_rate: 7.* does not fit"),
        ({"train.learning_rat": 1}, "did you mean train.learning_rate"),
    ],
)
def test_what_a_fork_cannot_change_is_refused(parent, changes, message):
    before = sorted(parent.path.parent.iterdir())
    with pytest.raises(InputError, match=message):
        pipeline.fork(parent, 30, changes)
    assert sorted(parent.path.parent.iterdir()) == before


def test_what_was_moved_by_hand_is_in_the_spec_of_the_fork(tmp_path):
    spec = tiny_spec(tmp_path, **{"output.save_total_limit": 10})
    acts = [(30, "learning_rate", 1e-3), (30, "dropout", 0.4), (50, "weight_decay", 0.3)]
    run = pipeline.train(spec.replace({"train.replay": played(tmp_path, acts)}))
    child = pipeline.fork(run, 40, {})
    assert child.spec().train.learning_rate == 1e-3
    assert child.spec().train.weight_decay == spec.train.weight_decay
    progress = json.loads((child.checkpoint_path(40) / "progress.json").read_text("utf-8"))
    assert progress["hyperparameters"] == {"dropout": 0.4}
