"""The attention record: small, exact within its stated error, plain data, and never believed."""

import base64
import json
import zlib

import numpy as np
import pytest

from tests.records import record_of
from workbench.attention.packing import dequantise, pack, quantise, unpack
from workbench.attention.reading import read_json, read_record
from workbench.attention.record import Formula
from workbench.errors import InputError

TOKENS = ["[CLS]", "a", "<b>", "c", "[SEP]"]


def example():
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.full(5, 0.3), size=(2, 3, 5))
    formula = Formula(
        0, 1, 2, 0.5, *(rng.random((5, 4)).astype(np.float16) for _ in range(3)),
        mask=np.ones((5, 5), np.uint8),
    )  # fmt: skip
    record = record_of(
        weights, TOKENS, text="a <b> c", formula=formula, probabilities=[("yes", 0.75)],
        rollout={name: quantise(weights[0, 0]) for name in ("with_sinks", "without_sinks")},
        lens={"layers": [0], "words": [list("abcde")], "probabilities": [[0.5] * 5]},
        occlusion={"method": "occlusion", "importance": [0.0, 0.1, -0.2, 0.3, 0.0],
                   "spearman": None, "compared_with": ""},
    )  # fmt: skip
    return record, weights


def test_bytes_keep_each_weight_within_the_stated_error():
    record, weights = example()
    kept = np.stack([[record.map(0, la, h) for h in range(3)] for la in range(2)])
    assert np.abs(kept - weights).max() <= record.error == 0.004
    small = np.linspace(0, 0.01, 1000)
    assert np.abs(dequantise(quantise(small)) - small).max() <= 0.0004


def test_json_round_trip_is_the_identity():
    record, _ = example()
    again = read_json(record.to_json())
    assert again.to_dict() == record.to_dict()
    assert again.sequences == record.sequences
    assert again.blocks[0].layers == record.blocks[0].layers
    assert np.array_equal(again.formula.q, record.formula.q)


def test_a_layer_without_a_head_is_the_mean_of_its_heads():
    record, _ = example()
    heads = [record.map(0, 1, head) for head in range(record.heads)]
    assert np.allclose(record.map(0, 1), np.mean(heads, axis=0))


def test_a_map_that_was_not_kept_is_none():
    record, _ = example()
    del record.blocks[0].maps[1, 2]
    assert record.map(0, 1, 2) is None
    assert record.map(0, 1) is None
    assert record.map(0, 1, 0) is not None


def test_arrays_come_back_in_their_own_type():
    for kind in (np.uint8, np.float16, np.float32):
        array = np.arange(12).reshape(3, 4).astype(kind)
        again = unpack(pack(array), 2, 100)
        assert again.dtype == array.dtype
        assert np.array_equal(again, array)


def spoilt(*path, value):
    plain = json.loads(example()[0].to_json())
    place = plain
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(plain)


MAP = ("blocks", 0, "maps", 0, "data")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 3),
        (("text",), 7),
        (("step",), -1),
        (("sequences",), {}),
        (("sequences", "source", "tokens"), ["a"]),
        (("sequences", "source", "tokens"), [None] * 5),
        (("blocks",), []),
        (("blocks", 0, "queries"), "target"),
        (("blocks", 0, "layers", 0, "heads"), "3"),
        (("blocks", 0, "statistics", "entropy"), [[1.0], [1.0]]),
        (("blocks", 0, "statistics", "entropy", 0, 0), "high"),
        (("blocks", 0, "maps", 0, "layer"), 9),
        (("blocks", 0, "norms", "shape"), [2, 3, 6]),
        ((*MAP, "data"), "no base64!"),
        ((*MAP, "data"), base64.b64encode(b"no zlib").decode()),
        ((*MAP, "data"), base64.b64encode(zlib.compress(b"short")).decode()),
        ((*MAP, "data"), base64.b64encode(zlib.compress(bytes(26))).decode()),
        ((*MAP, "dtype"), "object"),
        ((*MAP, "shape"), [5, 5, 1]),
        ((*MAP, "shape"), [10**9, 10**9]),
        ((*MAP, "shape"), [-5, -5]),
        (("formula", "head"), 3),
        (("formula", "scale"), None),
        (("formula", "mask"), pack(np.ones((2, 2), np.uint8))),
        (("lens", "words"), []),
        (("probabilities",), [["yes"]]),
        (("rollout",), {"with_sinks": pack(np.ones((5, 5), np.uint8))}),
        (("occlusion", "importance"), "all"),
    ],
)
def test_a_damaged_record_is_refused_in_one_line(path, value):
    with pytest.raises(InputError, match="not an attention record, or a damaged one") as caught:
        read_json(spoilt(*path, value=value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "NaN", "[" * 100_000, '{"version": 2}'])
def test_a_file_that_is_no_record_is_refused(text):
    with pytest.raises(InputError, match="not an attention record"):
        read_json(text)


def test_numbers_that_are_none_are_refused():
    text = example()[0].to_json().replace('"error":0.004', '"error":NaN')
    with pytest.raises(InputError, match="no JSON"):
        read_json(text)


def test_a_record_of_the_earlier_version_says_so():
    with pytest.raises(InputError, match="written by an earlier version; record it again"):
        read_record({"weights": "", "shape": [1, 1, 2, 2], "tokens": ["a", "b"]})


def test_no_more_is_inflated_than_the_shape_needs():
    bomb = {"dtype": "uint8", "shape": [2, 2]}
    bomb["data"] = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()
    with pytest.raises(ValueError, match="do not fill its shape"):
        unpack(bomb, 2, 1000)


def test_a_hostile_token_is_text_and_nothing_else():
    hostile = '<img src=x onerror="alert(1)">'
    record = record_of(np.full((1, 1, 2, 2), 0.5), [hostile, "b"])
    assert read_json(record.to_json()).tokens[0] == hostile
