import numpy as np
import pytest

from workbench.labelling.queue import diverse, order_rows, shares_of, uncertainty

SHARES = np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.6, 0.2, 0.2]])


def test_the_measures_of_uncertainty_by_hand():
    assert uncertainty(SHARES, "least_confident") == pytest.approx([0.1, 0.5, 0.6, 0.4])
    assert uncertainty(SHARES, "margin") == pytest.approx([0.2, 1.0, 0.9, 0.6])
    entropy = [0.325083, 0.693147, 1.088900, 0.950271]
    assert uncertainty(SHARES, "entropy") == pytest.approx(entropy, abs=1e-6)
    with pytest.raises(ValueError, match="unknown measure"):
        uncertainty(SHARES, "guess")


def test_several_labels_are_each_a_question_of_their_own():
    shares = np.array([[0.5, 0.5], [0.9, 0.5], [0.9, 0.1]])
    found = uncertainty(shares, "least_confident", several=True)
    assert found == pytest.approx([0.5, 0.3, 0.1])


def test_the_queue_begins_with_what_the_model_is_least_sure_of():
    texts = list("abcd")
    assert order_rows("source", texts) == [0, 1, 2, 3]
    assert order_rows("least_confident", texts, SHARES) == [2, 1, 3, 0]
    assert order_rows("margin", texts, SHARES) == [1, 2, 3, 0]
    assert order_rows("entropy", texts, SHARES) == [2, 3, 1, 0]
    assert sorted(order_rows("random", texts)) == [0, 1, 2, 3]
    assert order_rows("random", texts, seed=1) != order_rows("random", texts, seed=5)
    with pytest.raises(ValueError, match="cannot order"):
        order_rows("margin", texts)


def test_diversity_takes_one_of_each_kind_first():
    films = [f"the film was very good number {n}" for n in range(3)]
    food = [f"noodle soup with cold beer {n}" for n in range(3)]
    chinese = [f"客房很干净，服务周到{n}" for n in range(3)]
    texts = [*films, *food, *chinese]
    assert {place // 3 for place in diverse(texts)[:3]} == {0, 1, 2}
    assert sorted(diverse(texts)) == list(range(9))
    known = diverse(texts, known=[*films, "noodle soup with cold beer"])
    assert known[0] // 3 == 2


def test_diversity_weighs_how_unsure_the_model_is():
    texts = ["good film", "bad soup", "clean room"]
    assert diverse(texts, weights=np.array([0.1, 0.9, 0.5])) == [1, 2, 0]


def test_beyond_the_candidates_the_order_is_that_of_the_weights(monkeypatch):
    monkeypatch.setattr("workbench.labelling.queue.CANDIDATES", 2)
    texts = ["good film", "bad soup", "clean room"]
    assert diverse(texts, weights=np.array([0.9, 0.1, 0.5])) == [0, 2, 1]
    assert diverse([]) == []


def test_probabilities_come_from_what_the_model_predicts():
    assert shares_of([{"probabilities": [0.2, 0.8]}]).tolist() == [[0.2, 0.8]]
    only_sure = shares_of([{"confidence": 0.75}, {"confidence": None}])
    assert only_sure.tolist() == [[0.75, 0.25], [1.0, 0.0]]
    assert shares_of([{"predicted": "a text"}]) is None
