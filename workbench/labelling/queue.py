"""In which order rows are put before people: what a model is least sure of comes first.

Shapes:
    N rows, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

Order = Literal["source", "random", "least_confident", "margin", "entropy", "diversity"]
ORDERS = ("source", "random", "least_confident", "margin", "entropy", "diversity")
NEED_A_MODEL = ("least_confident", "margin", "entropy")

# Of so many, the least sure, those are chosen that differ most: each step looks at all of them.
CANDIDATES = 2000
FEATURES = 2**15


def uncertainty(shares: np.ndarray, measure: str, several: bool = False) -> np.ndarray:
    """Return how unsure a model is of each row; more is less sure.

    `shares` (N, C) are the probabilities of the classes, or, where rows have `several` labels,
    of each label by itself; then it is the mean over the labels.

    - `least_confident`: 1 − p of the likeliest class;
    - `margin`: 1 − (p of the likeliest − p of the second);
    - `entropy`: −Σ p ln p, in nats.

    Source: Settles 2009, Active Learning Literature Survey, section 3.1.
    """
    shares = np.asarray(shares, float)
    if several:
        each = np.stack([shares, 1 - shares], axis=-1)
        return uncertainty(each.reshape(-1, 2), measure).reshape(shares.shape).mean(axis=1)
    ordered = np.sort(shares, axis=1)[:, ::-1]
    if measure == "least_confident":
        return 1 - ordered[:, 0]
    if measure == "margin":
        return 1 - (ordered[:, 0] - (ordered[:, 1] if shares.shape[1] > 1 else 0))
    if measure == "entropy":
        safe = np.clip(shares, 1e-12, 1)
        return -(safe * np.log(safe)).sum(axis=1)
    raise ValueError(f"unknown measure {measure!r}; one of {', '.join(NEED_A_MODEL)}")


def diverse(
    texts: Sequence[str],
    known: Sequence[str] = (),
    weights: np.ndarray | None = None,
    seed: int = 42,
) -> list[int]:
    """Return the places of texts, each the farthest from those before it and from `known` ones.

    The distance is 1 − cosine of TF-IDF over pairs to quadruples of characters, in any language,
    times `weights` (how unsure a model is), where there are any. Beyond the first `CANDIDATES`
    by weight, drawn by seed among equals, the order is theirs; of known ones the last count.

    Source: Sener and Savarese 2018, the greedy k-center.
    """
    from sklearn.feature_extraction.text import HashingVectorizer as Hashing
    from sklearn.feature_extraction.text import TfidfTransformer

    if not texts:
        return []
    own = np.ones(len(texts)) if weights is None else np.asarray(weights, float)
    drawn = np.random.default_rng(seed).permutation(len(texts))
    first = drawn[np.argsort(-own[drawn], kind="stable")]
    chosen, rest = first[:CANDIDATES], first[CANDIDATES:]
    hashing = Hashing(
        analyzer="char_wb", ngram_range=(2, 4), n_features=FEATURES, alternate_sign=False, norm=None
    )
    counts = hashing.transform([*(texts[i] for i in chosen), *known[-CANDIDATES:]])
    vectors = TfidfTransformer().fit_transform(counts)
    candidates, seen = vectors[: len(chosen)], vectors[len(chosen) :]
    near = np.zeros(len(chosen))  # of each, the likeness to the nearest one before it
    if seen.shape[0]:
        near = np.asarray((candidates @ seen.T).max(axis=1).todense()).ravel()
    order: list[int] = []
    open_indices = np.ones(len(chosen), bool)
    for _ in range(len(chosen)):
        scores = np.where(open_indices, own[chosen] * (1 - near), -np.inf)
        best = int(scores.argmax())
        open_indices[best] = False
        order.append(int(chosen[best]))
        likeness = np.asarray((candidates @ candidates[best].T).todense()).ravel()
        near = np.maximum(near, likeness)
    return [*order, *map(int, rest)]


def order_rows(
    order: str,
    texts: Sequence[str],
    shares: np.ndarray | None = None,
    several: bool = False,
    known: Sequence[str] = (),
    seed: int = 42,
) -> list[int]:
    """Return the places of rows in the order in which they shall be asked.

    `shares` are a model's probabilities, as `uncertainty` takes them, `known` the texts that are
    labelled already.

    Raises:
        ValueError: there is no such order, or it needs a model and there is none.
    """
    if order == "source":
        return list(range(len(texts)))
    if order == "random":
        return np.random.default_rng(seed).permutation(len(texts)).tolist()
    if order == "diversity":
        weights = None if shares is None else uncertainty(shares, "entropy", several)
        return diverse(texts, known, weights, seed)
    if order not in NEED_A_MODEL or shares is None:
        raise ValueError(f"cannot order by {order!r}")
    return np.argsort(-uncertainty(shares, order, several), kind="stable").tolist()


def shares_of(predictions: Sequence[dict[str, Any]]) -> np.ndarray | None:
    """Return a model's probabilities from the records of its predictions; None if it has none.

    Where it only says how sure it is of its answer, the rest counts as one other answer.
    """
    if predictions and all("probabilities" in one for one in predictions):
        return np.array([one["probabilities"] for one in predictions], float)
    if predictions and any(one.get("confidence") is not None for one in predictions):
        sure = [1.0 if one.get("confidence") is None else one["confidence"] for one in predictions]
        return np.stack([np.array(sure), 1 - np.array(sure)], axis=1)
    return None
