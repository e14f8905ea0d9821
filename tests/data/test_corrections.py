import json
import re
from dataclasses import replace

import pytest

from workbench.data import load_data, load_further, tables
from workbench.data.items import read_items
from workbench.errors import DataError
from workbench.labelling import Journal, row_key
from workbench.spec import DataSpec
from workbench.tasks import load_task

from .examples import TASK, csv, load, rows, write


def journal_of(path, decided, asked=("text",), split="all"):
    journal = Journal(path)
    for row, (values, value) in decided.items():
        journal.decide(row, split, row_key(values, asked), value, who="ann")
    return journal


def labels(data):
    both = [*data.train, *data.validation]
    return {row["row"]: data.labels[row["label"]] for row in both}


def test_decisions_take_the_place_of_the_sources_labels_but_never_of_another_text(tmp_path):
    pairs = rows(20)
    path = write(tmp_path / "f.csv", csv(pairs))
    before = labels(load(path))
    journal = journal_of(
        tmp_path / "l.jsonl",
        {1: ({"text": pairs[0][0].upper()}, "pos"), 2: ({"text": "another text"}, "neg")},
    )
    data = load(path, corrections=str(journal.path))
    assert labels(data) == before | {1: "pos"}
    assert data.notes == [
        "Labels of the training rows taken from the journal: 1.",
        "Journal entries for the training rows made on different texts than these rows have "
        "now, and ignored: 1.",
    ]
    assert data.fingerprint != load(path).fingerprint
    assert data.splits == {"train": "all", "validation": "all"}
    assert path.read_text() == csv(pairs)
    journal.decide(1, "all", row_key({"text": pairs[0][0]}, ["text"]), "neg")
    assert load(path, corrections=data.corrections).fingerprint == data.fingerprint


def test_a_file_without_labels_is_labelled_by_the_journal_alone(tmp_path):
    texts = [text for text, _ in rows(20)]
    path = write(tmp_path / "f.csv", "id,text,kind\n" + "".join(f"{i},{t},a\n" for i, t in
                                                                enumerate(texts)))  # fmt: skip
    decided = {n: ({"text": t}, "yes" if n % 2 else "no") for n, t in enumerate(texts[:12], 1)}
    journal = journal_of(tmp_path / "l.jsonl", decided)
    data = load(path, corrections=str(journal.path))
    assert labels(data) == {n: value for n, (_, value) in decided.items()}
    assert data.columns == {"text": "text", "label": "label"}
    again = load(path, corrections=data.corrections, columns=data.columns)
    assert again.fingerprint == data.fingerprint


def test_another_file_is_not_corrected(tmp_path):
    pairs = rows(20)
    path, other = (write(tmp_path / name, csv(pairs)) for name in ("f.csv", "g.csv"))
    journal = journal_of(tmp_path / "l.jsonl", {1: ({"text": pairs[0][0]}, "pos")})
    spec = DataSpec(source=str(path), corrections=str(journal.path))
    columns = {"text": "text", "label": "label"}
    assert load_further(path, TASK, ["neg", "pos"], columns, spec)[0]["label"] == 1
    assert load_further(other, TASK, ["neg", "pos"], columns, spec)[0]["label"] == 0


def test_tags_come_from_spans_of_the_sentence(tmp_path):
    task = load_task("token-classification")
    sentences = [["Ann", "lives", "in", "New", "York"], ["小", "明", "在", "北", "京"]] * 5
    lines = [json.dumps({"tokens": words}, ensure_ascii=False) for words in sentences]
    path = write(tmp_path / "f.jsonl", "\n".join(lines))
    spans = {
        1: [{"start": 0, "end": 3, "label": "PER"}, {"start": 13, "end": 21, "label": "LOC"}],
        2: [{"start": 3, "end": 5, "label": "LOC"}],
    }
    decided = {n: ({"tokens": sentences[n - 1]}, spans.get(n % 2 or 2)) for n in range(1, 9)}
    journal = journal_of(tmp_path / "l.jsonl", decided, ["tokens"])
    spec = DataSpec(source=str(path), corrections=str(journal.path), validation_share=0.5)
    data = load_data(spec, task, 42)
    found = {row["row"]: [data.labels[tag] for tag in row["tags"]]
             for row in [*data.train, *data.validation]}  # fmt: skip
    assert sorted(found) == list(range(1, 9))
    assert found[1] == ["B-PER", "O", "O", "B-LOC", "I-LOC"]
    assert found[2] == ["O", "O", "O", "B-LOC", "I-LOC"]
    result = task.labelling.decision({"tokens": sentences[0], "tags": found[1]})
    assert [(one["start"], one["end"], one["text"], one["label"]) for one in result] == [
        (0, 3, "Ann", "PER"),
        (13, 21, "New York", "LOC"),
    ]


def test_answers_come_from_spans_of_the_passage(tmp_path):
    task = load_task("question-answering")
    asked = [{"question": f"Who came {n}?", "context": f"On day {n} Ann came."} for n in range(8)]
    path = write(tmp_path / "f.jsonl", "\n".join(json.dumps(row) for row in asked))
    decided = {n: (row, [{"start": 9, "end": 12}]) for n, row in enumerate(asked, 1)}
    decided[2] = (asked[1], [])
    decided[3] = (asked[2], "Ann")
    journal = journal_of(tmp_path / "l.jsonl", decided, ["question", "context"])
    spec = DataSpec(source=str(path), corrections=str(journal.path), validation_share=0.5)
    data = load_data(spec, task, 42)
    found = {row["row"]: row["answers"] for row in [*data.train, *data.validation]}
    assert found[1] == {"text": ["Ann"], "start": [9]}
    assert found[2] == {"text": [], "start": []}
    assert 3 not in found
    result = "that are not valid answers for their row, and were ignored: 1 (row 3"
    assert any(result in note for note in data.notes)
    assert task.labelling.decision({"answers": found[1]}) == [
        {"start": 9, "end": 12, "text": "Ann"}
    ]


@pytest.mark.parametrize(
    ("task", "row", "value", "answer"),
    [
        ("text-regression", {"text": "good", "label": 1.5}, 4, {"label": [4.0]}),
        ("summarization", {"document": "long text", "summary": "old"}, "new", {"target": "new"}),
        (
            "text-generation",
            {"instruction": "say", "output": "old"},
            "new",
            {"output": "new"},
        ),
    ],
)
def test_numbers_and_texts_are_corrected(tmp_path, task, row, value, answer):
    own = [{k: f"{v} {n}" if isinstance(v, str) else v + n for k, v in row.items()}
           for n in range(8)]  # fmt: skip
    path = write(tmp_path / "f.jsonl", "\n".join(json.dumps(one) for one in own))
    loaded = load_task(task)
    asked = [role.name for role in loaded.inputs]
    first = next(iter(own[0].values()))
    values = {asked[0]: first}
    journal = journal_of(tmp_path / "l.jsonl", {1: (values, value)}, asked)
    data = load_data(DataSpec(source=str(path), corrections=str(journal.path)), loaded, 42)
    found = next(one for one in [*data.train, *data.validation] if one["row"] == 1)
    assert {name: found[name] for name in answer} == answer


def test_several_labels_are_kept_where_rows_have_several(tmp_path):
    lines = [json.dumps({"text": f"text {n}", "label": ["a"] if n % 2 else ["b"]})
             for n in range(10)]  # fmt: skip
    path = write(tmp_path / "f.jsonl", "\n".join(lines))
    decided = {1: ({"text": "text 0"}, ["a", "b"]), 2: ({"text": "text 1"}, [])}
    journal = journal_of(tmp_path / "l.jsonl", decided)
    data = load(path, corrections=str(journal.path), multi_label=True)
    found = {row["row"]: row["label"] for row in [*data.train, *data.validation]}
    assert (found[1], found[2]) == ([0, 1], [])


def test_what_cannot_be_corrected_is_said(tmp_path):
    path = write(tmp_path / "f.txt", "one\n\ntwo\n\nthree\n\nfour\n\nfive")
    with pytest.raises(DataError, match=re.escape("data.corrections: rows of fill-mask")):
        load_data(DataSpec(source=str(path), corrections="l.jsonl"), load_task("fill-mask"), 42)


def test_cleaning_makes_no_other_text_of_a_row_and_sees_its_corrected_label(tmp_path):
    pairs = [*rows(20), ("<b>Fine</b>  day", "pos"), ("fine day", "neg"), ("other", "neg")]
    path = write(tmp_path / "f.csv", csv(pairs))
    steps = ["html", "whitespace", "conflicting_labels"]
    assert not {21, 22} & labels(load(path, cleaning=steps)).keys()
    for name, text in (("raw.jsonl", "<b>Fine</b>  day"), ("cleaned.jsonl", "Fine day")):
        journal = journal_of(tmp_path / name, {21: ({"text": text}, "neg")})
        data = load(path, cleaning=steps, corrections=str(journal.path))
        assert labels(data)[21] == labels(data)[22] == "neg"
        assert not any("other texts" in note for note in data.notes)


def test_a_name_that_no_cell_would_stand_for_is_a_label_all_the_same(tmp_path):
    pairs = rows(20)
    path = write(tmp_path / "f.csv", csv(pairs))
    decided = {1: ({"text": pairs[0][0]}, "a;b"), 3: ({"text": pairs[2][0]}, "[1]"),
               5: ({"text": pairs[4][0]}, "a;b"), 7: ({"text": pairs[6][0]}, "[1]")}  # fmt: skip
    journal = journal_of(tmp_path / "l.jsonl", decided)
    data = load(path, label_separator=";", multi_label=False, corrections=str(journal.path))
    assert {row: labels(data)[row] for row in (1, 3)} == {1: "a;b", 3: "[1]"}


def test_a_correction_moves_no_other_row_between_training_and_validation(tmp_path):
    pairs = rows(60)
    path = write(tmp_path / "f.csv", csv(pairs))
    changes = {"max_train_rows": 30, "max_validation_rows": 8}
    before = load(path, **changes)
    wrong = {row: "neg" for row in before.train["row"] if labels(before)[row] == "pos"}
    decided = {row: ({"text": pairs[row - 1][0]}, "neg") for row in list(wrong)[:9]}
    journal = journal_of(tmp_path / "l.jsonl", decided)
    after = load(path, corrections=str(journal.path), **changes)
    assert after.train["row"][:] == before.train["row"][:]
    assert after.validation["row"][:] == before.validation["row"][:]
    assert labels(after) == labels(before) | dict.fromkeys(decided, "neg")


def test_a_decision_counts_on_a_text_as_it_was_read_before_or_after_cleaning(tmp_path):
    pairs = [*rows(18), ("<b>this one</b>", "neg"), ("<i>that one</i>", "neg")]
    path = write(tmp_path / "f.csv", csv(pairs))
    decided = {
        18: ({"text": "something else"}, "neg"),
        19: ({"text": "<b>this one</b>"}, "pos"),
        20: ({"text": "that one"}, "pos"),
    }
    journal = journal_of(tmp_path / "l.jsonl", decided)
    how = {"cleaning": ["html"], "corrections": str(journal.path)}
    found = labels(load(path, **how))
    assert (found[18], found[19], found[20]) == ("pos", "pos", "pos")
    assert labels(load(path, cleaning=["html"]))[19] == "neg"


@pytest.mark.parametrize("held", ["", "Short."])
def test_an_answer_column_that_is_still_empty_is_filled_by_the_journal(tmp_path, held):
    texts = [f"A long text of {n} houses by the sea" for n in range(12)]
    lines = [json.dumps({"document": t, "summary": "" if n else held}) for n, t in enumerate(texts)]
    path = write(tmp_path / "f.jsonl", "\n".join(lines))
    task = load_task("summarization")
    spec = DataSpec(source=str(path))
    found = read_items(spec, task)
    assert [one.was for one in found.items] == [held or None, *[None] * 11]
    decided = {n: ({"source": t}, f"Houses {n}.") for n, t in enumerate(texts[1:], 2)}
    journal = journal_of(tmp_path / "l.jsonl", decided, asked=("source",))
    data = load_data(spec.model_copy(update={"corrections": str(journal.path)}), task, 42)
    targets = {row["row"]: row["target"] for row in [*data.train, *data.validation]}
    assert targets == {n: value for n, (_, value) in decided.items()} | ({1: held} if held else {})


def test_the_labels_that_a_set_of_the_catalogue_keeps_are_those_to_choose_from(
    tmp_path, monkeypatch
):
    path = write(tmp_path / "f.csv", csv(rows(20)))
    found = replace(tables.find_data(str(path)), labels=["neg"])
    monkeypatch.setattr(tables, "find_data", lambda *_: found)
    assert read_items(DataSpec(source=str(path)), TASK).labels == ["neg"]
