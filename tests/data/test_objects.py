import json

import pytest

from workbench.data.objects import read_objects
from workbench.errors import DataError

ROWS = [{"text": "good", "label": 1}, {"text": "bad", "label": 0}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(map(json.dumps, ROWS)),
        json.dumps({"version": "1", "data": ROWS}),
        json.dumps({"text": ["good", "bad"], "label": [1, 0]}),
        json.dumps({"text": {"0": "good", "1": "bad"}, "label": {"0": 1, "1": 0}}),
    ],
    ids=["list", "indented list", "lines", "nested", "columns", "pandas columns"],
)
def test_every_usual_shape_of_json_gives_the_same_table(text):
    frame, notes = read_objects(text, "f.json")
    assert frame.to_dict("records") == ROWS
    assert list(frame.index) == [1, 2]
    assert notes == []


def test_an_object_of_objects_keeps_its_keys_as_a_column():
    frame, _ = read_objects(json.dumps({"a1": ROWS[0], "b2": ROWS[1]}), "f.json")
    assert list(frame["id"]) == ["a1", "b2"]
    assert list(frame["text"]) == ["good", "bad"]


def test_objects_one_after_the_other_are_read_and_noted():
    frame, notes = read_objects("\n".join(json.dumps(row, indent=1) for row in ROWS), "f.json")
    assert list(frame["text"]) == ["good", "bad"]
    assert notes == ["The file is not a single JSON document but several; each was read as a row."]


def test_one_line_alone_is_one_row():
    frame, _ = read_objects('{"text": "good", "label": 1}\n', "f.jsonl")
    assert len(frame) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a"}\n{"text": oops}\n', "f.json is not JSON on line 2: Expecting value"),
        ("[" * 100_000, "f.json is not JSON on line 1: "),
        ('["a", "b"]', "f.json: item 1 is 'a', not an object"),
        ("12", "f.json holds '12', not a table"),
        (
            '{"text": ["a", "b"], "label": [1]}',
            "f.json: columns differ in length (text 2, label 1)",
        ),
        ('{"a": [{"t": 1}], "b": [{"t": 2}]}', "f.json holds several tables: a, b"),
        ('{"a": [1], "b": {"c": 1}}', "f.json: its top-level keys (a, b) are no table"),
    ],
)
def test_json_that_is_no_table_is_an_error(text, message):
    with pytest.raises(DataError) as caught:
        read_objects(text, "f.json")
    assert str(caught.value).startswith(message)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)
