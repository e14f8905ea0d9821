"""Agreement against values worked by hand, or printed where the measures were introduced."""

import numpy as np
import pytest

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
