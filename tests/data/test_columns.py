import pandas
import pytest

from workbench.data import guess_columns
from workbench.errors import DataError
from workbench.tasks import load_task

from .examples import TASK


def table(**columns):
    return pandas.DataFrame(columns, dtype=object)


def twenty(*values):
    return [values[i % len(values)] for i in range(20)]


LONG = [f"a sentence that is rather long, number {i}" for i in range(20)]
LABELS = twenty("pos", "neg")


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (table(label=LABELS, text=LONG), {"text": "text", "label": "label"}),
        (table(Sentiment=LABELS, Tweet=LONG), {"text": "Tweet", "label": "Sentiment"}),
        (table(评分星级=LABELS, 评论内容=LONG), {"text": "评论内容", "label": "评分星级"}),
        (table(review_title=twenty("x", "y"), reviewText=LONG, star_rating=twenty("1", "5")),
         {"text": "reviewText", "label": "star_rating"}),
        (table(a=LABELS, b=LONG), {"text": "b", "label": "a"}),
        (table(label=LABELS, masseges=LONG, unnamed_2=twenty("")),
         {"text": "masseges", "label": "label"}),
        (table(id=list(map(str, range(20))), label=LABELS, sentence1=LONG, sentence2=LONG),
         {"text": "sentence1", "text_pair": "sentence2", "label": "label"}),
        (table(question=LONG, answer=LONG, kind=LABELS), {"text": "question", "label": "kind"}),
        (table(one=LONG, two=twenty("same")), {"text": "one", "label": "two"}),
    ],
)  # fmt: skip
def test_columns_are_found_by_name_and_by_content(frame, columns):
    assert guess_columns(frame, TASK) == columns


def test_given_columns_win_by_name_or_number_and_no_pair_is_added():
    frame = table(text=LONG, sentence2=LONG, label=LABELS, mood=twenty("x", "y"))
    assert guess_columns(frame, TASK, {"text": "sentence2", "label": 3}) == {
        "text": "sentence2", "label": "mood",
    }  # fmt: skip
    assert guess_columns(frame, TASK, {"text": "1"})["text"] == "sentence2"


def test_a_name_wins_over_a_number():
    frame = pandas.DataFrame({"1": LABELS, "0": LONG}, dtype=object)
    assert guess_columns(frame, TASK, {"text": "0", "label": "1"}) == {"text": "0", "label": "1"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "txet"}, "data.columns.text: f.csv has no column 'txet'; it has text, label; "
                           "did you mean 'text'?"),
        ({"text": "Label"}, "data.columns.text: f.csv has no column 'Label'; it has text, label; "
                            "did you mean 'label'?"),
        ({"text": "zzzz"}, "data.columns.text: f.csv has no column 'zzzz'; it has text, label; "
                           "set it to one of them"),
        ({"label": 2}, "data.columns.label: f.csv has no column 2; it has 2, 0 to 1: text, label; "
                       "set it to one of them"),
        ({"label": -1}, "data.columns.label: f.csv has no column -1; it has 2, 0 to 1: text, "
                        "label; set it to one of them"),
        ({"words": "text"}, "data.columns: text-classification has no role 'words'; "
                            "its roles are text, text_pair, label"),
        ({"text": "text", "label": 0}, "data.columns: text and label are the same column 'text'; "
                                       "give each role a column of its own"),
    ],
)  # fmt: skip
def test_a_column_or_role_that_does_not_exist_is_an_error(given, message):
    with pytest.raises(DataError) as caught:
        guess_columns(table(text=LONG, label=LABELS), TASK, given, "f.csv")
    assert str(caught.value) == message


def test_a_table_without_anything_like_a_label_is_an_error():
    with pytest.raises(DataError) as caught:
        guess_columns(table(document=LONG, summary=LONG), TASK, name="news.csv")
    assert str(caught.value) == (
        "news.csv: no column looks like the label; there are document, summary; "
        "set data.columns, for example {label: summary}"
    )


def test_a_table_without_any_text_is_an_error():
    with pytest.raises(DataError, match=r"^f\.csv: no column looks like the text; there are a, b;"):
        guess_columns(table(a=twenty("1", "2"), b=twenty("3", "4")), TASK, name="f.csv")


def test_a_column_that_is_called_so_is_taken_though_it_is_empty():
    summarization = load_task("summarization")
    found = guess_columns(table(document=LONG, summary=twenty("", "")), summarization)
    assert found == {"source": "document", "target": "summary"}


def test_where_no_column_is_left_one_is_to_be_added():
    with pytest.raises(
        DataError, match=r"no column looks like the target; .*; add a column for it"
    ):
        guess_columns(table(document=LONG), load_task("summarization"))
