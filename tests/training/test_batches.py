"""Which rows go into which batch, and how many steps are left."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.training.batches import epoch_batches, steps_left

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
