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
