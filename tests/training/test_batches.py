"""Which rows go into which batch, and how many steps are left."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.training.batches import epoch_batches, steps_left

RANDOM = [[4, 6, 9, 0], [8, 5, 1, 2], [3, 7]]
GROUPED = [[2, 1], [6, 4], [8, 5], [9, 0], [7, 3]]
LATE = [[4, 8, 2, 5], [0, 9, 1, 3], [7, 6]]
LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=300)
STRATEGIES = ("group_by_length", "random", "sequential")


@given(LENGTHS, st.integers(1, 40), st.sampled_from(STRATEGIES), st.integers(0, 2**32 - 1))
def test_every_row_comes_once_in_batches_of_the_size_asked_for(lengths, batch, strategy, seed):
    batches = epoch_batches(lengths, batch, strategy, seed, epoch=0)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    assert [len(rows) for rows in batches[:-1]] == [batch] * (len(batches) - 1)
    assert len(batches) == math.ceil(len(lengths) / batch)


@pytest.mark.parametrize("strategy", ["group_by_length", "random"])
def test_the_order_follows_from_seed_and_epoch_alone(strategy):
    lengths = [n * 7 % 50 for n in range(500)]
    first = epoch_batches(lengths, 16, strategy, seed=1, epoch=0)
    assert first == epoch_batches(lengths, 16, strategy, seed=1, epoch=0)
    assert first != epoch_batches(lengths, 16, strategy, seed=1, epoch=1)
    assert first != epoch_batches(lengths, 16, strategy, seed=2, epoch=0)


def test_grouping_by_length_saves_most_of_the_padding_and_shows_the_longest_first():
    lengths = [1 + n * 37 % 101 for n in range(1600)]

    def padded(strategy):
        batches = epoch_batches(lengths, 16, strategy, seed=0, epoch=0)
        return sum(len(rows) * max(lengths[row] for row in rows) for rows in batches)

    waste = {
        strategy: padded(strategy) - sum(lengths) for strategy in ("group_by_length", "random")
    }
    assert waste["group_by_length"] < 0.1 * waste["random"]
    first = epoch_batches(lengths, 16, "group_by_length", seed=0, epoch=0)[0]
    assert max(lengths) in {lengths[row] for row in first}


def test_batches_of_like_lengths_come_in_no_order_of_length():
    lengths = [1 + n * 37 % 101 for n in range(1600)]
    batches = epoch_batches(lengths, 16, "group_by_length", seed=0, epoch=0)
    longest = [max(lengths[row] for row in rows) for rows in batches]
    rises = sum(a < b for a, b in pairwise(longest))
    assert 0.35 < rises / len(longest) < 0.65


@given(st.integers(1, 40), st.integers(1, 6), st.sampled_from([0.1, 0.5, 1.0, 1.5, 3.0]))
def test_steps_left_from_the_start_is_the_whole_run(batches, accumulation, epochs):
    per_epoch = math.ceil(batches / accumulation)
    expected = int(epochs) * per_epoch + math.ceil(round((epochs % 1) * per_epoch, 6))
    assert steps_left(epochs, 0, 0, batches, accumulation) == expected


@given(st.integers(1, 40), st.integers(1, 6), st.sampled_from([1.0, 1.5, 3.0]))
def test_each_step_leaves_one_step_less(batches, accumulation, epochs):
    epoch = batch = 0
    left = steps_left(epochs, 0, 0, batches, accumulation)
    while left:
        batch = min(batch + accumulation, batches)
        if batch == batches:
            epoch, batch = epoch + 1, 0
        left -= 1
        assert steps_left(epochs, epoch, batch, batches, accumulation) == left


def test_nothing_is_left_beyond_the_last_epoch():
    assert steps_left(2.0, 5, 3, 10, 1) == 0
    assert steps_left(2.0, 2, 0, 10, 1) == 0


def by_counting(epochs, epoch, batch, batches, accumulation):
    """Return the steps left by taking the batches one after the other, from a place in a pass."""
    per_epoch = math.ceil(batches / accumulation)
    whole, share = int(epochs), math.ceil(round((epochs % 1) * per_epoch, 6))
    steps = 0
    while epoch < whole:
        while batch < batches:
            batch = min(batch + accumulation, batches)
            steps += 1
        epoch, batch = epoch + 1, 0
    return steps + max(0, share - math.ceil(batch / accumulation)) if epoch == whole else 0


@given(
    st.sampled_from([0.25, 0.5, 1.0, 1.3, 2.0, 2.75]), st.integers(0, 4), st.integers(0, 30),
    st.integers(1, 30), st.integers(1, 6),
)  # fmt: skip
def test_the_steps_left_from_any_place_are_those_that_counting_gives(
    epochs, epoch, batch, batches, accumulation
):
    batch = min(batch, batches)
    found = steps_left(epochs, epoch, batch, batches, accumulation)
    assert found == by_counting(epochs, epoch, batch, batches, accumulation)


@pytest.mark.parametrize(
    ("epochs", "epoch", "batch", "batches", "accumulation", "left"),
    [
        (3.0, 0, 0, 10, 4, 9),  # three steps a pass, the third over two batches
        (3.0, 1, 4, 10, 4, 5),
        (3.0, 1, 5, 10, 4, 5),  # after a batch out of step: five are left, two steps
        (3.0, 2, 9, 10, 4, 1),
        (1.5, 1, 0, 10, 1, 5),
        (1.5, 1, 3, 10, 1, 2),
        (1.5, 1, 5, 10, 1, 0),
        (1.5, 1, 9, 10, 1, 0),
        (1.5, 1, 3, 10, 2, 1),  # a share of 2.5 steps is 3, of which two are taken
        (1.5, 2, 0, 10, 1, 0),
        (0.1, 0, 0, 30, 1, 3),  # 0.1 * 30 is a little more than 3 in floating point
        (0.01, 0, 0, 10, 1, 1),
    ],
)
def test_the_steps_left_by_hand(epochs, epoch, batch, batches, accumulation, left):
    assert steps_left(epochs, epoch, batch, batches, accumulation) == left


def test_the_rows_come_as_they_always_have():
    """A run that is taken up again after an update goes on with the rows it would have had."""
    lengths = [5, 3, 9, 1, 7, 2, 8, 4, 6, 5]
    assert epoch_batches(lengths, 4, "sequential", 3, 2) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert epoch_batches(lengths, 4, "random", 3, 2) == RANDOM
    assert epoch_batches(lengths, 2, "group_by_length", 3, 2) == GROUPED
    assert epoch_batches(lengths, 4, "random", 2**32 - 1, 100) == LATE


def groups_of(lengths, batch, seed=5):
    """Return the batches in the order before they are shuffled: by the rows drawn at random."""
    drawn = [row for rows in epoch_batches(lengths, 1, "random", seed, 0) for row in rows]
    place = {row: n for n, row in enumerate(drawn)}
    whole = epoch_batches(lengths, batch, "group_by_length", seed, 0)
    return drawn, place, whole


@pytest.mark.parametrize(
    ("rows", "batch", "group"),
    [(1600, 4, 200), (64, 4, 16), (63, 4, 12), (10, 4, 4), (3200, 16, 800), (240, 1, 50)],
)
def test_rows_of_like_length_are_sought_among_a_fair_sample(rows, batch, group):
    """A quarter of the rows, but no more than fifty batches: drawn at random, the longest first."""
    lengths = [1 + n * 37 % 101 for n in range(rows)]
    drawn, place, batches = groups_of(lengths, batch)
    for own in batches:
        assert len({place[row] // group for row in own}) <= (1 if group % batch == 0 else 2)
        assert [lengths[row] for row in own] == sorted((lengths[row] for row in own), reverse=True)
    for start in range(0, rows - group + 1, group):
        inside = drawn[start : start + group]
        ordered = sorted(inside, key=lambda row: -lengths[row])
        cut = [ordered[n : n + batch] for n in range(0, group, batch)]
        assert {tuple(own) for own in cut} <= {tuple(own) for own in batches}


def test_a_short_batch_is_the_last_even_if_it_holds_the_longest():
    lengths = [1] * 8 + [50]
    for seed in range(30):
        batches = epoch_batches(lengths, 4, "group_by_length", seed, 0)
        assert [len(own) for own in batches] == [4, 4, 1]


def test_a_last_batch_that_is_whole_may_come_first():
    lengths = [1] * 12 + [50]  # thirteen rows, one a batch: the longest comes first
    for seed in range(10):
        assert epoch_batches(lengths, 1, "group_by_length", seed, 0)[0] == [12]
