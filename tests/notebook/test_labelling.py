import json

import pytest

import workbench as wb
from workbench.errors import InputError
from workbench.evaluation.labels import _name, open_labels
from workbench.labelling import Journal
from workbench.notebook.labelling import Labels
from workbench.spec import RunSpec


@pytest.fixture
def source(tmp_path):
    texts = [f"offer {n} now" if n % 2 else f"see you at {n}" for n in range(1, 9)]
    path = tmp_path / "sms.csv"
    path.write_text("text\n" + "\n".join(texts) + "\n")
    return path


def answer(made, *values):
    for value in values:
        made.session.decide(value)


def test_headless_the_labels_are_those_of_the_journal(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = wb.label(str(source), ["ham", "spam"], who="ann")
    assert isinstance(made, Labels)
    assert made.corrections == "labels/sms.jsonl"
    answer(made, "spam", "ham")
    again = wb.label(str(source), who="ann")
    assert repr(again) == "labels/sms.jsonl: 2 of 8 rows labelled, 0 skipped"
    assert [one.value for one in again.decisions().values()] == ["spam", "ham"]
    assert again.session.item.row == 3


def test_what_is_labelled_is_learned_from(source, tmp_path):
    from workbench.data import load_data
    from workbench.tasks import load_task

    made = wb.label(source, ["ham", "spam"], journal=tmp_path / "j.jsonl")
    answer(made, *(["spam", "ham"] * 3))
    spec = RunSpec().replace({"data.source": str(source), "data.corrections": made.corrections})
    data = load_data(spec.data, load_task(spec.task), 42)
    assert (data.labels, len(data.train) + len(data.validation)) == (["ham", "spam"], 6)


def test_the_sources_own_labels_are_the_choice_and_are_kept_as_was(tmp_path):
    table = [{"text": f"text {n}", "label": "b" if n % 2 else "a"} for n in range(4)]
    made = wb.label(table, journal=tmp_path / "j.jsonl", guidelines="Look twice.", several=True)
    assert list(made.session.question.labels) == ["a", "b"]
    assert made.session.question.guidelines == "Look twice."
    answer(made, ["b"])
    assert Journal(tmp_path / "j.jsonl").records()[0].was == ["a"]


def test_rows_come_in_the_order_that_was_asked_for(source, tmp_path):
    spec = RunSpec().replace({"data.source": str(source)})
    how = {"labels": ["ham", "spam"], "journal": tmp_path / "j.jsonl", "who": "ann"}
    made = open_labels(spec, **how, order="diversity", rows=2)
    first = [item.texts["text"].split()[0] for item in made.session.items]
    assert sorted(first) == ["offer", "see"]
    answer(made, "ham")
    assert made.journal.records()[0].why == "diversity, rank 1"
    some = open_labels(spec, **how, rows=[5, 3, 99])
    assert sorted(item.row for item in some.session.items) == [3, 5]
    random = open_labels(spec, **how, order="random")
    assert random.session.items[0].place == made.journal.records()[0].place
    assert random.session.at == 1
    for order, words in (("margin", "needs a model; give a run"), ("best", "choose source")):
        with pytest.raises(InputError, match=words):
            open_labels(spec, **how, order=order)


def test_people_who_differ_are_adjudicated(source, tmp_path):
    how = {"labels": ["ham", "spam"], "journal": tmp_path / "j.jsonl"}
    answer(wb.label(source, who="ann", **how), "ham", "ham", "spam")
    with pytest.raises(InputError, match="there are no disagreements"):
        wb.label(source, who="eve", adjudicate=True, **how)
    answer(wb.label(source, who="bob", **how), "ham", "spam", "spam")
    judge = wb.label(source, who="eve", adjudicate=True, **how)
    assert [item.row for item in judge.session.items] == [2]
    answer(judge, "ham")
    assert judge.decisions()["all", 2].value == "ham"
    found = judge.agreement()
    assert (found["people"], found["agreed"]) == ({"ann": 3, "bob": 3}, 2)


def test_what_cannot_be_labelled_is_refused(source, tmp_path):
    with pytest.raises(InputError, match="has no labels yet; name them"):
        wb.label(source)
    with pytest.raises(InputError, match="no answers to label"):
        wb.label(source, task="fill-mask")
    with pytest.raises(InputError, match="cannot read"):
        wb.label(source, ["a", "b"], guidelines=str(tmp_path / "absent.md"))


def test_spans_ratings_and_texts_are_asked_for(tmp_path):
    rows = {
        "token-classification": {"tokens": ["Ann", "came"], "tags": ["B-PER", "O"]},
        "question-answering": {"question": "Who?", "context": "Ann came."},
        "text-regression": {"text": "good", "label": 4},
        "summarization": {"document": "A long text.", "summary": "Text."},
    }
    found = {}
    for task, row in rows.items():
        path = tmp_path / f"{task}.jsonl"
        more = [{**row, "label": 1}] if "label" in row else [row]
        path.write_text("\n".join(json.dumps(one) for one in [row, *more]))
        made = wb.label(path, task=task, journal=tmp_path / f"{task}.journal")
        question, item = made.session.question, made.session.item
        found[task] = (question.kind, list(question.labels), question.scale, item.was)
        assert list(item.texts)
    span = {"start": 0, "end": 3, "text": "Ann", "label": "PER"}
    assert found == {
        "token-classification": ("spans", ["PER"], None, [span]),
        "question-answering": ("spans", [], None, None),
        "text-regression": ("number", [], (1.0, 4.0), 4.0),
        "summarization": ("text", [], None, "Text."),
    }


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/My texts.csv.gz", "My-texts"), ("wheel:tweets", "wheel-tweets"),
        ("nyu-mll/glue:sst2", "glue-sst2"), ("C:\\x\\评论.csv", "评论"), ("/", "labels"),
    ],
)  # fmt: skip
def test_a_journal_is_named_after_its_source(source, name):
    assert _name(source) == name
