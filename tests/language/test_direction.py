"""Text from data never reorders what stands beside it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from workbench.language import text, translate
from workbench.language.direction import in_order, isolated

ORDERS = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
HEBREW = "\u05e9\u05dc\u05d5\u05dd"


def test_the_characters_are_those_that_unicode_gives_a_class_of_their_own():
    explicit = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    found = {chr(n) for n in range(0x110000) if unicodedata.bidirectional(chr(n)) in explicit}
    assert found == ORDERS
    assert all(in_order(one) == f"U+{ord(one):04X}" for one in found)


@given(st.text(st.sampled_from([*ORDERS, "a", "1", " ", HEBREW[0], "\u0661"])))
def test_an_isolated_text_closes_what_it_opens_and_nothing_else(text):
    shown = isolated(text)
    inner = shown[1:-1] if shown[:1] == "\u2068" else shown
    assert not ORDERS & set(inner)
    assert shown in (inner, f"\u2068{inner}\u2069")


def test_letters_from_the_right_are_kept_and_set_apart_and_others_stay_as_they_are():
    assert isolated(HEBREW) == f"\u2068{HEBREW}\u2069"
    for plain in ("spam", "中文，全角", "naïve 0.5", "👍🏽"):
        assert isolated(plain) == in_order(plain) == plain


def test_a_sentence_is_filled_with_texts_that_do_not_reorder_it():
    assert text("report.of_rows", "en", name="a\u202e", rows="5").count("U+202E") == 1
    assert translate("{path} is damaged", path="a\u202eb") == "aU+202Eb is damaged"
