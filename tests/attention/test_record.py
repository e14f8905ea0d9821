"""The attention record: small, exact within its stated error, and plain data."""

import json

import numpy as np

from workbench.attention.record import AttentionRecord, dequantise, quantise


def example():
    chance = np.random.default_rng(3)
    weights = chance.dirichlet(np.full(5, 0.3), size=(2, 3, 5))
    return AttentionRecord(
        text="a <b> c",
        tokens=["[CLS]", "a", "<b>", "c", "[SEP]"],
        special=[True, False, False, False, True],
        words=[None, 0, 1, 2, None],
        weights=quantise(weights),
    ), weights


def test_bytes_keep_each_weight_within_the_stated_error():
    record, weights = example()
    assert np.abs(dequantise(record.weights) - weights).max() <= 0.004
    small = np.linspace(0, 0.01, 1000)
    assert np.abs(dequantise(quantise(small)) - small).max() <= 0.0004


def test_json_round_trip_is_the_identity():
    record, _ = example()
    again = AttentionRecord.from_json(record.to_json())
    assert again.to_dict() == record.to_dict()
    assert json.loads(record.to_json())["shape"] == [2, 3, 5, 5]


def test_a_layer_without_a_head_is_the_mean_of_its_heads():
    record, _ = example()
    heads = [record.map(1, head) for head in range(record.heads)]
    assert np.allclose(record.map(1), np.mean(heads, axis=0))
