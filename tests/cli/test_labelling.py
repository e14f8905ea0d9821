import io
import json

import pytest

from tests.tiny_runs import tiny_spec, write_csv
from workbench import pipeline
from workbench.cli import main
from workbench.labelling import Journal
from workbench.notebook import label

ROWS = [("the film was great", "positive"), ("the plot was bad", "negative"),
        ("=cmd|' /C calc'!A0", "negative")]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    changes = {"train.num_train_epochs": 4, "evaluate.baselines": False, "inspect.probes": []}
    return pipeline.train(tiny_spec(folder, **changes))


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_csv(tmp_path / "rows.csv", ROWS)


@pytest.fixture
def call(capsys, monkeypatch):
    def call(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["data", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_rows_are_labelled_line_by_line_and_each_is_kept(call, source):
    code, out, _ = call("label", source, "--who", "ann", typed="2\nx\n0\n1 2\ns\nu\nq\n")
    assert code == 0
    assert "1 of 3 · row 1\nthe film was great\n1 negative, 2 positive; s skip" in out
    assert out.count("unknown option") == 3
    assert out.endswith("labels/rows.jsonl: 1 of 3 rows labelled, 0 skipped\n")
    code, out, _ = call("label", source, "--who", "ann", typed="1\n1\n")
    assert "1 of 3 · row 1" not in out
    assert [one.value for one in Journal("labels/rows.jsonl").decisions().values()] == [
        "positive", "negative", "negative",
    ]  # fmt: skip


def test_labels_go_out_and_come_back(call, source):
    call("label", source, "--who", "ann", typed="2\n1\n1\n")
    code, out, _ = call("export", source, "--out", "out.csv")
    assert (code, out) == (0, "3 labels in out.csv\n")
    code, out, _ = call("import", source, "out.csv", "--journal", "back.jsonl", "--json")
    assert json.loads(out) == {
        "taken": 3, "unknown": 0, "unfit": 0, "empty": 0, "journal": "back.jsonl",
    }  # fmt: skip
    assert len(Journal("back.jsonl").decisions("ann")) == 3
    code, _, err = call("export", source, "--out", "out.xls")
    assert code == 2
    assert "choose jsonl | csv" in err


def test_agreement_is_reported_with_the_rows_on_which_people_differ(call, source):
    call("label", source, "--who", "ann", typed="2\n1\n1\n")
    call("label", source, "--who", "bob", typed="2\n2\n1\n")
    code, out, _ = call("agreement", source)
    assert code == 0
    # 2 of 3 alike, 4/9 by chance: (2/3 - 4/9) / (5/9).
    assert "cohen         0.4000  ann, bob (3 rows)" in out
    assert "3 by several people, 2 of them alike" in out
    found = json.loads(call("agreement", source, "--json")[1])
    assert found["disagreements"] == [
        {"split": "all", "row": 2, "values": {"ann": "negative", "bob": "positive"}}
    ]
    _, out, _ = call("label", source, "--who", "eve", "--adjudicate", typed="1\n")
    assert "  ann: negative\n  bob: positive\n" in out
    assert Journal("labels/rows.jsonl").decisions()["all", 2].why == "adjudication"


def test_ratings_and_faults(call, source, tmp_path):
    (tmp_path / "r.csv").write_text("text,score\na,\nb,\n")
    how = ("r.csv", "--set", "task=text-regression", "--who", "ann")
    code, out, _ = call("label", *how, "--scale", "1,5", typed="9\n4\n")
    assert "1 – 5; s skip" in out
    assert [one.value for one in Journal("labels/r.jsonl").decisions().values()] == [4.0]
    code, _, err = call("label", *how, "--scale", "x")
    assert (code, "--scale 'x' is not a scale" in err) == (2, True)
    code, _, err = call("label", source, "--order", "margin")
    assert (code, "needs a model" in err) == (2, True)


def test_a_runs_model_suggests_and_orders(call, source, run):
    made = label(source, run=run, who="ann")
    places = [item.place for item in made.session.items]
    sure = [made.session.suggestions[place].confidence for place in places]
    assert sure == sorted(sure)
    assert made.session.suggestions["all", 1].value in ("positive", "negative")
    options = ("--runs-dir", run.path.parent, "--order", "least_confident", "--rows", 1)
    code, out, _ = call("label", source, "--run", run.name, *options, typed="1\n")
    assert code == 0
    assert "model: " in out
    (one,) = Journal("labels/rows.jsonl").records()
    assert one.why == "least_confident, rank 1"
    assert one.row == places[0][1]
    _, _, err = call("label", source, "--run", run.name, "--runs-dir", run.path.parent,
                     "--set", "task=text-regression", "--scale", "1,5")  # fmt: skip
    assert "trained for text-classification, not for text-regression" in err


def test_spans_are_marked_by_words_or_numbers_and_taken_back(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"tokens": ["Ann", "saw", "Ann", "Lee", "in", "Rome"], "tags": ["O"] * 6}] * 2
    path = tmp_path / "tags.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    how = ("tags.jsonl", "--set", "task=token-classification", "--labels", "PER,LOC", "--who", "a")
    typed = "Bob = 1\n9 = 1\nRome\nRome = 3\n3-4 = PER; Rome = 2\nu\nAnn #2 = 1\n0\n"
    code, out, _ = call("label", *how, typed=typed)
    assert code == 0
    assert "1 Ann  2 saw  3 Ann  4 Lee  5 in  6 Rome" in out
    assert out.count("unknown option") == 4
    first, second = Journal("labels/tags.jsonl").decisions("a").values()
    assert first.value == [{"start": 8, "end": 11, "text": "Ann", "label": "PER"}]
    assert second.value == []


def test_answers_are_marked_in_the_passage(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = {"question": "Who?", "context": "Ann; Lee left in 1999.", "answers": []}
    (tmp_path / "qa.jsonl").write_text(f"{json.dumps(row)}\n" * 3, "utf-8")
    how = ("qa.jsonl", "--set", "task=question-answering", "--who", "a")
    code, _, err = call("label", *how, typed="Ann; Lee\n1; 3-4\n0\n")
    assert code == 0, err
    found = [one.value for one in Journal("labels/qa.jsonl").decisions("a").values()]
    assert [[span["text"] for span in one] for one in found] == [
        ["Ann; Lee"],
        ["Ann", "Lee left"],
        [],
    ]
