"""The schedules of the learning rate against their formulas."""

import math

import pytest

from workbench.spec import RunSpec
from workbench.training.schedule import rate_shape

STEPS = 20


def shape(kind: str, warmup: float, total: int = STEPS, **changes) -> list[float]:
    spec = RunSpec().replace(
        {"train.lr_scheduler_type": kind, "train.warmup_steps": warmup}
        | {f"train.{name}": value for name, value in changes.items()}
    )
    factor = rate_shape(spec.train, total)
    return [factor(step) for step in range(total + 1)]


def formula(kind: str, warmup: int, step: int, rate: float = 1e-4) -> float:
    """Return the share of the rate that step number `step`, from 0, takes."""
    if kind == "constant":
        return 1.0
    if step < warmup:
        return step / warmup
    done = (step - warmup) / (STEPS - warmup)
    if kind == "cosine":
        return (1 + math.cos(math.pi * done)) / 2
    # transformers' polynomial of power 1 ends at a rate of 1e-7, not at 0.
    last = 1e-7 / rate
    return {"constant_with_warmup": 1.0, "linear": 1 - done,
            "polynomial": last + (1 - last) * (1 - done)}[kind]  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["linear", "cosine", "constant", "constant_with_warmup", "polynomial"]
)
@pytest.mark.parametrize("warmup", [0, 1, 5])
def test_each_schedule_is_its_formula(kind, warmup):
    expected = [formula(kind, warmup, step) for step in range(STEPS + 1)]
    assert shape(kind, warmup) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("asked", "steps"),
    [(0.1, 2), (0.11, 3), (0.5, 10), (0.999, 20), (1, 1), (3, 3), (3.7, 3), (0.0, 0)],
)
def test_warm_up_is_a_share_of_all_steps_below_one_and_a_number_from_there_on(asked, steps):
    found = shape("constant_with_warmup", asked)
    expected = [min(1.0, step / steps) if steps else 1.0 for step in range(STEPS + 1)]
    assert found == pytest.approx(expected)


def test_a_share_of_few_steps_is_rounded_up():
    assert shape("linear", 0.1, total=3) == pytest.approx([0, 1, 0.5, 0])


def test_the_shape_holds_for_every_rate_but_where_a_schedule_ends_at_one():
    assert shape("linear", 2, learning_rate=1e-6) == shape("linear", 2, learning_rate=1e-2)
    expected = [formula("polynomial", 2, step, 1e-2) for step in range(STEPS + 1)]
    assert shape("polynomial", 2, learning_rate=1e-2) == pytest.approx(expected)


def test_a_rate_that_was_moved_to_zero_has_a_shape_still():
    train = RunSpec().train.model_copy(update={"learning_rate": 0.0, "warmup_steps": 0})
    factor = rate_shape(train, 4)
    assert [factor(step) for step in range(5)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    train = train.model_copy(update={"lr_scheduler_type": "polynomial"})
    # From a rate of 1 down to 1e-7.
    assert rate_shape(train, 4)(2) == pytest.approx(1e-7 + (1 - 1e-7) / 2, abs=1e-9)
