"""Which checkpoints a run keeps, and which of them it calls the best."""

import json

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import RunError
from workbench.models import load_trained
from workbench.runs import RunState
from workbench.training import checkpoints


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def train(home, **changes):
    """Train for 12 steps with an evaluation and a checkpoint every other one."""
    short = {"train.max_steps": 12, "train.eval_steps": 2, "inspect.probes": []}
    return pipeline.train(tiny_spec(home, **short, **changes))


def kept(run) -> list[int]:
    return sorted(checkpoints.step_of(folder) for folder in checkpoints.list_checkpoints(run))


def evaluated(run) -> list[dict]:
    return [event for event in run.events() if event["event"] == "evaluated"]


def best_by_hand(run, metric: str, greater: bool) -> int:
    """Return the step of the first evaluation that none is better than."""
    scores = [event["metrics"][metric] for event in evaluated(run)]
    best = max(scores) if greater else min(scores)
    return evaluated(run)[scores.index(best)]["step"]


@pytest.mark.parametrize(("every", "limit"), [(4, 1), (6, 0), (0, 2)])
def test_what_is_kept_are_multiples_the_best_and_the_latest_others(home, every, limit):
    run = train(
        home, **{"output.keep_every_steps": every, "output.save_total_limit": limit}
    )  # fmt: skip
    steps = [event["step"] for event in run.events() if event["event"] == "checkpoint_saved"]
    assert steps == [2, 4, 6, 8, 10, 12]
    best = best_by_hand(run, "loss", greater=False)
    for_good = {step for step in steps if every and step % every == 0} | {best}
    others = [step for step in steps if step not in for_good]
    assert kept(run) == sorted(for_good | set(others[len(others) - limit :] if limit else []))


def test_of_equal_scores_the_first_is_the_best(home):
    # At so low a rate no answer changes: every evaluation has the same accuracy.
    run = train(
        home,
        **{"train.learning_rate": 1e-7, "train.metric_for_best_model": "accuracy",
           "output.save_total_limit": 0},
    )  # fmt: skip
    accuracies = {event["metrics"]["accuracy"] for event in evaluated(run)}
    assert len(accuracies) == 1
    assert [event["best"] for event in evaluated(run)] == [True, *[False] * 5]
    assert kept(run) == [2]
    progress = checkpoints.load_progress(checkpoints.list_checkpoints(run)[0])
    assert (progress["best_step"], progress["best_metric"]) == (2, accuracies.pop())


@pytest.mark.parametrize(("metric", "greater"), [("loss", False), ("f1_macro", True)])
def test_the_best_is_the_lowest_loss_or_the_highest_score(home, metric, greater):
    run = train(home, **{"train.metric_for_best_model": metric, "train.learning_rate": 2e-2})
    scores = [event["metrics"][metric] for event in evaluated(run)]
    better = [
        all(score > old if greater else score < old for old in scores[:place])
        for place, score in enumerate(scores)
    ]
    assert [event["best"] for event in evaluated(run)] == better
    best = best_by_hand(run, metric, greater)
    assert RunState().fold(run.events()).best_step == best
    saved = load_trained(run.model_path).state_dict()
    noted = load_trained(run.checkpoint_path(best)).state_dict()
    assert all(saved[name].equal(noted[name]) for name in noted)


def test_patience_counts_evaluations_without_a_better_one(home):
    run = train(
        home,
        **{"train.learning_rate": 1e-7, "train.metric_for_best_model": "accuracy",
           "train.early_stopping_patience": 2},
    )  # fmt: skip
    assert [event["step"] for event in evaluated(run)] == [2, 4, 6]


def test_an_unexpected_weight_in_a_checkpoint_is_a_fault_that_names_it(home):
    from safetensors.torch import load_file, save_file

    run = train(home)
    folder = checkpoints.list_checkpoints(run)[-1]
    model = load_trained(run.model_path)
    checkpoints.load_weights(model, folder)
    file = folder / "model.safetensors"
    weights = load_file(file)
    extra = weights | {"bert.encoder.layer.9.stray": weights["classifier.bias"].clone()}
    save_file(extra, file, metadata={"format": "pt"})
    with pytest.raises(RunError, match=r"layer\.9\.stray"):
        checkpoints.load_weights(model, folder)
    lacking = {name: value for name, value in weights.items() if name != "classifier.bias"}
    save_file(lacking, file, metadata={"format": "pt"})
    with pytest.raises(RunError, match=r"classifier\.bias"):
        checkpoints.load_weights(model, folder)
    manifest = json.loads((folder / checkpoints.MANIFEST).read_text("utf-8"))
    assert "model.safetensors" in manifest["files"]
    assert "model.safetensors" in checkpoints.find_fault(folder)
