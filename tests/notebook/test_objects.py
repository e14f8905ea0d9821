"""Training on what lives only in a notebook: a table, a metric."""

import pandas
import pytest

import workbench as wb
from tests.tiny_runs import make_rows, tiny_spec
from workbench.errors import DataError, InputError
from workbench.runs import read_state
from workbench.spec import SpecError


@pytest.fixture
def spec(tmp_path):
    return tiny_spec(tmp_path, **{"train.num_train_epochs": 2})


@pytest.fixture
def frame():
    return pandas.DataFrame(make_rows(), columns=["text", "label"])


def losses(run):
    return [event["loss"] for event in read_state(run).steps]


def test_a_table_gives_the_losses_of_the_same_rows_in_a_file(spec, frame):
    run = wb.train(spec, data=frame)
    assert losses(run) == losses(wb.train(spec))
    again = wb.train(run.spec())
    assert losses(again) == losses(run)


def test_splits_of_any_kind_of_table_are_taken_as_they_are(spec, frame):
    from datasets import Dataset

    rows = frame.sample(frac=1, random_state=0)
    data = {
        "train": Dataset.from_pandas(rows[:60], preserve_index=False),
        "validation": rows[60:].to_dict("records"),
    }
    run = wb.train(spec, data=data)
    assert (run.record()["train_rows"], run.record()["validation_rows"]) == (60, 20)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a text", "data: train is one line of text, 'a text', not a table; paste the rows"),
        ([], "data: train has no rows"),
        ({"train": [1, 2]}, "data: train is a list, not a table"),
        (pandas.DataFrame({"text": []}), "data: train has no rows"),
    ],
)
def test_what_is_no_table_is_refused_and_leaves_nothing(spec, tmp_path, data, words):
    with pytest.raises(DataError, match=words):
        wb.train(spec, data=data)
    assert not (tmp_path / "runs").exists()


def test_a_metric_of_the_notebook_is_followed_and_may_choose_the_best(spec):
    def surest(logits, labels):
        assert logits.shape == (len(labels), 2)
        return -float(abs(logits).max())

    spec = spec.replace({"train.eval_steps": 5})
    run = wb.train(
        spec.replace({"train.metric_for_best_model": "surest"}), metrics={"surest": surest}
    )
    evaluations = read_state(run).evaluations
    values = [event["metrics"]["surest"] for event in evaluations]
    assert len(set(values)) == len(values)
    best = max(evaluations, key=lambda event: event["metrics"]["surest"])
    assert read_state(run).best_step == best["step"]
    assert losses(run) == losses(wb.train(spec))


def test_a_metric_that_has_the_name_of_another_or_is_unknown_is_refused(spec):
    with pytest.raises(SpecError, match="text-classification has 'accuracy' already"):
        wb.train(spec, metrics={"accuracy": lambda logits, labels: 0.0})
    with pytest.raises(InputError, match="'surest' does not fit"):
        wb.train(spec.replace({"train.metric_for_best_model": "surest"}))
