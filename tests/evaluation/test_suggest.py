"""What a run's model suggests for rows that are to be labelled, with a stand-in for the model."""

import pytest

from workbench.errors import RunError
from workbench.evaluation import suggest as module
from workbench.evaluation.suggest import suggest
from workbench.labelling.items import Item, Suggestion
from workbench.runs import RunFolder
from workbench.spec import RunSpec
from workbench.tasks import load_task


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.write_spec(RunSpec(), {})
    return folder


def items(*texts: str) -> list[Item]:
    return [
        Item(n, "train", key=text, texts={"text": text}, values={"text": text})
        for n, text in enumerate(texts, 1)
    ]


def says(monkeypatch, *records) -> list:
    asked = []

    def predict(run, texts):
        assert isinstance(run, RunFolder)
        asked.append(list(texts))
        return list(records)

    monkeypatch.setattr(module, "predict_texts", predict)
    return asked


CLASSES = load_task("text-classification")


def test_each_item_gets_what_the_model_says_and_how_sure_it_is(run, monkeypatch):
    asked = says(
        monkeypatch,
        {"predicted": "good", "confidence": 0.75, "probabilities": [0.25, 0.75]},
        {"predicted": "bad", "confidence": 0.5, "probabilities": [0.5, 0.5]},
    )
    found, shares = suggest(run, items("a", "b"), CLASSES, ["bad", "good"])
    assert asked == [[{"text": "a"}, {"text": "b"}]]
    assert found == {
        ("train", 1): Suggestion("good", 0.75), ("train", 2): Suggestion("bad", 0.5),
    }  # fmt: skip
    assert shares.tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_a_class_that_is_not_asked_for_is_not_suggested_and_the_next_is(run, monkeypatch):
    says(
        monkeypatch,
        {"predicted": "ugly", "confidence": 0.9},
        {"predicted": "good", "confidence": 0.8},
        {"predicted": ["good", "ugly"], "confidence": 0.7},
        {"predicted": ["good"], "confidence": 0.6},
        {"predicted": ["good", "bad"], "confidence": 0.5},
    )
    found, shares = suggest(run, items(*"abcde"), CLASSES, ["bad", "good"])
    assert list(found) == [("train", 2), ("train", 4), ("train", 5)]
    assert shares[:, 0].tolist() == [0.9, 0.8, 0.7, 0.6, 0.5]  # of all of them, in order
    assert suggest(run, items(*"abcde"), CLASSES)[0] == {}


def test_a_run_of_another_task_is_refused(run, monkeypatch):
    says(monkeypatch)
    with pytest.raises(RunError) as caught:
        suggest(run, items("a"), load_task("text-regression"))
    assert "the run run was trained for text-classification, not for text-regression" in str(
        caught.value
    )
    assert "give a run of the same task" in str(caught.value)


def test_what_is_no_class_is_suggested_as_it_is(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "numbers")
    folder.path.mkdir()
    folder.write_spec(RunSpec().replace({"task": "text-regression"}), {})
    says(monkeypatch, {"predicted": [3.5]}, {"predicted": [1.0]})
    found, shares = suggest(folder, items("a", "b"), load_task("text-regression"))
    labelling = load_task("text-regression").labelling
    values = [labelling.suggested({"predicted": [n]}) for n in (3.5, 1.0)]
    assert [one.value for one in found.values()] == values
    assert [one.confidence for one in found.values()] == [None, None]
    assert shares is None
