from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data import DataProfile, profile_data
from workbench.data.lengths import length_edges
from workbench.spec import RunSpec
from workbench.tasks import Setup

from .examples import TASK, csv, load, write


class Words:
    """A tokenizer that takes each word for a token and adds one at either end."""

    model_max_length = 50
    unk_token_id = None

    def __call__(self, texts, pairs=None, truncation=True, verbose=True, add_special_tokens=True):
        assert not truncation
        assert not verbose
        both = [
            f"{text} {pair}" for text, pair in zip(texts, pairs or [""] * len(texts), strict=True)
        ]
        return {"input_ids": [[0] * (len(text.split()) + 2 * add_special_tokens) for text in both]}

    def __len__(self):
        return 30_000

    def num_special_tokens_to_add(self, pair):
        return 2

    def convert_ids_to_tokens(self, numbers):
        return ["word"] * len(numbers)


def _profile(tmp_path, words, **fields):
    """Profile rows with as many words as told."""
    pairs = [
        (f"row{i} " + "word " * (count - 1), "pos" if i % 2 else "neg")
        for i, count in enumerate(words)
    ]
    path = write(tmp_path / "f.csv", csv(pairs))
    return profile_of(path, **fields)


def profile_of(path, **fields):
    spec = RunSpec().replace(
        {"data.source": str(path)} | {f"data.{n}": v for n, v in fields.items()}
    )
    setup = Setup(spec, Words(), ["neg", "pos"], min(spec.data.max_tokens, Words.model_max_length))
    return profile_data(load(path, **fields), TASK, setup)


def test_lengths_labels_and_rows_are_counted_for_each_split(tmp_path):
    profile = _profile(tmp_path, [3] * 20)
    assert profile.splits == ["train", "validation"]
    assert profile.rows == {"train": 16, "validation": 4}
    assert profile.label_counts == {
        "train": {"neg": 8, "pos": 8},
        "validation": {"neg": 2, "pos": 2},
    }
    assert profile.length_edges == [0, 1, 2, 3, 4, 5]
    assert profile.length_counts == {"train": [0, 0, 0, 0, 16], "validation": [0, 0, 0, 0, 4]}
    assert (profile.truncated_share, profile.max_tokens) == (0, 50)


def test_the_share_of_texts_that_are_cut_is_of_the_training_rows(tmp_path):
    profile = _profile(tmp_path, [6, 6, 7, 7] * 10, max_tokens=8)
    assert profile.truncated_share == pytest.approx(0.5, abs=0.1)
    assert profile.length_edges == list(range(10))
    longer = profile.length_counts["train"][-1]
    assert longer / profile.rows["train"] == profile.truncated_share


def test_the_model_limits_the_tokens(tmp_path):
    assert _profile(tmp_path, [3] * 8, max_tokens=512).max_tokens == 50


def test_the_preview_shows_the_first_rows_shortened_to_a_line(tmp_path):
    profile = _profile(tmp_path, [100] * 20)
    assert len(profile.preview) == 5
    assert profile.preview[0].keys() == {"text", "label"}
    assert profile.preview[0]["label"] in ("neg", "pos")
    assert len(profile.preview[0]["text"]) == 200
    assert profile.preview[0]["text"].endswith("…")


def test_the_second_text_of_a_pair_counts(tmp_path):
    lines = [f"a{i} b,c d e,{'yes' if i % 2 else 'no'}" for i in range(10)]
    path = write(tmp_path / "f.csv", "\n".join(["sentence1,sentence2,label", *lines]))
    profile = profile_of(path)
    assert profile.length_edges[-1] == 7
    assert profile.length_counts["train"][-1] == 8
    assert profile.preview[0].keys() == {"text", "text_pair", "label"}


def test_a_profile_survives_the_way_through_plain_data(tmp_path):
    profile = _profile(tmp_path, [3] * 20)
    assert DataProfile.from_dict(profile.to_dict()) == profile
    assert profile.fingerprint
    assert profile.detected["encoding"] == "utf-8"


def test_one_endless_text_does_not_squeeze_all_others_into_one_bin(tmp_path):
    profile = _profile(tmp_path, [10] * 399 + [900], validation_share=0.5)
    assert profile.length_edges[-1] == 52
    assert sum(counts[-1] for counts in profile.length_counts.values()) == 1
    assert sum(map(sum, profile.length_counts.values())) == 400


@given(st.lists(st.integers(1, 20_000), min_size=1), st.integers(4, 5000))
def test_bins_are_even_and_reach_beyond_the_cut_if_texts_do(lengths, max_tokens):
    edges = length_edges(lengths, max_tokens)
    widths = {high - low for low, high in pairwise(edges)}
    assert edges[0] == 0
    assert len(widths) == 1
    assert widths.pop() > 0
    assert len(edges) <= 33
    assert max(lengths) <= max_tokens or edges[-1] > max_tokens


def test_what_stands_out_in_the_rows_of_a_run_is_found_with_their_numbers_in_the_source(tmp_path):
    rows = [(f"row{i} {'word ' * i}", "pos" if i % 2 else "neg") for i in range(20)]
    path = write(tmp_path / "train.csv", csv([*rows, ("row3  word word word", "neg")]))
    write(
        tmp_path / "test.csv", csv([("row5 word word word word word", "pos"), ("<b>x</b>", "neg")])
    )
    profile = profile_of(path, validation_split="test.csv")
    found = {one["kind"]: one for one in profile.findings}
    assert list(found)[:2] == ["leak_exact", "conflicts"]
    assert found["leak_exact"]["rows"] == {"validation": [1]}
    assert found["conflicts"]["rows"] == {"train": [4, 21]}
    assert found["duplicates"]["rows"] == {"train": [21]}
    assert found["cells.tag"]["rows"] == {"validation": [2]}
    assert all(one["sentence"] for one in profile.findings)
    assert DataProfile.from_dict(profile.to_dict()) == profile
