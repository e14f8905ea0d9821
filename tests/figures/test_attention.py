from __future__ import annotations

import numpy as np
import pytest

from figures.examples import record
from workbench import figures, language


@pytest.fixture(autouse=True)
def english():
    language.use("en")


def test_a_head_is_drawn_as_the_square_root_of_its_weights():
    known = record()
    figure = figures.attention_heatmap(known, 1, 2)
    assert np.allclose(figure.data[0].z, np.sqrt(known.map(0, 1, 2)), atol=1e-3)
    assert np.allclose(figure.data[0].customdata, known.map(0, 1, 2), atol=1e-4)


def test_without_a_head_the_mean_of_the_layer_is_drawn():
    known = record()
    figure = figures.attention_heatmap(known, 0)
    assert np.allclose(figure.data[0].customdata, known.map(0, 0), atol=1e-4)
    assert figure.layout.title.text == "Where the model looked: layer 1, mean of 3 heads"


def test_layers_and_heads_are_counted_from_one_in_the_title():
    title = figures.attention_heatmap(record(), 1, 2).layout.title.text
    assert title == "Where the model looked: layer 2, head 3"


def test_equal_tokens_keep_a_tick_each():
    axis = figures.attention_heatmap(record(("the", "cat", "the", "hat")), 0, 0).layout.xaxis
    assert axis.tickvals == (0, 1, 2, 3)
    assert axis.ticktext == ("the", "cat", "the", "hat")


def test_tokens_are_escaped():
    axis = figures.attention_heatmap(record(("<b>", "&amp;", "$$")), 0, 0).layout.yaxis
    assert axis.ticktext == ("&lt;b&gt;", "&amp;amp;", "&#36;&#36;")


def test_the_subtitle_says_whose_attention_it_is_and_what_it_answered():
    subtitle = figures.attention_heatmap(record(), 0).layout.title.subtitle.text
    assert subtitle == "After fine-tuning · positive (97%)"


def test_a_layer_that_the_record_lacks_is_an_error():
    with pytest.raises(IndexError):
        figures.attention_heatmap(record(), 9)


def test_the_image_of_a_long_text_stays_small():
    figure = figures.attention_heatmap(record(tuple(f"tok{n}" for n in range(64))), 0, 0)
    assert len(figures.to_svg(figure)) < 110_000
