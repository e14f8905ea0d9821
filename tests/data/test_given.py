"""A table that was copied out of a spreadsheet is kept as it is, and read like a file."""

import pandas
import pytest

from workbench.data import load_data
from workbench.data.given import keep_table
from workbench.data.table import read_table
from workbench.spec import DataSpec
from workbench.tasks import load_task


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("text\tlabel\ngood, really\tpos\nbad\tneg\n", "train.csv"),
        ('text,label\n"good, really",pos\nbad,neg', "train.csv"),
        ('{"text": "good, really", "label": "pos"}\n{"text": "bad", "label": "neg"}',
         "train.jsonl"),
    ],
)  # fmt: skip
def test_a_pasted_table_is_kept_and_read_whatever_stands_between_its_cells(tmp_path, pasted, name):
    place = keep_table(pasted, tmp_path)
    assert (place.name, place.read_text("utf-8")) == (name, pasted)
    frame, _ = read_table(place)
    assert frame.to_dict("list") == {"text": ["good, really", "bad"], "label": ["pos", "neg"]}
    assert keep_table(pasted, tmp_path) == place


def test_a_frame_and_a_pasted_table_can_be_two_splits(tmp_path):
    frame = pandas.DataFrame({"text": ["a", "b"]})
    folder = keep_table({"train": frame, "test": "text\nc\nd\n"}, tmp_path)
    assert sorted(file.name for file in folder.iterdir()) == ["test.csv", "train.jsonl"]


def test_the_names_of_numbered_classes_are_kept_with_a_dataset(tmp_path):
    from datasets import ClassLabel, Dataset, Features, List, Value

    features = Features(
        {"tokens": List(Value("string")), "tags": List(ClassLabel(names=["O", "B-X"]))}
    )
    rows = [{"tokens": ["a", f"b{n}"], "tags": [0, 1]} for n in range(9)]
    made = Dataset.from_list(rows, features=features)
    place = keep_table(made, tmp_path)
    assert keep_table(made, tmp_path) == place
    data = load_data(DataSpec(source=str(place)), load_task("token-classification"), seed=1)
    assert data.labels == ["O", "B-X", "I-X"]
    assert data.train[0]["tags"] == [0, 1]
    folder = keep_table({"train": made, "test": made.select(range(4))}, tmp_path)
    assert sorted(file.name for file in folder.iterdir()) == ["test.parquet", "train.parquet"]
