"""Agreement against values worked by hand, or printed where the measures were introduced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.labelling import Journal
from workbench.labelling.agreement import (
    agreement,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)

# Fleiss 1971 as Wikipedia works it: ten subjects, fourteen raters, five categories.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip

# Krippendorff 2011, example C: four observers, twelve units, missing values.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
UNITS = [[v for v in unit if v is not None] for unit in zip(*OBSERVERS, strict=True)]


def answers(*cells):
    """Return two people's answers from the cells of their table, row by row."""
    names = ["yes", "no"]
    pairs = [(names[n // 2], names[n % 2]) for n, count in enumerate(cells) for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_cohens_kappa_by_hand():
    # 50 grants: 35 of them agreed on, 0.5 by chance: (0.7 - 0.5) / (1 - 0.5).
    assert cohen_kappa(*answers(20, 5, 10, 15)) == pytest.approx(0.4)
    # The same share agreed on, but other margins: (0.6 - 0.54) / 0.46.
    assert cohen_kappa(*answers(45, 15, 25, 15)) == pytest.approx(0.06 / 0.46)
    assert cohen_kappa(["a", "b"], ["b", "a"]) == pytest.approx(-1.0)
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert cohen_kappa([], []) is None


def test_cohens_kappa_with_weights_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    first, second = [1, 2, 3, 3, 1, 2, 2], [1, 3, 3, 2, 1, 1, 2]
    for weights in (None, "linear", "quadratic"):
        expected = cohen_kappa_score(first, second, weights=weights)
        assert cohen_kappa(first, second, weights) == pytest.approx(expected)


def test_fleiss_kappa_as_printed():
    assert fleiss_kappa(np.array(FLEISS)) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa(np.array([[2, 0], [2, 0]])) is None
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(np.array([[2, 0], [1, 0]]))


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_alpha_as_printed(level, alpha):
    assert krippendorff_alpha(UNITS, level) == pytest.approx(alpha, abs=5e-4)


def test_krippendorffs_alpha_of_two_by_hand():
    # Krippendorff 2011, example A: 10 units, two observers, 14 of the 20 values 0; alpha 0.095.
    first, second = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    alpha = krippendorff_alpha(list(zip(first, second, strict=True)))
    assert alpha == pytest.approx(0.095, abs=5e-4)
    assert krippendorff_alpha([[1, 1], [1, 1], [2]]) is None


def test_a_journal_of_three_people(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    given = {"ann": "aabb", "bob": "aaba", "eve": "aab"}
    for who, values in given.items():
        for row, value in enumerate(values, 1):
            journal.decide(row, "all", "k", value, who=who)
    found = agreement(journal.by_person(), "class")
    assert found["people"] == {"ann": 4, "bob": 4, "eve": 3}
    assert (found["items"], found["shared"], found["agreed"]) == (4, 4, 3)
    pairs = {(p["first"], p["second"]): p for p in found["cohen"]}
    # ann, bob: 3 of 4 alike; by chance 0.5 * 0.75 + 0.5 * 0.25.
    assert pairs["ann", "bob"]["kappa"] == pytest.approx(0.5)
    assert pairs["ann", "eve"]["items"] == 3
    assert found["fleiss"] == pytest.approx(1.0)
    # Coincidences: aa 6, bb 3, ab 2 of 11; 1 - 10 * 2 / (2 * 7 * 4).
    assert found["krippendorff"] == pytest.approx(1 - 10 * 2 / (2 * 7 * 4))
    assert found["disagreements"] == [
        {"split": "all", "row": 4, "values": {"ann": "b", "bob": "a"}}
    ]


def test_sets_and_spans_agree_where_they_are_equal(tmp_path):
    journal = Journal(tmp_path / "l.jsonl")
    spans = [{"start": 0, "end": 3, "label": "PER", "text": "Ann"},
             {"start": 5, "end": 9, "label": "LOC", "text": "Rome"}]  # fmt: skip
    journal.decide(1, "all", "k", ["x", "y"], who="ann")
    journal.decide(1, "all", "k", ["y", "x"], who="bob")
    journal.decide(2, "all", "k", spans, who="ann")
    journal.decide(2, "all", "k", spans[::-1], who="bob")
    journal.decide(3, "all", "k", [], who="ann")
    journal.decide(3, "all", "k", spans, who="bob")
    found = agreement(journal.by_person(), "spans")
    assert (found["shared"], found["agreed"]) == (3, 2)


def alpha_by_pairs(items, distance):
    """Return 1 less the mean distance within items over that among all values, pair by pair."""
    items = [own for own in items if len(own) > 1]
    values = [value for own in items for value in own]
    observed = sum(
        distance(a, b) / (len(own) - 1)
        for own in items
        for n, a in enumerate(own)
        for m, b in enumerate(own)
        if n != m
    ) / len(values)
    expected = sum(
        distance(a, b) for n, a in enumerate(values) for m, b in enumerate(values) if n != m
    ) / (len(values) * (len(values) - 1))
    return 1 - observed / expected


ITEMS = st.lists(st.lists(st.integers(1, 4), max_size=4), min_size=1, max_size=6)


@given(ITEMS)
def test_alpha_is_its_definition_pair_by_pair(items):
    values = [value for own in items if len(own) > 1 for value in own]
    if len(set(values)) < 2:
        assert krippendorff_alpha(items) is None
        return
    nominal = alpha_by_pairs(items, lambda a, b: float(a != b))
    assert krippendorff_alpha(items) == pytest.approx(nominal, abs=1e-9)
    interval = alpha_by_pairs(items, lambda a, b: (a - b) ** 2)
    assert krippendorff_alpha(items, "interval") == pytest.approx(interval, abs=1e-9)

    def between(a, b):
        low, high = min(a, b), max(a, b)
        inside = sum(low <= value <= high for value in values)
        return (inside - (values.count(a) + values.count(b)) / 2) ** 2 if a != b else 0

    ordinal = alpha_by_pairs(items, between)
    assert krippendorff_alpha(items, "ordinal") == pytest.approx(ordinal, abs=1e-9)


def test_alpha_of_names_needs_no_order():
    assert krippendorff_alpha([["b", "b"], ["a", 1], [1, 1]]) == pytest.approx(
        krippendorff_alpha([[2, 2], [1, 3], [3, 3]])
    )


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_kappa_is_that_of_scikit_learn(pairs):
    from sklearn.metrics import cohen_kappa_score

    first, second = map(list, zip(*pairs, strict=True))
    if len({*first, *second}) < 2:
        assert cohen_kappa(first, second) is None
        return
    for weights in (None, "linear", "quadratic"):
        expected = cohen_kappa_score(first, second, weights=weights)
        if not np.isnan(expected):
            found = cohen_kappa(first, second, weights)
            assert found == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=8))
def test_fleiss_is_its_formula(items):
    counts = [[own.count(value) for value in range(3)] for own in items]
    agreed = [sum(n * (n - 1) for n in row) / (4 * 3) for row in counts]
    shares = [sum(row[value] for row in counts) / (4 * len(items)) for value in range(3)]
    by_chance = sum(share**2 for share in shares)
    found = fleiss_kappa(np.array(counts))
    if max(shares) == 1:
        assert found is None
    else:
        expected = (sum(agreed) / len(agreed) - by_chance) / (1 - by_chance)
        assert found == pytest.approx(expected, abs=1e-9)


def test_fleiss_needs_two_people_and_takes_two():
    with pytest.raises(ValueError, match="at least 2"):
        fleiss_kappa(np.array([[1, 0], [0, 1]]))
    # Two people, one item agreed on of two: (0.5 - 0.625) / (1 - 0.625).
    assert fleiss_kappa([[2, 0], [1, 1]]) == pytest.approx((0.5 - 0.625) / 0.375)


def decided(tmp_path, rows):
    """Return what people gave: by person, a value a row."""
    journal = Journal(tmp_path / "l.jsonl")
    for who, values in rows.items():
        for row, value in values.items():
            journal.decide(row, "train", "k", value, who=who)
    return journal.by_person()


def test_numbers_agree_the_more_the_nearer_they_are(tmp_path):
    near = {"ann": {1: 1.0, 2: 5.0, 3: 3.0}, "bob": {1: 1.5, 2: 5.0, 3: 2.0}}
    found = agreement(decided(tmp_path, near), "number")
    items = [[1.0, 1.5], [5.0, 5.0], [3.0, 2.0]]
    expected = alpha_by_pairs(items, lambda a, b: (a - b) ** 2)
    assert found["krippendorff"] == pytest.approx(expected)
    assert found["krippendorff"] > 0.9
    assert (found["shared"], found["agreed"]) == (3, 1)


def test_each_pair_counts_only_what_both_labelled_in_the_order_of_the_rows(tmp_path):
    rows = {
        "ann": {3: "a", 1: "a", 2: "b", 4: "b"},
        "bob": {1: "a", 2: "a", 3: "a", 9: "b"},
        "eve": {7: "a"},
    }
    found = agreement(decided(tmp_path, rows), "class")
    assert found["people"] == {"ann": 4, "bob": 4, "eve": 1}
    assert (found["items"], found["shared"], found["agreed"]) == (6, 3, 2)
    (pair,) = found["cohen"]
    # Rows 1, 2, 3: a b a against a a a. By chance 2/3, and as much was observed.
    assert (pair["first"], pair["second"], pair["items"], pair["agreed"]) == ("ann", "bob", 3, 2)
    assert pair["kappa"] == pytest.approx(0)
    assert found["fleiss"] is None  # there is no row that all three labelled
    assert found["disagreements"] == [
        {"split": "train", "row": 2, "values": {"ann": "b", "bob": "a"}}
    ]


def test_disagreements_are_reported_as_they_were_given_and_in_order(tmp_path):
    rows = {"ann": {5: " a  b", 2: "x", 1: "y"}, "bob": {1: "z", 5: "a b", 2: "y"}}
    found = agreement(decided(tmp_path, rows), "class")
    assert found["agreed"] == 1  # blanks make no other text
    assert [one["row"] for one in found["disagreements"]] == [1, 2]
    assert found["disagreements"][0]["values"] == {"ann": "y", "bob": "z"}


def test_fleiss_is_over_the_items_that_all_have_labelled(tmp_path):
    rows = {
        "ann": {1: "a", 2: "a", 3: "a"}, "bob": {1: "a", 2: "b", 3: "b"}, "eve": {1: "a", 2: "b"},
    }  # fmt: skip
    found = agreement(decided(tmp_path, rows), "class")
    # Row 1: 3 of 3 pairs agree; row 2: 1 of 3. Shares: a 4/6, b 2/6.
    by_chance = (4 / 6) ** 2 + (2 / 6) ** 2
    assert found["fleiss"] == pytest.approx(((1 + 1 / 3) / 2 - by_chance) / (1 - by_chance))


def test_spans_of_another_label_or_place_are_others(tmp_path):
    def span(start, end, *label):
        return [
            {"start": start, "end": end, "text": "t"} | dict(zip(["label"], label, strict=False))
        ]

    rows = {
        "ann": {1: span(0, 3, "A"), 2: span(0, 3, "A"), 3: span(0, 3, "A"), 4: span(0, 3)},
        "bob": {1: span(0, 3, "B"), 2: span(1, 3, "A"), 3: span(0, 4, "A"), 4: span(0, 3)},
    }
    found = agreement(decided(tmp_path, rows), "spans")
    assert (found["shared"], found["agreed"]) == (4, 1)
    assert [one["row"] for one in found["disagreements"]] == [1, 2, 3]


def test_nobody_and_nothing_is_no_agreement(tmp_path):
    found = agreement({"ann": {}}, "class")
    assert found == {
        "people": {}, "items": 0, "shared": 0, "agreed": 0, "cohen": [], "fleiss": None,
        "krippendorff": None, "disagreements": [],
    }  # fmt: skip
