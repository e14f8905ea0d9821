"""What `data show` says of a source: which tasks it fits, by which columns."""

import pytest

from workbench.data import describe_source


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (
            "review,stars\nwell done,good\nno good,bad\n",
            {"text-classification": {"text": "review", "label": "stars"}},
        ),
        (
            "sentence1,sentence2,score\na cat,a dog,2.5\na car,a bus,3.1\n",
            {
                "text-classification": {
                    "text": "sentence1", "text_pair": "sentence2", "label": "score",
                },
                "text-regression": {
                    "text": "sentence1", "text_pair": "sentence2", "label": "score",
                },
            },
        ),
    ],
)  # fmt: skip
def test_the_columns_are_guessed_for_each_task_that_they_fit(tmp_path, content, columns):
    path = tmp_path / "rows.csv"
    path.write_text(content, "utf-8")
    told = describe_source(str(path))["columns"]
    for task, expected in columns.items():
        assert told[task] == expected
    if len(columns) == 1:
        assert "text-regression" not in told


def test_where_nothing_fits_it_says_how_to_name_them(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("only\n1\n2\n", "utf-8")
    told = describe_source(str(path))["columns"]
    assert told == "none found; name them, as in -p columns '{text: NAME, label: NAME}'"
