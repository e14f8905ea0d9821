"""From likely label errors to a run on the corrected labels."""

import json

import pytest

from tests.noisy_runs import FLIPPED, OTHER, noisy_run
from workbench import pipeline
from workbench.dynamics import measure, rank, read_dynamics
from workbench.dynamics.corrections import correct, corrected, open_corrections
from workbench.dynamics.rows import LearnedRows, describe_rows
from workbench.errors import RunError
from workbench.labelling import Journal
from workbench.reporting.compare import comparison
from workbench.runs import read_state


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return noisy_run(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def rows(run):
    return LearnedRows(run)


@pytest.fixture(scope="module")
def retrained(run, rows):
    """The run on corrected labels, made once the flipped ones were put right."""
    journal = open_corrections(run)
    for row in FLIPPED:
        correct(journal, rows, row, OTHER[rows.label(row)], why="confident_learning, rank 1")
    child, prepared = pipeline.retrain(run, {"train.num_train_epochs": 2})
    pipeline.train_prepared(child, prepared)
    return child


def test_flipped_labels_are_found_in_a_real_run(run, rows):
    dynamics = read_dynamics(run)
    ranking = rank(dynamics)
    worst = describe_rows(dynamics, ranking, rows, ranking.order[: len(FLIPPED)])
    assert {one["row"] for one in worst} == set(FLIPPED)
    assert [one["rank"] for one in worst] == [1, 2, 3, 4]
    for one in worst:
        assert one["flagged"]
        assert one["likely"] == OTHER[one["label"]]
        assert one["text"].startswith("the ")
    assert measure(dynamics).correctness.mean() < 1


def test_a_row_that_the_run_did_not_learn_from_is_not_described(rows):
    with pytest.raises(RunError, match="row 1000 is not in the training data"):
        rows.texts(1000)


def test_a_label_that_the_run_does_not_know_is_refused(run, rows, tmp_path):
    journal = Journal(tmp_path / "corrections.jsonl")
    with pytest.raises(RunError, match=r"no label 'meh'; choose negative \| positive"):
        correct(journal, rows, FLIPPED[0], "meh")
    assert not journal.path.exists()


def test_decisions_on_rows_that_were_not_drawn_are_passed_by(run, rows, tmp_path):
    journal = Journal(tmp_path / "labels.jsonl")
    journal.decide(1000, rows.split, "0123", "positive")
    assert corrected(journal, rows) == {}


def test_without_corrections_there_is_nothing_to_train_on(run, tmp_path):
    with pytest.raises(
        RunError,
        match=r"nothing was corrected: .*none\.jsonl holds no label; list likely label errors",
    ):
        pipeline.retrain(run, corrections=tmp_path / "none.jsonl")


def test_a_run_on_corrected_labels_starts_from_its_parents_model(run, rows, retrained):
    assert retrained.name == "noisy-corrected"
    record = retrained.record()
    assert record["new_weights"] == "" if "new_weights" in record else True
    assert record["parent"] == {"run": "noisy", "path": "noisy", "step": None}
    first = [event["loss"] for event in read_state(retrained).steps][:5]
    untrained = [event["loss"] for event in read_state(run).steps][:5]
    assert max(first) < min(untrained)


def test_its_labels_are_the_corrected_ones_and_the_source_is_as_it_was(run, rows, retrained):
    learned = LearnedRows(retrained)
    assert {row: learned.label(row) for row in FLIPPED} == {
        row: OTHER[rows.label(row)] for row in FLIPPED
    }
    assert corrected(open_corrections(run), rows) == {r: OTHER[rows.label(r)] for r in FLIPPED}
    assert read_dynamics(retrained).rows.tolist() == read_dynamics(run).rows.tolist()
    assert LearnedRows(run).label(FLIPPED[0]) == rows.label(FLIPPED[0])


def test_later_decisions_change_the_patch_but_not_the_run_that_learned_with_it(
    run, rows, retrained
):
    version = retrained.spec().data.corrections
    assert version.endswith(f"corrections.jsonl@{len(FLIPPED)}")
    journal = open_corrections(run)
    correct(journal, rows, FLIPPED[0], rows.label(FLIPPED[0]))
    try:
        assert LearnedRows(retrained).label(FLIPPED[0]) == OTHER[rows.label(FLIPPED[0])]
        assert FLIPPED[0] not in corrected(journal, rows)
    finally:
        journal.undo()
    # The next round goes on from what the run itself was corrected with.
    again = open_corrections(retrained)
    assert {row for _, row in again.decisions()} == set(FLIPPED)
    assert corrected(again, LearnedRows(retrained)) == {}


def test_its_curve_lies_over_its_parents(run, retrained):
    plain = comparison([run, retrained])
    assert plain["runs"] == ["noisy", "noisy-corrected"]
    assert "data.corrections" in plain["spec"]
    json.dumps(plain)


def test_a_second_run_on_corrections_has_a_name_of_its_own(run, retrained):
    child, _ = pipeline.retrain(run)
    assert child.name == "noisy-corrected-2"
