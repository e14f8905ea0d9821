"""What `data show` says of a source: which tasks it fits, by which columns."""

import pytest

from workbench.data import describe_source
from workbench.data.tables import open_tables
from workbench.errors import DataError
from workbench.sources import find_data
from workbench.spec import DataSpec


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
    result = describe_source(str(path))["columns"]
    for task, expected in columns.items():
        assert result[task] == expected
    if len(columns) == 1:
        assert "text-regression" not in result


def test_where_nothing_fits_it_says_how_to_name_them(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("only\n1\n2\n", "utf-8")
    result = describe_source(str(path))["columns"]
    assert result == "none found; name them, as in -p columns '{text: NAME, label: NAME}'"


def test_words_with_tags_that_are_no_table_are_shown_as_the_task_reads_them(tmp_path):
    path = tmp_path / "sentences.txt"
    word = "{0}\tNOUN\t*\t*\t*\t{0}\t{1}\n"
    first = word.format("2005", "B-DATE").replace("NOUN", "NUM")
    rest = "".join(
        word.format(one, "O") for one in ["it", "rains", "in", "the", "old", "city", "today"]
    )
    path.write_text(first + rest + "\n" + rest + "\n", "utf-8")
    with pytest.raises(DataError, match="more than once"):
        open_tables(find_data(str(path)), DataSpec(source=str(path)))
    found = describe_source(str(path))
    assert found["columns"] == {"token-classification": {"tokens": "tokens", "tags": "tags"}}
    (split,) = found["splits"].values()
    assert split["rows"] == 2
    assert "2005" in split["first_rows"][0]["tokens"]
