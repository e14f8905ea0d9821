"""Entities and their scores against conlleval's rules, written here as that script has them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tasks._tags import as_bio, entities, entity_scores, read_conll

SENTENCES = st.lists(
    st.sampled_from(
        ["O", "O", "O", *(f"{mark}-{kind}" for mark in "BIES" for kind in ("PER", "LOC"))]
    ),
    max_size=8,
)


def ends(before: str, tag: str) -> bool:
    """Say whether an entity ends between two tags: `endOfChunk` of conlleval, as seqeval has it."""
    (old, _, kind), (new, _, next_kind) = before.partition("-"), tag.partition("-")
    return (
        old in "ES"
        or (old == "B" and new in "BSO")
        or (old == "I" and new in "BSO")
        or (old != "O" and kind != next_kind)
    )


def begins(before: str, tag: str) -> bool:
    """Say whether an entity begins with the second tag: `startOfChunk`."""
    (old, _, kind), (new, _, next_kind) = before.partition("-"), tag.partition("-")
    return (
        new in "BS"
        or (old in "ES" and new in "EI")
        or (old == "O" and new in "EI")
        or (new != "O" and kind != next_kind)
    )


def by_conlleval(tags: list[str]) -> list[tuple[str, int, int]]:
    found, start, before = [], 0, "O"
    for place, tag in enumerate([*tags, "O"]):
        if before != "O" and ends(before, tag):
            found.append((before[2:], start, place - 1))
        if begins(before, tag):
            start = place
        before = tag
    return found


@given(SENTENCES)
def test_entities_are_those_of_conlleval(tags):
    assert entities(tags) == by_conlleval(tags)


@given(SENTENCES)
def test_the_tags_of_entities_spell_them_out_again(tags):
    found = entities(tags)
    assert entities(as_bio(found, len(tags))) == found
    assert len(as_bio(found, len(tags))) == len(tags)


def test_bilou_is_bioes_by_other_letters():
    assert entities(["B-A", "L-A", "U-B", "I-C"]) == [("A", 0, 1), ("B", 2, 2), ("C", 3, 3)]
    assert entities(["B-A", "L-A", "I-A"]) == [("A", 0, 1), ("A", 2, 2)]
    assert entities(["U-A", "I-A", "U-A"]) == [("A", 0, 0), ("A", 1, 1), ("A", 2, 2)]


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=4))
def test_the_scores_are_counts_of_entities(pairs):
    true, said = [], []
    for ours, theirs in pairs:
        words = min(len(ours), len(theirs))
        true.append(ours[:words])
        said.append(theirs[:words])
    wanted = {(n, *one) for n, tags in enumerate(true) for one in by_conlleval(tags)}
    given_ = {(n, *one) for n, tags in enumerate(said) for one in by_conlleval(tags)}
    found = entity_scores(true, said)

    def shares(wanted, given_):
        right = len(wanted & given_)
        precision = Fraction(right, len(given_)) if given_ else Fraction(0)
        recall = Fraction(right, len(wanted)) if wanted else Fraction(0)
        both = precision + recall
        return precision, recall, 2 * precision * recall / both if both else Fraction(0)

    def close(entry, expected):
        for name, value in zip(("precision", "recall", "f1"), expected, strict=True):
            assert entry[name] == pytest.approx(float(value))

    close(found, shares(wanted, given_))
    kinds = sorted({one[1] for one in wanted | given_})
    assert [entry["label"] for entry in found["per_class"]] == kinds
    each = []
    for kind, entry in zip(kinds, found["per_class"], strict=True):
        own = [{one for one in side if one[1] == kind} for side in (wanted, given_)]
        close(entry, shares(*own))
        assert entry["support"] == len(own[0])
        each.append(shares(*own)[2])
    assert found["f1_macro"] == pytest.approx(float(sum(each) / len(each)) if each else 0.0)


def test_sentences_of_different_lengths_of_lists_are_a_fault():
    with pytest.raises(ValueError, match="shorter"):
        entity_scores([["O"], ["O"]], [["O"]])


def test_a_plain_file_is_read_word_by_word():
    text = "-DOCSTART- O\n\nAnn B-PER\nsleeps O\n\n\n# a comment O\nRome\tB-LOC\nlies\tO\n"
    assert read_conll(text) == (
        [
            {"tokens": ["Ann", "sleeps"], "tags": ["B-PER", "O"]},
            {"tokens": ["Rome", "lies"], "tags": ["B-LOC", "O"]},
        ],
        0,
    )


def test_the_tag_stands_last_and_columns_between_are_passed_over():
    text = "EU NNP B-NP B-ORG\r\nrejects VBZ B-VP O\r\n"
    assert read_conll(text) == ([{"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}], 0)


def test_of_numbered_words_the_first_column_of_pure_tags_counts():
    text = "1 EU x B-ORG O\n2 said y O O\n\n1 Ann z B-PER B-X\n"
    assert read_conll(text)[0] == [
        {"tokens": ["EU", "said"], "tags": ["B-ORG", "O"]},
        {"tokens": ["Ann"], "tags": ["B-PER"]},
    ]
    # Two columns are a number and a tag: the number is the word.
    assert read_conll("1 O\n2 B-X\n")[0] == [{"tokens": ["1", "2"], "tags": ["O", "B-X"]}]
    # It may be the third of three, or of several the first; what stands before it is no tag.
    assert read_conll("1 EU B-ORG\n2 said O\n")[0][0]["tags"] == ["B-ORG", "O"]
    assert read_conll("1 EU B-X O\n2 said O O\n")[0][0]["tags"] == ["B-X", "O"]
    assert read_conll("1 O x B-PER\n2 O y O\n")[0][0]["tags"] == ["B-PER", "O"]
    # Only columns that all lines have are looked at.
    assert read_conll("1 a x O B-A\n2 b y O\n")[0][0]["tags"] == ["O", "O"]
    # A line of two cells, or a first cell that is no number: the words are not numbered.
    assert read_conll("1 a B-X\n2 O\n")[0][0]["tokens"] == ["1", "2"]
    assert read_conll("3 NN x O\ncats NN y O\n")[0][0]["tokens"] == ["3", "cats"]
    # Where no column is pure, the last one counts.
    assert read_conll("1 a x O\n2 b O B-X\n3 c O y\n4 d O O\n5 e O O\n")[0] == [
        {"tokens": list("abcde"), "tags": ["O", "B-X", "O", "O"]}
    ]


def test_a_tab_parts_cells_that_hold_blanks():
    assert read_conll("New York\tB-LOC\nsleeps\tO\n")[0][0]["tokens"] == ["New York", "sleeps"]


def test_a_line_without_a_tag_leaves_fewer_tags_than_words():
    rows, _ = read_conll("a O\nb O\nc O\nd O\nlonely\n")
    assert rows == [{"tokens": ["a", "b", "c", "d", "lonely"], "tags": ["O"] * 4}]


def test_a_word_that_looks_like_a_tag_is_a_word():
    rows, _ = read_conll("a O\nb O\nc O\nd O\nO\n")
    assert rows == [{"tokens": ["a", "b", "c", "d", "O"], "tags": ["O"] * 4}]


def test_a_line_that_ends_before_its_word_ends_the_sentence():
    rows, _ = read_conll("1 a O\n" * 500 + "7\n" + "1 b O\n")
    assert [len(row["tokens"]) for row in rows] == [500, 1]


def test_an_empty_last_cell_is_no_tag():
    assert read_conll("a\tO\nb\tO\nc\tO\nd\tO\ne\tO\t\n")[0][0]["tags"] == ["O"] * 4


def test_a_text_of_which_fewer_than_four_fifths_are_tagged_is_no_such_file():
    assert read_conll("a O\nb O\nc O\nd O\nmere text\n") is not None
    assert read_conll("a O\nb O\nc O\nmere text\n") is None
    assert read_conll("O\nO\n") is None
    assert read_conll("\n \n") is None


def test_only_the_first_five_hundred_lines_say_what_a_file_is():
    assert read_conll("a O\n" * 400 + "mere text\n" * 500) is not None
    assert read_conll("a O\n" * 399 + "mere text\n" * 101 + "a O\n" * 400) is None


def test_the_place_behind_a_character_is_cut_off_where_nearly_all_have_one():
    text = "科0 B-ORG\n技1 I-ORG\n很0 O\n"
    assert read_conll(text) == (
        [{"tokens": ["科", "技", "很"], "tags": ["B-ORG", "I-ORG", "O"]}], 3
    )  # fmt: skip
    nineteen = "".join(f"科{n % 10} O\n" for n in range(19))
    assert read_conll(nineteen + "ab O\n")[1] == 20
    assert read_conll(nineteen + "ab O\n")[0][0]["tokens"][-2:] == ["科", "ab"]
    assert read_conll(nineteen[:-5] + "ab O\n")[1] == 0
