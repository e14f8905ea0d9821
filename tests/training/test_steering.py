"""Turning knobs while a tiny model learns: what it does, what is noted, and doing it again."""

import json

import pytest

from tests.tiny_runs import played, tiny_spec
from workbench import pipeline
from workbench.runs import RunState, ask
from workbench.runs.control import live_commands
from workbench.training.hyperparameters import MOVED


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the folder of the one model and data set that all these runs share."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def plain(home):
    return pipeline.train(tiny_spec(home, **{"train.eval_steps": 10}))


def fold(run):
    return RunState().fold(run.events())


def losses(run):
    return {event["step"]: event["loss"] for event in fold(run).steps}


def rates(run):
    return {event["step"]: event["learning_rate"] for event in fold(run).steps}


def steered(home, *acts):
    changes = {"train.eval_steps": 10, "train.replay": played(home, acts)}
    return pipeline.train(tiny_spec(home, **changes))


def test_every_number_that_can_be_asked_for_can_be_moved():
    assert set(MOVED) == {
        name for name, knob in live_commands().items() if knob.type in (int, float)
    }


def test_a_new_rate_keeps_the_shape_of_the_schedule(plain, home):
    run = steered(home, (30, "learning_rate", 1e-3))
    before, after = rates(plain), rates(run)
    assert all(after[step] == before[step] for step in range(1, 31))
    assert all(after[step] == pytest.approx(before[step] / 5) for step in range(31, 71))
    assert losses(run)[31] == losses(plain)[31]  # the loss of a step precedes its update
    assert losses(run)[32] != losses(plain)[32]


def test_an_act_is_noted_with_step_old_new_and_who(home):
    run = steered(home, (30, "learning_rate", 1e-3))
    (act,) = fold(run).commands
    assert (act["step"], act["knob"], act["old"], act["new"]) == (30, "learning_rate", 5e-3, 1e-3)
    assert act["who"] == "played: ada"


@pytest.mark.parametrize(
    ("knob", "value", "old"),
    [
        ("weight_decay", 0.5, 0.01),
        ("max_grad_norm", 0.01, 1.0),
        ("label_smoothing_factor", 0.3, 0.0),
        ("dropout", 0.6, 0.1),
    ],
)
def test_each_knob_changes_what_follows_and_only_that(plain, home, knob, value, old):
    run = steered(home, (20, knob, value))
    (act,) = fold(run).commands
    assert act["old"] == pytest.approx(old)
    before, after = losses(plain), losses(run)
    assert [after[s] for s in range(1, 21)] == [before[s] for s in range(1, 21)]
    assert [after[s] for s in range(23, 71)] != [before[s] for s in range(23, 71)]


def test_more_epochs_make_a_longer_run_with_the_schedule_stretched(plain, home):
    run = steered(home, (30, "num_train_epochs", 12.0))
    state = fold(run)
    assert (state.step, state.total_steps, state.status) == (84, 84, "finished")
    assert rates(run)[31] > rates(plain)[31]
    assert rates(run)[84] == pytest.approx(5e-3 / 76, rel=0.1)


def test_fewer_epochs_than_taken_end_the_run_evaluated_and_whole(home):
    run = steered(home, (33, "num_train_epochs", 2.0))
    state = fold(run)
    assert (state.step, state.status) == (33, "finished")
    assert state.evaluations[-1]["step"] == 33
    assert (run.model_path / "model.safetensors").is_file()


def test_more_accumulation_sees_the_same_rows_in_fewer_steps(plain, home):
    run = steered(home, (35, "gradient_accumulation_steps", 2))
    state = fold(run)
    assert state.total_steps == state.step == 35 + 5 * 4
    assert state.steps[-1]["rows"] == fold(plain).steps[-1]["rows"]
    assert state.steps[-1]["epoch"] == 10.0


def test_evaluations_come_when_asked_for_and_change_nothing_else(plain, home):
    run = steered(home, (13, "evaluate", True), (20, "eval_steps", 25), (55, "checkpoint", True))
    state = fold(run)
    assert [event["step"] for event in state.evaluations] == [10, 13, 20, 25, 50, 70]
    assert 55 in [event["step"] for event in state.checkpoints]
    assert losses(run) == losses(plain)


def test_stopping_keeps_the_best_model_and_says_so(home):
    run = steered(home, (25, "stop", "keep"))
    state = fold(run)
    assert (state.status, state.step) == ("stopped", 25)
    assert run.metrics()["metrics"]["loss"] == pytest.approx(
        min(event["metrics"]["loss"] for event in state.evaluations), abs=1e-4
    )
    assert run.report_path.is_file()


def test_discarding_keeps_the_log_and_nothing_that_was_learned(home):
    run = steered(home, (25, "stop", "discard"))
    assert (fold(run).status, fold(run).step) == ("discarded", 25)
    assert len(losses(run)) == 25
    assert not run.checkpoints_path.exists()
    assert not run.model_path.exists()


def test_going_back_takes_the_best_weights_at_the_present_rate(home):
    run = steered(
        home, (30, "learning_rate", 0.1), (45, "rollback", True), (45, "learning_rate", 1e-4),
        (45, "evaluate", True),
    )  # fmt: skip
    state = fold(run)
    back = next(act for act in state.commands if act["knob"] == "rollback")
    scores = {event["step"]: event["metrics"]["loss"] for event in state.evaluations}
    assert back["new"] == min((s for s in scores if s < 45), key=scores.get)
    assert scores[45] == pytest.approx(scores[back["new"]], abs=1e-6)
    assert state.step == 70


def test_a_sentence_added_on_the_way_is_looked_at_then_before_and_after(home):
    run = steered(home, (15, "probe", "the crew was awful"))
    names = sorted(path.name for path in run.attention_path.iterdir())
    assert names == [
        "probe-00-after.json", "probe-00-before.json", "probe-00-steps.jsonl",
        "probe-01-after.json", "probe-01-before.json", "probe-01-step-000015.json",
        "probe-01-steps.jsonl",
    ]  # fmt: skip
    record = json.loads((run.attention_path / names[-2]).read_text("utf-8"))
    assert record["step"] == 15
    event = next(event for event in fold(run).probes if event["probe"] == 1)
    assert (event["step"], event["path"]) == (15, "attention/probe-01-step-000015.json")
    ending = "probe-01-steps.jsonl"
    later = {event["step"] for event in fold(run).probes if event["path"].endswith(ending)}
    assert later == {event["step"] for event in fold(run).evaluations if event["step"] > 15}


def test_replaying_an_interactive_run_gives_its_losses_to_the_last_digit(home):
    acts = [
        (8, "learning_rate", 2e-3), (12, "dropout", 0.3), (20, "gradient_accumulation_steps", 2),
        (25, "num_train_epochs", 9.0), (30, "rollback", True), (33, "weight_decay", 0.2),
    ]  # fmt: skip
    first = steered(home, *acts)
    command = first.record()["command"]
    assert command == (
        f"workbench train {first.spec_path.as_posix()} --set train.replay={first.path.as_posix()}"
    )
    again = pipeline.train(first.spec().replace({"train.replay": str(first.path)}))
    assert losses(again) == losses(first)
    assert [a["knob"] for a in fold(again).commands] == [a["knob"] for a in fold(first).commands]
    assert again.spec().train.replay == str(first.path)


def test_what_is_asked_by_hand_is_done_and_a_pause_holds_the_run(home, monkeypatch):
    from workbench.training.loop import TrainingLoop

    take_step = TrainingLoop.take_step

    def with_a_person_beside(self):
        take_step(self)
        if self.step == 12:
            ask(self.run, "learning_rate", 1e-3, who="ada")
            ask(self.run, "paused", True, who="ada")
            ask(self.run, "paused", False, who="bo")

    monkeypatch.setattr(TrainingLoop, "take_step", with_a_person_beside)
    run = pipeline.train(tiny_spec(home))
    acts = [(a["step"], a["knob"], a["new"], a["who"], a["request"]) for a in fold(run).commands]
    assert acts == [
        (12, "learning_rate", 1e-3, "ada", 1),
        (12, "paused", True, "ada", 2),
        (12, "paused", False, "bo", 3),
    ]
