from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.splits import draw, find_split, hold_out, split_files


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["train.tsv", "dev.tsv"], ["train", "validation"]),
        (["msr-para-train.tsv", "msr-para-val.tsv"], ["train", "validation"]),
        (["cmrc2018_trial.json", "cmrc2018_test.json.gz"], ["validation", "test"]),
        (["wnut17train.conll", "emerging.dev.conll"], ["train", "validation"]),
        (["训练集.csv", "验证集.csv", "测试集.csv"], ["train", "validation", "test"]),
        (["SICK_train.txt", "SICK_trial.txt", "readme.txt"], ["train", "validation", "readme"]),
        (["train/0.csv", "train/1.csv", "test/0.csv"], ["train", "train", "test"]),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"], ["train", "train"]),
        (["part1.csv", "part2.csv"], ["all", "all"]),
        (["latest.csv", "trainers.csv"], ["all", "all"]),
        (["train-test.csv", "more.csv"], ["all", "all"]),
        (["dev.tsv"], ["all"]),
    ],
)
def test_files_are_grouped_by_the_split_they_are_named_after(names, groups):
    files = [Path("data") / name for name in names]
    expected = {group: [] for group in groups}
    for file, group in zip(files, groups, strict=True):
        expected[group].append(file)
    assert split_files(files) == expected


def test_files_in_one_folder_called_test_are_not_all_test_files():
    files = [Path("test/a.csv"), Path("test/b.csv")]
    assert split_files(files) == {"all": files}


@pytest.mark.parametrize(
    ("names", "role", "found"),
    [
        (["test", "dev", "train"], "validation", "dev"),
        (
            ["train", "validation_matched", "validation_mismatched"],
            "validation",
            "validation_matched",
        ),
        (["train", "valid", "validation"], "validation", "validation"),
        (["train", "unsupervised"], "test", ""),
        (["Training", "Test"], "train", "Training"),
    ],
)
def test_splits_are_found_by_what_they_are_usually_called(names, role, found):
    assert find_split(names, role) == found


texts = st.lists(st.sampled_from([f"text {i}" for i in range(30)]), min_size=8, max_size=80)


@given(texts, st.integers(0, 9), st.sampled_from([0.05, 0.2, 0.5]))
def test_held_out_rows_are_a_part_that_shares_no_text_with_the_rest(groups, seed, share):
    labels = ["even" if int(group[5:]) % 2 == 0 else "odd" for group in groups]
    learned, held = hold_out(groups, labels, share, seed)
    assert sorted(learned + held) == list(range(len(groups)))
    assert not {groups[i] for i in learned} & {groups[i] for i in held}
    for label in set(labels):
        mine = {group for group, own in zip(groups, labels, strict=True) if own == label}
        assert any(labels[i] == label for i in learned)
        assert any(labels[i] == label for i in held) == (len(mine) > 1)


def test_each_class_gives_its_share():
    groups = [f"text {i}" for i in range(1000)]
    labels = ["rare" if i % 10 == 0 else "common" for i in range(1000)]
    _, held = hold_out(groups, labels, 0.2, 42)
    assert Counter(labels[i] for i in held) == {"rare": 20, "common": 180}


def test_the_same_seed_holds_out_the_same_rows_on_every_machine():
    groups = [f"text {i}" for i in range(20)]
    labels = ["a", "b"] * 10
    assert hold_out(groups, labels, 0.2, 42)[1] == [13, 14, 16, 19]
    assert hold_out(groups, labels, 0.2, 43)[1] != [13, 14, 16, 19]


def test_a_text_keeps_its_side_when_the_rows_are_in_another_order():
    groups = [f"text {i}" for i in range(100)]
    labels = [str(i % 2) for i in range(100)]
    _, held = hold_out(groups, labels, 0.2, 1)
    _, backwards = hold_out(groups[::-1], labels[::-1], 0.2, 1)
    assert {groups[i] for i in held} == {groups[::-1][i] for i in backwards}


def test_a_text_repeated_very_often_does_not_fill_the_held_out_rows():
    groups = ["always this"] * 90 + [f"text {i}" for i in range(10)]
    for seed in range(5):
        _, held = hold_out(groups, ["x"] * 100, 0.1, seed)
        assert len(held) <= 10


@given(st.integers(2, 60), st.integers(1, 60), st.integers(0, 5))
def test_a_draw_has_as_many_rows_as_asked_and_every_class(size, count, seed):
    labels = ["rare" if i == 0 else "common" for i in range(size)]
    drawn = draw([str(i) for i in range(size)], labels, count, seed)
    assert len(drawn) == len(set(drawn)) == min(count, size)
    assert drawn == sorted(drawn)
    if count > 1:
        assert 0 in drawn


def test_a_draw_keeps_the_shares_of_the_classes():
    labels = ["a"] * 700 + ["b"] * 200 + ["c"] * 100
    drawn = draw([str(i) for i in range(1000)], labels, 101, 42)
    assert Counter(labels[i] for i in drawn) == {"a": 71, "b": 20, "c": 10}


def test_a_smaller_draw_is_part_of_a_larger_one():
    keys, labels = [str(i) for i in range(1000)], ["a", "b"] * 500
    assert set(draw(keys, labels, 100, 42)) <= set(draw(keys, labels, 200, 42))
