import numpy as np
import pytest
from scipy import stats
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

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


def test_uncertainty_is_that_of_scipy():
    shares = np.random.default_rng(0).dirichlet(np.ones(4), size=20)
    assert uncertainty(shares, "entropy") == pytest.approx(stats.entropy(shares, axis=1))
    assert uncertainty(shares, "least_confident") == pytest.approx(1 - shares.max(axis=1))
    best = np.partition(shares, [-2, -1], axis=1)
    assert uncertainty(shares, "margin") == pytest.approx(1 - (best[:, -1] - best[:, -2]))


def test_of_several_labels_each_measure_is_a_mean_over_them():
    shares = np.array([[0.5, 0.9, 0.7], [0.2, 0.6, 1.0]])
    each = {
        "least_confident": [[0.5, 0.1, 0.3], [0.2, 0.4, 0.0]],
        "margin": [[1.0, 0.2, 0.6], [0.4, 0.8, 0.0]],
        "entropy": stats.entropy([shares, 1 - shares], axis=0),
    }
    for name, values in each.items():
        found = uncertainty(shares, name, several=True)
        assert found == pytest.approx(np.mean(values, axis=1))


def test_one_class_alone_leaves_a_margin_and_no_doubt():
    assert uncertainty(np.array([[1.0], [0.75]]), "margin") == pytest.approx([0, 0.25])
    assert uncertainty(np.array([[1.0, 0.0]]), "entropy") == pytest.approx([0], abs=1e-9)
    assert uncertainty([[1, 0], [0, 1]], "least_confident").tolist() == [0, 0]


def test_equally_unsure_rows_keep_their_order():
    shares = np.array([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5], [0.5, 0.5]])
    assert order_rows("margin", list("abcd"), shares) == [0, 2, 3, 1]
    several = np.array([[0.9, 0.9], [0.5, 0.5]])
    assert order_rows("entropy", list("ab"), several, several=True) == [1, 0]
    with pytest.raises(ValueError, match="cannot order by 'best'"):
        order_rows("best", ["a"])
    with pytest.raises(ValueError, match="cannot order"):
        order_rows("entropy", ["a"])


def test_chance_comes_from_the_seed_alone():
    texts = [f"text {n}" for n in range(12)]
    drawn = np.random.default_rng(42).permutation(12).tolist()
    assert order_rows("random", texts) == drawn
    assert order_rows("random", texts, seed=3) == np.random.default_rng(3).permutation(12).tolist()
    # Texts without anything in common are all as far: the order is that of the draw.
    apart = ["aaaa", "bbbb", "cccc", "dddd", "eeee"]
    assert diverse(apart) == np.random.default_rng(42).permutation(5).tolist()
    assert diverse(apart, seed=1) == np.random.default_rng(1).permutation(5).tolist()
    assert order_rows("diversity", apart, seed=1) == diverse(apart, seed=1)
    assert order_rows("diversity", apart) == diverse(apart, seed=42)


def farthest_first(texts, known=(), weights=None, seed=42):
    """Return the greedy k-center over TF-IDF of 2- to 4-grams of characters, row by row."""
    own = [1.0] * len(texts) if weights is None else list(weights)
    counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit([*texts, *known])
    vectors = TfidfTransformer().fit_transform(counts.transform([*texts, *known])).toarray()
    drawn = np.random.default_rng(seed).permutation(len(texts))
    places = sorted(drawn.tolist(), key=lambda i: -own[i])
    before = list(range(len(texts), len(texts) + len(known)))
    order = []
    while places:

        def score(i):
            return own[i] * (1 - max((vectors[i] @ vectors[j] for j in before), default=0))

        best = max(score(i) for i in places)
        chosen = next(i for i in places if score(i) > best - 1e-9)
        order.append(chosen)
        before.append(chosen)
        places.remove(chosen)
    return order


TEXTS = ["the film was good", "the film was great", "noodle soup", "noodles and soup",
         "a clean room", "the room was clean", "客房很干净", "客房不干净"]  # fmt: skip


def test_the_farthest_text_comes_next():
    assert diverse(TEXTS) == farthest_first(TEXTS)
    assert diverse(TEXTS, known=["noodle film"]) == farthest_first(TEXTS, ["noodle film"])
    known = ["the film was good", "客房很干净"]
    assert order_rows("diversity", TEXTS, known=known) == farthest_first(TEXTS, known)


def test_the_farthest_of_the_unsure_comes_next():
    weights = [0.9, 0.8, 0.2, 0.3, 0.5, 0.6, 0.1, 0.7]
    assert diverse(TEXTS, weights=np.array(weights)) == farthest_first(TEXTS, weights=weights)
    shares = np.array([[w, 1 - w] for w in weights])
    entropy = stats.entropy(shares, axis=1).tolist()
    assert order_rows("diversity", TEXTS, shares) == farthest_first(TEXTS, weights=entropy)
    each = np.array([[w, w / 2] for w in weights])
    both = np.mean(stats.entropy([each, 1 - each], axis=0), axis=1).tolist()
    found = order_rows("diversity", TEXTS, each, several=True)
    assert found == farthest_first(TEXTS, weights=both)


def test_of_known_texts_the_last_count(monkeypatch):
    monkeypatch.setattr("workbench.labelling.queue.CANDIDATES", 3)
    texts = ["good film", "bad soup", "clean room"]
    assert diverse(texts, ["bad soup", "x", "y", "z"])[0] == diverse(texts, ["x", "y", "z"])[0]
    last = diverse(texts, ["x", "y", "z", "good film", "bad soup"])
    assert last[0] == 2


def test_what_a_model_says_of_some_rows_only_is_no_probability():
    assert shares_of([]) is None
    mixed = [{"probabilities": [0.5, 0.5]}, {"predicted": "x"}]
    assert shares_of(mixed) is None
    assert shares_of([{"confidence": None}]) is None
    assert shares_of([{}, {"confidence": 0.5}]).tolist() == [[1, 0], [0.5, 0.5]]
    assert shares_of([{"probabilities": [1, 0]}]).dtype == float
