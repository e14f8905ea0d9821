"""Answers of labelling tools come into a journal by the command, whatever tool wrote them."""

import json

import pytest

from tests.data.file_kinds import ANSWERS, FULL, MINIMAL, PLACE, ROWS, TEXTS
from workbench.cli import main
from workbench.errors import EXIT_DONE, EXIT_INPUT_AT_FAULT
from workbench.labelling import Journal

WHO = {"completed_by": 1, "was_cancelled": False}


@pytest.fixture
def imported(tmp_path, capsys):
    """Return a function that imports records for the texts, and gives what came of it."""
    source = tmp_path / "texts.jsonl"

    def run(records, *options, texts=TEXTS, task="text-classification"):
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        path = tmp_path / "export.json"
        path.write_text(json.dumps(records))
        journal = tmp_path / "journal.jsonl"
        code = main(["data", "import", str(source), str(path), "--journal", str(journal),
                     "--set", f"task={task}", *options])  # fmt: skip
        held = Journal(journal).decisions() if journal.exists() else {}
        return code, {row: one.value for (_, row), one in held.items()}, capsys.readouterr()

    return run


def label_studio(text, start, end, said):
    value = {"start": start, "end": end, "text": said, "labels": ["X"]}
    result = {"from_name": "l", "to_name": "t", "type": "labels", "value": value}
    return {"data": {"text": text}, "annotations": [WHO | {"result": [result]}]}


@pytest.mark.parametrize("records", [MINIMAL, FULL[1:]])
def test_the_control_is_found_by_its_values_and_the_classes_by_the_file(imported, records):
    code, held, _ = imported(records)
    first = len(TEXTS) - len(records)
    assert code == EXIT_DONE
    assert held == {n: label for n, (_, label) in enumerate(ROWS, 1) if n > first}


def test_what_was_rejected_or_ignored_is_counted_and_not_taken(imported):
    records = [{"text": a, "label": b, "answer": c} for (a, b), c in
               zip(ROWS, ANSWERS, strict=True)]  # fmt: skip
    code, held, said = imported(records)
    assert (code, len(held)) == (EXIT_DONE, 10)
    assert "Imported 10 labels" in said.out
    assert "1 rejected" in said.out
    assert "1 ignored" in said.out


def test_suggestions_of_a_model_are_no_answers(imported):
    records = [{"fields": {"text": a}, "responses": {}, "suggestions": {"q": {"value": b}}}
               for a, b in ROWS]  # fmt: skip
    code, held, said = imported(records, "--labels", "good,bad")
    assert (code, held) == (EXIT_INPUT_AT_FAULT, {})
    assert "no label of" in said.err
    assert "12 only suggested by a model" in said.err


def test_an_import_that_takes_nothing_says_why_by_kind(imported):
    records = [{"text": a, "annotations": [{"label": 7, "user": 1}]} for a in TEXTS[:5]]
    records += [{"text": "of another file", "annotations": [{"label": 7, "user": 1}]}]
    code, _, said = imported(records, "--labels", "good,bad")
    assert code == EXIT_INPUT_AT_FAULT
    assert "1 for rows that are not in the data (of another file)" in said.err
    assert (
        "5 that are not valid for this task (7 is not a label; choose from good, bad)" in said.err
    )
    assert "Traceback" not in said.err


def test_places_fit_where_a_browser_shows_two_blanks_as_one(imported):
    texts = [text.replace(" at ", "  at ") for text in TEXTS]
    records = [label_studio(text, 0, end + 4, f"The {text[4:end]} at") for text, (_, end) in
               zip(texts, PLACE, strict=True)]  # fmt: skip
    code, held, _ = imported(records, texts=texts, task="token-classification")
    assert (code, len(held)) == (EXIT_DONE, len(texts))
    assert held[1] == [{"start": 0, "end": 14, "text": "The harbour at", "label": "X"}]


def test_spans_that_overlap_are_counted_and_the_longest_is_taken(imported):
    records = [{"text": a, "label": [[*place, "X"], [0, place[1], "X"]]} for a, place in
               zip(TEXTS, PLACE, strict=True)]  # fmt: skip
    code, held, said = imported(records, task="token-classification")
    assert code == EXIT_DONE
    assert [span["text"] for span in held[1]] == ["The harbour"]
    assert "12 spans that overlap a longer one" in said.out
    assert "harbour X" in said.out


def test_a_file_of_rejections_alone_says_so_even_where_no_label_is_known(imported):
    records = [{"text": a, "label": b, "answer": "reject"} for a, b in ROWS]
    code, _, said = imported(records)
    assert code == EXIT_INPUT_AT_FAULT
    assert "was taken: 12 rejected" in said.err
