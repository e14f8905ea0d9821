"""The logged steps as columns."""

from __future__ import annotations

import math

from workbench.runs.columns import Steps


def logged(step, **values):
    return {"event": "step_logged", "seq": step, "step": step, "wall_seconds": step / 2} | values


FULL = logged(
    3,
    epoch=0.5,
    loss=0.25,
    learning_rate=1e-5,
    grad_norm=1.5,
    tokens_per_second=900.5,
    rows_per_second=61.5,
    rows=48,
    memory_bytes=1_234_567_890,
)


def test_an_entry_is_the_event_that_was_added():
    (event,) = Steps([FULL])
    assert event == FULL
    assert all(type(event[name]) is int for name in ("seq", "step", "rows", "memory_bytes"))


def test_what_an_older_version_did_not_log_is_left_out():
    (event,) = Steps([logged(1, loss=0.5, grad_norm=1.0, memory_bytes=None)])
    assert event == logged(1, loss=0.5, grad_norm=1.0)


def test_a_lost_loss_stays_nan_and_infinite():
    steps = Steps([logged(1, loss=math.nan, grad_norm=math.inf)])
    assert math.isnan(steps[0]["loss"])
    assert steps[0]["grad_norm"] == math.inf


def test_what_is_no_number_is_lost():
    steps = Steps([logged(1, loss="low", learning_rate=[1], rows=True)])
    assert math.isnan(steps[0]["loss"])
    assert "learning_rate" not in steps[0]
    assert "rows" not in steps[0]


def test_a_column_is_had_at_once():
    steps = Steps(logged(n, loss=1 / n) for n in (1, 2, 4))
    assert list(steps.column("loss")) == [1.0, 0.5, 0.25]
    assert steps.value(-1, "step") == 4


def test_places_and_slices_are_those_of_a_list():
    steps = Steps(logged(n) for n in range(1, 6))
    assert [e["step"] for e in steps[1:-1]] == [2, 3, 4]
    assert steps[-2]["step"] == 4


def test_a_step_logged_again_takes_the_place_of_all_from_there_on():
    steps = Steps(logged(n, loss=1.0) for n in (1, 2, 3))
    steps.append(logged(2, loss=0.5))
    assert [(e["step"], e["loss"]) for e in steps] == [(1, 1.0), (2, 0.5)]
    steps.extend(Steps([logged(2, loss=0.1), logged(3)]).numbers())
    assert [e["step"] for e in steps] == [1, 2, 3]
    assert steps[1]["loss"] == 0.1


def test_rows_go_from_one_to_another_as_bytes():
    steps = Steps(logged(n, loss=math.nan) for n in range(1, 6))
    other = Steps()
    other.extend(steps.numbers(0, 2))
    other.extend(steps.numbers(2))
    assert other == steps
    assert other != Steps(logged(n, loss=0.0) for n in range(1, 6))
