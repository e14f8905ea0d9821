import json

import pandas as pd

from workbench.data import load_data
from workbench.data.nested import spread
from workbench.spec import DataSpec
from workbench.tasks import load_task


def test_mappings_become_columns_and_rows_keep_their_numbers():
    frame = pd.DataFrame(
        {"id": [1, 2], "pair": [{"en": "a", "zh": {"text": "甲"}}, {"en": "b"}]},
        index=[4, 7], dtype=object,
    )  # fmt: skip
    frame.attrs["class_names"] = {"x": ["y"]}
    found = spread(frame)
    assert list(found.columns) == ["id", "pair.en", "pair.zh.text"]
    assert list(found.index) == [4, 7]
    assert found["pair.zh.text"].fillna("").tolist() == ["甲", ""]
    assert found.attrs == frame.attrs


def test_what_is_no_mapping_everywhere_stays():
    frame = pd.DataFrame({"mixed": [{"a": 1}, "b"], "text": ["x", "y"]}, dtype=object)
    assert spread(frame) is frame


def test_a_pair_in_a_mapping_is_named_with_a_dot(tmp_path):
    rows = [{"translation": {"en": f"word {n}", "ja": f"言葉{n}"}} for n in range(8)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    columns = {"source": "translation.ja", "target": "translation.en"}
    spec = DataSpec(source=str(path), columns=columns)
    data = load_data(spec, load_task("translation"), 42)
    assert data.columns == columns
    assert set(data.train["source"]) <= {row["translation"]["ja"] for row in rows}


def test_a_task_that_reads_mappings_gets_them_whole(tmp_path):
    rows = [
        {"question": f"who sings {n}?", "context": f"Bob{n} sings.",
         "answers": {"text": [f"Bob{n}"], "answer_start": [0]}}
        for n in range(8)
    ]  # fmt: skip
    path = tmp_path / "qa.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    data = load_data(DataSpec(source=str(path)), load_task("question-answering"), 42)
    assert data.columns["answers"] == "answers"
