"""What the events of a run add up to."""

from __future__ import annotations

import pytest

from workbench.runs import RunState


def event(kind, step=0, wall_seconds=0.0, **values):
    return {"event": kind, "seq": 0, "step": step, "wall_seconds": wall_seconds, **values}


STARTED = event("run_started", total_steps=100, device="cpu")


def logged(step, wall_seconds):
    return event("step_logged", step, wall_seconds, loss=1.0)


def test_a_state_without_events_is_new():
    state = RunState()
    assert (state.status, state.ended, state.seconds_left()) == ("new", False, None)


def test_a_run_is_folded_from_start_to_end():
    state = RunState().fold(
        [
            STARTED,
            logged(1, 1.0),
            event("evaluated", 25, 5.0, metrics={"loss": 0.5}, best=True),
            event("checkpoint_saved", 25, 5.5, path="checkpoints/step-000025", best=True),
            event("evaluated", 50, 9.0, metrics={"loss": 0.6}, best=False),
            event("probe_snapshot", 50, 9.1, probe=0, path="attention/x.json"),
            event("steered", 50, 9.2, knob="learning_rate", old=1, new=2, who="user"),
            event("run_ended", 50, 10.0, reason="early_stopped", best_step=25, seconds=10),
        ]
    )
    assert (state.status, state.ended) == ("early_stopped", True)
    assert (state.step, state.total_steps, state.best_step) == (50, 100, 25)
    assert state.wall_seconds == 10.0
    assert state.started == STARTED
    assert [e["step"] for e in state.steps] == [1]
    assert [e["step"] for e in state.evaluations] == [25, 50]
    assert [e["path"] for e in state.checkpoints] == ["checkpoints/step-000025"]


def test_folding_in_parts_is_folding_at_once():
    events = [STARTED, logged(1, 1.0), logged(2, 2.0), logged(3, 3.5)]
    parts = RunState()
    for one in events:
        parts.fold([one])
    assert parts == RunState().fold(events)


@pytest.mark.parametrize(
    ("remedy", "failure"), [("free some space", "disk full; free some space"), ("", "disk full")]
)
def test_a_failed_run_says_what_failed_and_the_remedy(remedy, failure):
    state = RunState().fold([STARTED, event("run_failed", 3, what="disk full", remedy=remedy)])
    assert (state.status, state.ended, state.failure) == ("failed", True, failure)


@pytest.mark.parametrize("reason", ["finished", "early_stopped", "stopped"])
def test_the_reason_of_the_end_is_the_status(reason):
    assert RunState().fold([STARTED, event("run_ended", reason=reason)]).status == reason


def test_time_left_follows_the_pace_of_the_steps():
    state = RunState().fold([STARTED, logged(10, 30.0), logged(20, 50.0)])
    assert state.seconds_left() == pytest.approx(160.0)


def test_time_before_the_first_step_does_not_count_as_pace():
    slow_start = RunState().fold([STARTED, logged(1, 1000.0), logged(2, 1001.0)])
    assert slow_start.seconds_left() == pytest.approx(98.0)


@pytest.mark.parametrize(
    "events",
    [
        [STARTED],
        [STARTED, logged(1, 1.0)],
        [STARTED, logged(1, 1.0), logged(1, 2.0)],
        [logged(1, 1.0), logged(2, 2.0)],
        [STARTED, logged(1, 1.0), logged(2, 2.0), event("run_ended", reason="stopped")],
    ],
    ids=["no step", "one step", "the same step twice", "total unknown", "ended"],
)
def test_time_left_is_unknown_without_a_pace(events):
    assert RunState().fold(events).seconds_left() is None


def test_time_left_is_never_negative():
    state = RunState().fold([STARTED, logged(1, 1.0), logged(120, 130.0)])
    assert state.seconds_left() == 0.0


def steered(knob, new, step, wall_seconds, **values):
    return event("steered", step, wall_seconds, knob=knob, old=None, new=new, who="a", **values)


def test_a_pause_counts_neither_as_work_nor_for_the_pace():
    state = RunState().fold(
        [
            STARTED,
            logged(10, 10.0),
            logged(20, 20.0),
            steered("paused", True, 20, 20.0),
        ]
    )
    assert (state.status, state.seconds_left()) == ("paused", pytest.approx(80.0))
    state.fold([steered("paused", False, 20, 3620.0), logged(30, 3630.0)])
    assert (state.status, state.active_seconds) == ("running", 30.0)
    assert state.seconds_left() == pytest.approx(70.0)


def test_after_a_break_the_steps_taken_again_do_not_slow_the_pace():
    state = RunState().fold([STARTED, logged(10, 10.0), logged(40, 40.0)])
    state.fold([event("run_started", 20, 40.0, total_steps=100, resumed_from=20)])
    assert state.seconds_left() == pytest.approx(80.0)  # from step 20 on, at the old pace
    state.fold([logged(50, 200.0), logged(60, 205.0)])
    assert state.seconds_left() == pytest.approx(20.0)
    assert [e["resumed_from"] for e in state.breaks] == [20]


def test_more_epochs_mean_more_steps_and_more_time_left():
    state = RunState().fold([STARTED, logged(10, 10.0), logged(20, 20.0)])
    state.fold([steered("num_train_epochs", 4, 20, 20.0, total_steps=200)])
    assert (state.total_steps, state.seconds_left()) == (200, pytest.approx(180.0))


def test_a_clock_that_is_set_back_takes_no_time_away_and_goes_on():
    state = RunState().fold([STARTED, logged(1, 100.0), logged(2, 40.0), logged(3, 41.0)])
    assert state.active_seconds == 101.0
    assert state.wall_seconds == 100.0


@pytest.mark.parametrize(
    "garbage",
    [
        event("step_logged", None),
        event("step_logged", 3, "soon"),
        event("step_logged", 3, float("nan")),
        event("evaluated", 3),
        event("steered", 3),
    ],
)
def test_an_event_with_holes_is_passed_over(garbage):
    state = RunState().fold([STARTED, logged(1, 1.0), garbage, logged(4, 2.0)])
    assert [e["step"] for e in state.steps] == [1, 4]
    assert (state.evaluations, state.commands, state.step) == ([], [], 4)


def test_many_steps_at_once_are_the_steps_one_by_one():
    one_by_one = RunState().fold([STARTED, *(logged(n, n / 2) for n in range(1, 70))])
    at_once = RunState().fold([STARTED]).fold_steps(one_by_one.steps.numbers())
    assert at_once == one_by_one
    assert at_once.seconds_left() == one_by_one.seconds_left()
