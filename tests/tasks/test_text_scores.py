"""ROUGE by its definition, worked by hand; BLEU and chrF against sacrebleu as it is called."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import corpus_bleu, corpus_chrf
from sacrebleu.metrics import BLEU

from workbench.tasks import _bleu, _rouge

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)


def ngrams(words: list[str], size: int) -> Counter:
    return Counter(tuple(words[n : n + size]) for n in range(len(words) - size + 1))


def longest_common(first: list[str], second: list[str]) -> int:
    """Return the length of the longest common subsequence, by trying all of them."""
    for size in range(len(first), 0, -1):
        for chosen in itertools.combinations(first, size):
            rest = iter(second)
            if all(word in rest for word in chosen):
                return size
    return 0


def f1(shared: int, ours: int, theirs: int) -> float:
    """Return the harmonic mean of shared / ours and shared / theirs."""
    if not shared:
        return 0.0
    precision, recall = shared / theirs, shared / ours
    return 2 * precision * recall / (precision + recall)


def test_words_are_lower_case_without_marks_and_chinese_by_character():
    assert _rouge.words("It's GOOD_ok, 2nd—time! 模型很Good。") == [
        "it", "s", "good", "ok", "2nd", "time", "模", "型", "很", "good",
    ]  # fmt: skip
    assert _rouge.words("カナ and kana") == ["カ", "ナ", "and", "kana"]


def test_rouge_by_hand():
    reference, written = "the cat sat on the mat", "the cat the cat"
    # Shared: the twice, cat once, of 6 and 4 words; one pair of 5 and 3; the, cat, the in order.
    assert _rouge.rouge_n(reference, written, 1) == pytest.approx(2 * 3 / (6 + 4))
    assert _rouge.rouge_n(reference, written, 2) == pytest.approx(2 * 1 / (5 + 3))
    assert _rouge.rouge_l(reference, written) == pytest.approx(2 * 3 / (6 + 4))


@given(WORDS, WORDS, st.integers(1, 3))
def test_rouge_is_its_definition(reference, written, size):
    texts = " ".join(reference), " ".join(written)
    ours, theirs = ngrams(reference, size), ngrams(written, size)
    expected = f1((ours & theirs).total(), ours.total(), theirs.total())
    if not ours or not theirs:
        expected = float(reference == written)
    assert _rouge.rouge_n(*texts, size) == pytest.approx(expected)
    expected = f1(longest_common(reference, written), len(reference), len(written))
    if not reference or not written:
        expected = float(reference == written)
    assert _rouge.rouge_l(*texts) == pytest.approx(expected)


def test_texts_are_exact_but_for_case_and_blanks():
    assert _rouge.is_exact(" The\n cat ", "the  CAT")
    assert _rouge.is_exact("Straße", "STRASSE")
    assert not _rouge.is_exact("the cat", "the cat.")
    assert not _rouge.is_exact("thecat", "the cat")


LATIN = ["the cat sat on the mat", "a dog barked at night", "it rained all day"]
HAN = ["模型很好用", "今天下雨了", "猫坐在垫子上"]
KANA = ["猫がマットの上に座った", "今日は雨です", "犬が吠えた"]


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (LATIN, "13a"), (HAN, "zh"), (KANA, "char"), ([], "13a"),
        (HAN[:1] + LATIN[:1], "13a"),  # half of them: not most
        (HAN[:2] + LATIN[:1], "zh"),
        (HAN[:2] * 2 + KANA[:1], "zh"),  # one of five: a quotation
        (HAN[:3] + KANA[:1], "char"),
        (["カタカナ", "カタカナ", "word"], "char"),
        (KANA[:1] + LATIN[:1], "13a"),
    ],
)  # fmt: skip
def test_most_references_say_how_words_are_cut(references, expected):
    assert _bleu.tokenization_for(references) == expected


@pytest.mark.parametrize(
    ("references", "written", "tokenize"),
    [
        (LATIN, ["the cat sat on a mat", "a dog barked at me", "it rained all day"], "13a"),
        (HAN, ["模型很好", "今天下雨了", "猫坐在桌子上"], "zh"),
        (KANA, ["猫がマットに座った", "今日は晴れです", "犬が吠えた"], "char"),
    ],
)
def test_the_scores_of_a_corpus_are_those_of_sacrebleu(references, written, tokenize):
    found = _bleu.corpus_scores([[text] for text in references], written)
    expected = corpus_bleu(written, [references], tokenize=tokenize)
    assert found["bleu"] == pytest.approx(expected.score)
    assert found["chrf"] == pytest.approx(corpus_chrf(written, [references]).score)
    assert 0 < found["bleu"] < 100
    assert f"tok:{tokenize}" in found["signatures"]["bleu"]
    assert found["signatures"]["chrf"].startswith("nrefs:1")


def test_any_of_several_references_may_be_met():
    references = [["a cat sat on the mat", "the cat sat on the mat"], ["it rained all day"]]
    found = _bleu.corpus_scores(references, ["the cat sat on the mat", "it rained all day"])
    assert found["bleu"] == pytest.approx(100)
    streams = [["a cat sat on the mat", "it rained all day"], ["the cat sat on the mat", None]]
    wrong = ["the dog sat on the mat", "it rained all day"]
    expected = BLEU().corpus_score(wrong, streams).score
    assert _bleu.corpus_scores(references, wrong)["bleu"] == pytest.approx(expected)


def test_the_chrf_of_one_text_is_that_of_sacrebleu():
    from sacrebleu import sentence_chrf

    said = "the cat sat on a mat"
    expected = sentence_chrf(said, [LATIN[0]]).score
    assert _bleu.sentence_chrf(LATIN[0], said) == pytest.approx(expected)
    assert _bleu.sentence_chrf(LATIN[0], LATIN[0]) == pytest.approx(100)
    longer = "the cat sat on the mat and slept"
    assert _bleu.sentence_chrf(LATIN[0], longer) != pytest.approx(
        _bleu.sentence_chrf(longer, LATIN[0])
    )
