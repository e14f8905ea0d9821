"""Answers in passages: SQuAD's own scores, written here as its script has them, and places."""

import re
import string
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tasks import RowError
from workbench.tasks import _answers as answers

WORDS = st.lists(
    st.sampled_from(["the", "a", "An", "cat", "Cat!", "dog-house", "theory", "."]), max_size=6
).map(" ".join)


def normalized(text: str) -> str:
    """Return a text as `normalize_answer` of SQuAD's evaluate-v2.0.py does."""
    text = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def official(said: str, true: str) -> tuple[float, float]:
    """Return `compute_exact` and `compute_f1` of that script."""
    exact = float(normalized(said) == normalized(true))
    ours, theirs = normalized(said).split(), normalized(true).split()
    common = sum((Counter(ours) & Counter(theirs)).values())
    if not ours or not theirs:
        return exact, float(ours == theirs)
    if not common:
        return exact, 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return exact, 2 * precision * recall / (precision + recall)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_answers_are_compared_as_squads_script_does(said, true):
    each = [official(said, one) for one in true]
    expected = max(exact for exact, _ in each), max(f1 for _, f1 in each)
    assert answers.compare(said, true) == pytest.approx(expected)


def test_the_likest_answer_counts_wherever_it_stands():
    assert answers.compare("red house", ["blue", "red house", "house"]) == (1, 1)
    assert answers.compare("red house", ["red", "blue car"]) == (0, pytest.approx(2 / 3))


def test_no_answer_is_right_where_there_is_none():
    assert answers.compare("", []) == (1, 1)
    assert answers.compare("x", []) == (0, 0)
    assert answers.compare("", ["x"]) == (0, 0)


def test_chinese_goes_by_character_and_latin_words_stay_whole():
    assert answers.tokens_of("使用GPT-4的 Model_X。", by_character=True) == [
        "使", "用", "gpt4", "的", "modelx",
    ]  # fmt: skip
    assert answers.compare("北京", ["Beijing"]) == (0, 0)
    # Of characters 2 are shared of 3 and 2; word by word none would be.
    assert answers.compare("北京市", ["北京"]) == (0, pytest.approx(2 * 2 / 5))
    assert answers.compare("Beijing市", ["北京"]) == (0, 0)
    # One of the two is enough: gpt4, 模, 型 against gpt4.
    assert answers.compare("GPT-4 模型", ["GPT-4"]) == (0, pytest.approx(2 / 4))
    assert answers.compare("GPT-4", ["GPT-4 模型"]) == (0, pytest.approx(2 / 4))


@pytest.mark.parametrize(
    ("held", "starts", "found"),
    [
        ({"text": ["a", "b"], "answer_start": [3, "4"]}, None, [("a", 3), ("b", 4)]),
        ({"text": ["a"], "start": [7]}, None, [("a", 7)]),
        ({"text": "a", "answer_start": 5}, None, [("a", 5)]),
        ({"text": ["a", "b"]}, None, [("a", None), ("b", None)]),
        ({"text": "a"}, None, [("a", None)]),
        ({"text": np.array(["a"]).tolist(), "answer_start": np.array([2])}, None, [("a", 2)]),
        ({"text": [], "answer_start": []}, None, []),
        ("a cat", 6, [("a cat", 6)]),
        ("a cat", None, [("a cat", None)]),
        ("a cat", "x", [("a cat", None)]),
        (["a", {"text": "b", "answer_start": 1}, {"text": 2}], None,
         [("a", None), ("b", 1), ("2", None)]),
        ([], None, []),
    ],
)  # fmt: skip
def test_every_form_of_a_cell_is_read(held, starts, found):
    assert answers.read_answers(held, starts) == found


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"text": ["a", "b"], "answer_start": [1]}, "no_answers"),
        ({"answer_start": [1]}, "no_answers"),
        ({}, "no_answers"),
        ([{"answer_start": 3}], "no_answers"),
        (["a", 3], "no_answers"),
        (3, "no_answers"),
        ("  ", "empty_answer"),
        (None, "empty_answer"),
        (float("nan"), "empty_answer"),
    ],
)
def test_a_cell_of_another_kind_says_what_is_wrong(held, reason):
    with pytest.raises(RowError) as caught:
        answers.read_answers(held)
    assert caught.value.reason == reason
    if reason == "no_answers":
        assert caught.value.shown == str(held)


def placed(context: str, text: str, start: int | None):
    mended = []
    found = answers.place_answer(context, text, start, lambda *result: mended.append(result))
    return found, mended


CONTEXT = "the cat saw the dog, and the dog slept"  # the dog: 12 and 25


@pytest.mark.parametrize(
    ("text", "start", "found", "mended"),
    [
        ("the cat", 0, ("the cat", 0), []),
        ("the dog", 25, ("the dog", 25), []),
        (" cat ", 3, ("cat", 4), [("answer_moved", "cat: 3 → 4")]),
        ("cat", None, ("cat", 4), [("answer_found", "cat: – → 4")]),
        ("the dog", None, None, []),
        ("the dog", 13, ("the dog", 12), [("answer_moved", "the dog: 13 → 12")]),
        ("the dog", 2, ("the dog", 12), [("answer_moved", "the dog: 2 → 12")]),  # ten away
        ("the dog", 1, None, []),  # eleven
        ("the dog", 35, ("the dog", 25), [("answer_moved", "the dog: 35 → 25")]),
        ("the dog", 36, None, []),
        ("cat", 30, ("cat", 4), [("answer_moved", "cat: 30 → 4")]),  # the only place there is
        ("cat", -1, ("cat", 4), [("answer_moved", "cat: -1 → 4")]),
        ("bird", 4, None, []),
        ("  ", 0, None, []),
        (" cat", 3, ("cat", 4), [("answer_moved", "cat: 3 → 4")]),
        ("cat ", 4, ("cat", 4), [("answer_moved", "cat: 4 → 4")]),
        ("slept", -5, ("slept", 33), [("answer_moved", "slept: -5 → 33")]),
    ],
)
def test_a_place_that_lies_is_mended_where_one_place_is_right(text, start, found, mended):
    assert placed(CONTEXT, text, start) == (found, mended)


def test_a_place_as_far_from_one_as_from_the_other_is_none():
    assert placed("ab ab", "ab", 1)[0] == ("ab", 0)
    assert placed("ab  ab", "ab", 2) == (None, [])


def test_a_place_that_is_right_is_right_even_within_another_one():
    assert placed("aaa", "aa", 1) == (("aa", 1), [])


def test_marks_of_a_pattern_are_plain_text():
    assert placed("costs (5.0) or 5x0", "5.0", None)[0] == ("5.0", 7)


def squeeze(text: str) -> str:
    return re.sub(r" +", " ", text)


def test_an_answer_moves_with_its_passage():
    before = "two  spaces   before the  answer, the answer"
    after = squeeze(before)
    place = before.index("the  answer")
    assert answers.move_answer(before, after, "the  answer", place, squeeze) == (
        "the answer", after.index("the answer"),
    )  # fmt: skip
    last = before.rindex("the answer")
    assert answers.move_answer(before, after, "the answer", last, squeeze) == (
        "the answer", after.rindex("the answer"),
    )  # fmt: skip
    assert answers.move_answer(before, after, "no such", 3, squeeze) is None
    assert answers.move_answer("ab  ab  ab", "ab ab ab", "ab", 8, squeeze) == ("ab", 6)
    # A place that is one off, and blanks that vanish before the answer.
    assert answers.move_answer("ab  ab", "ab ab", "ab", 3, squeeze) == ("ab", 3)
    assert answers.move_answer("x  ab", "x ab", "ab", 3, lambda t: " ".join(t.split())) == (
        "ab", 2,
    )  # fmt: skip
    assert answers.move_answer("ab", "", "ab", 0, lambda text: None) is None
    # What stands before it may vanish as a whole.
    assert answers.move_answer("x ab", "ab", "ab", 2, lambda t: t.replace("x ", "") or None) == (
        "ab", 0,
    )  # fmt: skip


NEW = [("one", 4), ("two", 9)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"answers": "x", "answer_start": 2}, {"answers": "one", "answer_start": 4}),
        ({"answers": "x", "answer_start": None}, {"answers": "one"}),
        ({"answers": "x"}, {"answers": "one"}),
        ({"answers": {"text": ["x", "y"], "answer_start": [1, 2], "id": "q"}},
         {"answers": {"text": ["one", "two"], "answer_start": [4, 9], "id": "q"}}),
        ({"answers": {"text": "x", "start": 1}}, {"answers": {"text": "one", "start": 4}}),
        ({"answers": ["x", "y"]}, {"answers": ["one", "two"]}),
        ({"answers": [{"text": "x", "answer_start": 1, "id": 7}, {"text": "y"}]},
         {"answers": [{"text": "one", "answer_start": 4, "id": 7}, {"text": "two"}]}),
    ],
)  # fmt: skip
def test_answers_are_written_as_they_were_held(values, expected):
    assert answers.write_answers(values, NEW) == expected


def test_a_number_of_answers_other_than_the_cell_has_is_a_fault():
    with pytest.raises(ValueError, match="longer"):
        answers.write_answers({"answers": ["x"]}, NEW)


def test_flags_may_be_words():
    assert [answers.is_true(v) for v in (True, "True ", 1, "yes", False, "false", 0, None, "")] == [
        True, True, True, True, False, False, False, False, False,
    ]  # fmt: skip


def test_the_nested_form_is_read_with_what_is_missing():
    text = (
        '{"data": [{"title": "T", "paragraphs": [{"context": "C", "qas": ['
        '{"id": "1", "question": "Q", "answers": [{"text": "C", "answer_start": 0}]},'
        '{"question": "R", "is_impossible": true, "answers": [{"text": "C"}]}]}]},'
        '{"paragraphs": [{"qas": [{}]}]}]}'
    )
    assert answers.read_squad(text) == [
        {"id": "1", "title": "T", "context": "C", "question": "Q",
         "answers": [{"text": "C", "answer_start": 0}]},
        {"id": "", "title": "T", "context": "C", "question": "R", "answers": []},
        {"id": "", "title": "", "context": None, "question": None, "answers": None},
    ]  # fmt: skip
    assert answers.read_squad('{"data": []}') is None
    assert answers.read_squad('"paragraphs"') is None
    assert answers.read_squad('{"paragraphs": 3}') is None


def sentence(question: str, context: str) -> str:
    first, last = answers.likeliest_sentence(question, context)
    return context[first:last]


def test_the_likeliest_sentence_by_hand():
    assert (
        sentence("Where is the CAT", "A dog ran.  The cat sleeps here.") == "The cat sleeps here."
    )
    # As many words shared: the shorter one.
    assert sentence("cat", "The cat sleeps here. A cat ran. My own cat.") == "A cat ran."
    # As many and as long: the first.
    assert sentence("cat", "A cat ran. My cat sat.") == "A cat ran."
    assert sentence("x", "One two three. One two.") == "One two."
    assert sentence("cat", "One.\n \nA cat.") == "A cat."
    assert answers.likeliest_sentence("x", "") == (0, 0)
    assert answers.likeliest_sentence("x", "   ") == (0, 3)
    assert sentence("year cat", " At 3.5 years a cat rests \n a dog") == "At 3.5 years a cat rests"
