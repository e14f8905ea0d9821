"""What counts as the same text, or nearly the same, and which of them stays."""

from __future__ import annotations

import random
import string

import pytest

from workbench.data import duplicates
from workbench.data.duplicates import (
    Copy,
    choose_bands,
    exact_duplicates,
    near_duplicates,
    similarity,
    text_key,
)

TEXT = "The flight from Boston was four hours late and nobody at the gate said a word."


def test_texts_that_differ_in_case_and_blanks_are_the_same():
    keys = [text_key(t) for t in ("One", "two", " one\n", "TWO  ", "three")]
    assert exact_duplicates(keys) == {2: Copy(0), 3: Copy(1)}


def test_pairs_are_the_same_only_in_both_parts():
    keys = [text_key("a", "b"), text_key("a b", ""), text_key("A", "B ")]
    assert exact_duplicates(keys) == {2: Copy(0)}


def test_a_near_copy_names_the_row_that_stays_and_how_alike_it_is():
    near = TEXT.replace("four", "five")
    found = near_duplicates([TEXT, "Something else.", near, TEXT])
    assert found == {2: Copy(0, similarity(TEXT, near)), 3: Copy(0, 1.0)}
    assert 0.8 < found[2].similarity < 0.9


def test_every_dropped_row_is_near_a_kept_one_along_a_chain():
    words = TEXT.split()
    chain = [" ".join([*words[:i], *(w.upper() * 2 for w in words[i:])]) for i in range(len(words))]
    found = near_duplicates(chain, 0.7)
    assert 0 < len(found) < len(chain) - 1
    for position, copy in found.items():
        assert copy.position not in found
        assert similarity(chain[position], chain[copy.position]) == copy.similarity >= 0.7


def test_questions_on_one_passage_are_no_copies_of_one_another():
    passage = "A long passage about the history of flight, " * 20
    keys = [text_key("who flew first", passage), text_key("when was that", passage)]
    assert near_duplicates(keys) == {}
    assert near_duplicates([*keys, text_key("who flew first", passage + "or so")]).keys() == {2}


def test_short_chinese_and_empty_texts_are_compared_too():
    keys = ["好", "不好", "", "好", "这家酒店的服务非常好早餐也很丰富下次还会再来住",
            "这家酒店的服务非常好早餐也很丰富下次还会再来"]  # fmt: skip
    assert near_duplicates(keys).keys() == {3, 5}
    assert near_duplicates(["\ud800 half of a pair", "\ud800 half of a pair"]) == {1: Copy(0)}
    assert near_duplicates([]) == {}


def test_rows_can_be_compared_to_others_only():
    near = TEXT.replace("four", "five")
    found = near_duplicates([near, near, "new", "old"], against=["old", TEXT, "old"])
    assert {i: copy.position for i, copy in found.items()} == {0: 1, 1: 1, 3: 0}


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_find_nearly_all_pairs_at_the_threshold(threshold):
    bands, rows = choose_bands(threshold)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.99


def test_texts_made_from_one_form_are_not_all_compared(monkeypatch):
    draw = random.Random(1)
    form = "Dear customer, your order number {} has left our house and will be with you on {}."
    names = ["".join(draw.choices(string.ascii_lowercase, k=9)) for _ in range(800)]
    keys = [form.format(name, name[::-1]) for name in names]
    assert 0.5 < similarity(keys[0], keys[1]) < 0.8
    compared = []
    monkeypatch.setattr(
        duplicates, "similarity", lambda *pair: compared.append(pair) or similarity(*pair)
    )
    assert near_duplicates(keys) == {}
    assert len(compared) <= len(keys) * duplicates.MOST_RIVALS
    assert near_duplicates([*keys, keys[-1] + " Bye."])[800].position == 799


def test_of_planted_near_copies_at_least_99_in_100_are_found_and_nothing_else():
    draw = random.Random(0)
    texts = ["".join(draw.choices(string.ascii_lowercase + " ", k=80)) for _ in range(1500)]
    copies = []
    for text in texts[:1000]:
        place = draw.randrange(len(text))
        copies.append(f"{text[:place]}#{text[place + 1 :]}")
    expected = {i for i, text in enumerate(copies) if similarity(texts[i], text) >= 0.8}
    found = near_duplicates([*texts, *copies])
    assert all(position == copy.position + 1500 for position, copy in found.items())
    assert len(found) >= 0.99 * len(expected) and len(expected) > 900
    assert {position - 1500 for position in found} <= expected
