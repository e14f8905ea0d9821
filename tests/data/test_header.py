import pytest

from workbench.data.header import looks_like_header

NAMES = {"text", "label", "comment", "sentence"}


@pytest.mark.parametrize(
    "rows",
    [
        [["text", "label"], ["good film", "pos"], ["bad film", "neg"]],
        [["id", "mood", "words"], ["1", "pos", "good film"], ["2", "neg", "bad film"]],
        [["words", "mood"], ["good film", "pos"], ["bad film", "neg"]],
        [["", "0", "1"], ["0", "ham", "hello"], ["1", "spam", "buy"]],
        [["text", "text"], ["a", "b"], ["c", "d"]],
        [["评论名称", "评分星级"], ["冰镇西瓜", "s-star4"], ["路人", "s-star5"]],
        [["text", "label"], ["a", "x"], ["text", "label"], ["b", "y"]],
    ],
)
def test_a_row_of_names_is_a_header(rows):
    assert looks_like_header(rows, NAMES)


@pytest.mark.parametrize(
    "rows",
    [
        [["1", "a stirring film"], ["0", "a dull one"], ["1", "another"]],
        [["ham", "Ok lar"], ["spam", "Free entry"], ["ham", "U dun say"], ["ham", "yes"]],
        [["A plane is taking off.", "An air plane is taking off.", "5.0"], ["a", "b", "3.8"]],
        [["Hi.", "嗨。"], ["Run!", "跑！"]],
        [["great", "great"], ["bad", "sad"]],
        [["comment", "nice one"], ["question", "how so"], ["comment", "well"], ["comment", "ah"]],
        [["x" * 70, "y"], ["z", "w"]],
    ],
)
def test_a_row_of_data_is_no_header(rows):
    assert not looks_like_header(rows, NAMES)
