from __future__ import annotations

from dataclasses import replace

import pytest

from figures.examples import HOSTILE, profile, source_profile
from workbench import figures, language


@pytest.fixture(autouse=True)
def english():
    language.use("en")


def test_label_counts_are_one_bar_a_label_and_split():
    train, validation = figures.label_counts(profile()).data
    assert (train.name, validation.name) == ("Training", "Validation")
    assert train.x == (1400, 700)
    assert validation.x == (350, 175)
    assert train.y == (0, 1)


def test_labels_are_escaped_on_their_axis():
    figure = figures.label_counts(profile((HOSTILE,)))
    assert figure.layout.yaxis.ticktext[0].startswith("&lt;script&gt;")


def test_a_label_that_one_split_lacks_counts_zero():
    known = profile()
    known.label_counts["validation"].pop("positive")
    assert figures.label_counts(known).data[1].x == (350, 0)


def test_of_very_many_labels_the_largest_are_shown_and_the_figure_says_so():
    figure = figures.label_counts(profile(tuple(f"intent {n}" for n in range(77))))
    assert len(figure.data[0].x) == 40
    assert figure.layout.title.subtitle.text == "The 40 largest of 77 labels"


def test_lengths_are_shares_of_their_split():
    known = profile()
    train = figures.length_histogram(known).data[0]
    total = sum(known.length_counts["train"])
    assert train.y == tuple(n / total for n in known.length_counts["train"])
    assert train.x[0] == 2
    assert train.width == (4,) * 16


def test_a_line_stands_where_texts_are_cut():
    figure = figures.length_histogram(profile())
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (48, 48)
    assert figure.layout.title.subtitle.text == (
        "Texts are truncated at 48 tokens, which affects 3.2% of the training rows"
    )


def test_a_limit_far_beyond_the_longest_text_does_not_squeeze_the_bars():
    figure = figures.length_histogram(replace(profile(), max_tokens=4096, truncated_share=0.0))
    assert len(figure.layout.shapes) == 0
    assert figure.layout.xaxis.range == (0, 64)
    assert figure.layout.title.subtitle.text == (
        "The limit is 4,096 tokens; no training row is truncated"
    )


@pytest.mark.parametrize(
    ("draw", "empty"),
    [
        (figures.label_counts, {"label_counts": {}}),
        (figures.length_histogram, {"length_counts": {"train": [0, 0]}}),
    ],
)
def test_data_without_rows_says_so(draw, empty):
    figure = draw(replace(profile(), **empty))
    assert figure.layout.annotations[0].text == "There is nothing to show here."


def test_scripts_and_splits_have_names_in_the_readers_language_and_no_share_is_lost():
    held = replace(source_profile(), scripts={"Latin": 0.9997, "Runic": 0.0003})
    with language.using("zh"):
        drawn = figures.scripts(held)
    assert list(drawn.layout.yaxis.ticktext) == ["拉丁字母", "Runic"]
    assert list(drawn.data[0].text) == ["100.0%", "&lt;0.1%"]
