import json

import numpy as np
import pytest

from workbench.data.cells import as_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("plain", "plain"), (" kept \n", " kept \n"), (None, ""), (float("nan"), ""), (1, "1"),
        (1.0, "1"), (2.5, "2.5"), (True, "true"), (np.int64(3), "3"), (np.float64("nan"), ""),
        (np.array(["a b", "c"]), "a b c"), (["One.", "Two."], "One. Two."), ([], ""),
        ({"a": ["é"]}, '{"a": ["é"]}'), ([1, 2], "[1, 2]"),
    ],
)  # fmt: skip
def test_a_cell_of_any_type_becomes_text(cell, text):
    assert as_text(cell) == text


def test_half_a_surrogate_pair_becomes_a_question_mark():
    assert as_text(json.loads(r'"so \ud83d sad"')) == "so ? sad"
