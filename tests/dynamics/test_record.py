"""The file that keeps what training says of each row."""

import errno

import numpy as np
import pytest

from workbench.dynamics import RANKINGS, DynamicsWriter, measure, rank, read_dynamics
from workbench.dynamics.record import FILE, MOST_CLASSES, _kept, copy_until, has_dynamics
from workbench.errors import RunError
from workbench.runs import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def records(writer, step, epoch, rows, loss=0.0):
    made = np.zeros(len(rows), writer.type)
    made["step"], made["epoch"], made["row"], made["loss"] = step, epoch, rows, loss
    made["confidence"], made["label"] = 0.5, 1
    if made["probabilities"].size:
        made["probabilities"] = [0.5, 0.5]
    return made


def written(run, *batches, labels=("no", "yes")):
    writer = DynamicsWriter(run, list(labels))
    for batch in batches:
        writer.append(records(writer, *batch))
    writer.close()


def test_rows_come_back_by_pass_and_number_whatever_the_order_of_training(run):
    written(run, (1, 0, [7, 3], 1), (2, 0, [9], 2), (3, 1, [9, 7], 3), (4, 1, [3], 4))
    found = read_dynamics(run)
    assert found.rows.tolist() == [3, 7, 9]
    assert found.loss.tolist() == [[1, 1, 2], [4, 3, 3]]
    assert found.labels == ["no", "yes"]
    assert found.given.tolist() == [1, 1, 1]
    assert found.probabilities.shape == (2, 3, 2)


def test_a_pass_that_did_not_reach_a_row_has_no_number_there(run):
    written(run, (1, 0, [1, 2], 1), (2, 1, [2], 5))
    assert np.isnan(read_dynamics(run).loss[1, 0])
    assert read_dynamics(run).loss[1, 1] == 5


def test_of_steps_taken_again_the_later_record_counts_and_none_stays_of_those_given_up(run):
    written(run, (1, 0, [1], 1), (2, 0, [2], 2), (3, 1, [1], 3), (4, 1, [2], 4))
    written(run, (2, 0, [2], 20), (3, 1, [1], 30))  # went on from step 1, and stopped after 3
    found = read_dynamics(run).loss
    assert found[:, 0].tolist() == [1, 30]
    assert found[0, 1] == 20
    assert np.isnan(found[1, 1])


def test_a_step_broken_off_between_its_batches_is_not_counted_twice(run):
    written(run, (1, 0, [1], 1), (2, 0, [2], 2))
    written(run, (2, 0, [2], 20), (2, 0, [3], 21))
    assert read_dynamics(run).loss.tolist() == [[1, 20, 21]]


@pytest.mark.parametrize("torn", [1, 20])
def test_a_torn_last_record_is_cut_off(run, torn):
    written(run, (1, 0, [1], 1), (2, 0, [2], 2))
    path = run.path / FILE
    path.write_bytes(path.read_bytes()[:-torn])
    assert read_dynamics(run).rows.tolist() == [1]
    written(run, (2, 0, [2], 7))
    assert read_dynamics(run).loss.tolist() == [[1, 7]]


def test_a_torn_first_line_is_begun_anew(run):
    (run.path / FILE).write_bytes(b'{"version"')
    written(run, (1, 0, [1], 1))
    assert read_dynamics(run).rows.tolist() == [1]


def test_what_a_full_disk_refused_leaves_nothing_behind(run):
    writer = DynamicsWriter(run, ["no", "yes"])
    writer.append(records(writer, 1, 0, [1], 1))
    size = (run.path / FILE).stat().st_size
    whole = writer._log._file

    class Full:
        def write(self, block):
            whole.write(block[:5])
            raise OSError(errno.ENOSPC, "full")

        def __getattr__(self, name):
            return getattr(whole, name)

    writer._log._file = Full()
    with pytest.raises(OSError, match="full"):
        writer.append(records(writer, 2, 0, [2], 2))
    assert (run.path / FILE).stat().st_size == size
    writer._log._file = whole
    writer.append(records(writer, 2, 0, [2], 3))
    writer.close()
    assert read_dynamics(run).loss.tolist() == [[1, 3]]


def test_of_very_many_classes_no_probabilities_are_kept(run):
    written(run, (1, 0, [1], 1), labels=[str(n) for n in range(MOST_CLASSES + 1)])
    assert read_dynamics(run).probabilities is None


def test_a_fork_gets_what_its_parent_recorded_until_it_left(run, tmp_path):
    written(run, (1, 0, [1], 1), (2, 0, [2], 2), (3, 0, [3], 3))
    child = RunFolder(tmp_path / "child")
    child.path.mkdir()
    copy_until(run, child, 2)
    assert read_dynamics(child).rows.tolist() == [1, 2]


def test_a_run_that_has_only_begun_has_no_label_issues(run):
    written(run)
    found = read_dynamics(run)
    assert (len(found), found.passes) == (0, 0)
    for name in RANKINGS:
        assert len(rank(found, name).order) == 0


def test_a_run_of_which_nothing_was_recorded_says_so(run):
    with pytest.raises(RunError, match="nothing was recorded of the rows"):
        read_dynamics(run)


def test_a_file_of_another_version_is_refused(run):
    (run.path / FILE).write_bytes(b'{"version": 99}\n')
    with pytest.raises(RunError, match="damaged, or of another version"):
        read_dynamics(run)


def test_a_file_of_other_labels_is_not_written_on(run):
    written(run, (1, 0, [1], 1))
    with pytest.raises(RunError, match=r"other labels: .*yes"):
        DynamicsWriter(run, ["no", "maybe"])


def test_the_parts_of_a_row_without_labels_are_taken_together(run):
    written(run, (1, 0, [1, 1, 2], [1, 3, 4]), (2, 1, [2], np.nan), labels=())
    found = read_dynamics(run).loss
    assert found[0].tolist() == [2, 4]
    assert np.isnan(found[1]).all()
    assert measure(read_dynamics(run)).loss.tolist() == [2, 4]


def test_each_number_comes_back_in_its_own_table(run):
    writer = DynamicsWriter(run, ["no", "yes"])
    first, second = records(writer, 1, 0, [5, 2]), records(writer, 2, 1, [2])
    first["label"], second["label"] = [0, 1], 1
    first["predicted"], second["predicted"] = [1, 0], 1
    first["correct"], second["correct"] = [0, 0], 1
    first["margin"], second["margin"] = [-2, -1], 3
    first["confidence"], second["confidence"] = [0.25, 0.375], 0.75
    first["probabilities"] = [[0.25, 0.75], [0.625, 0.375]]
    second["probabilities"] = [0.25, 0.75]
    writer.append(first)
    writer.append(second, durable=True)
    writer.close()
    found = read_dynamics(run)
    nan = pytest.approx(np.nan, nan_ok=True)
    assert (found.rows.tolist(), found.given.tolist()) == ([2, 5], [1, 0])
    assert found.predicted.tolist() == [[0, 1], [1, nan]]
    assert found.correct.tolist() == [[0, 0], [1, nan]]
    assert found.margin.tolist() == [[-1, -2], [3, nan]]
    assert found.confidence.tolist() == [[0.375, 0.25], [0.75, nan]]
    assert found.probabilities.tolist() == [
        [[0.625, 0.375], [0.25, 0.75]], [[0.25, 0.75], [nan, nan]],
    ]  # fmt: skip
    assert (found.passes, len(found)) == (2, 2)
    assert found.probabilities.dtype == found.loss.dtype == np.float32
    assert found.given.dtype == np.int64


def test_as_many_classes_as_are_kept_have_probabilities(run):
    labels = [str(n) for n in range(MOST_CLASSES)]
    writer = DynamicsWriter(run, labels)
    made = np.zeros(1, writer.type)
    made["probabilities"][0, 7] = 0.5
    writer.append(made)
    writer.close()
    assert read_dynamics(run).probabilities[0, 0, 7] == 0.5
    assert read_dynamics(run).labels == labels


def test_what_must_be_durable_is_on_the_disk_before_the_call_returns(run, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    writer = DynamicsWriter(run, ["no", "yes"])
    writer.append(records(writer, 1, 0, [1]))
    assert synced == []
    writer.append(records(writer, 2, 0, [2]), durable=True)
    assert len(synced) == 1
    writer.close()
    assert len(synced) == 2
    child = RunFolder(run.path / "child")
    child.path.mkdir()
    copy_until(run, child, 2)
    assert len(synced) == 4  # its records, and the end


def test_a_record_can_be_read_while_training_goes_on(run):
    writer = DynamicsWriter(run, ["no", "yes"])
    writer.append(records(writer, 1, 0, [1], 5))
    assert read_dynamics(run).loss.tolist() == [[5]]
    writer.close()


def test_of_steps_that_went_back_only_those_after_the_last_return_stay():
    steps = np.array([1, 2, 3, 4, 2, 3, 3, 5])
    #                 1  2* 3* 4* 2  3  3  5: what was taken again after a return to step 1 or 2
    assert _kept(steps).tolist() == [True, True, False, False, True, True, True, True]
    assert _kept(np.array([5, 6, 1])).tolist() == [False, False, True]
    assert _kept(np.array([], np.uint32)).tolist() == []
    assert _kept(np.array([], np.uint32)).dtype == bool


def test_a_fork_of_a_run_that_recorded_nothing_records_nothing(run, tmp_path):
    child = RunFolder(tmp_path / "child")
    child.path.mkdir()
    copy_until(run, child, 2)
    assert not (child.path / FILE).exists()
    assert not has_dynamics(child)


def test_a_fork_keeps_labels(run, tmp_path):
    written(run, (1, 0, [1], 1), (2, 0, [2], 2), (3, 1, [1], 3))
    child = RunFolder(tmp_path / "child")
    child.path.mkdir()
    copy_until(run, child, 3)
    assert has_dynamics(child)
    assert (child.path / FILE).read_bytes() == (run.path / FILE).read_bytes()
    other = RunFolder(tmp_path / "other")
    other.path.mkdir()
    copy_until(run, other, 0)
    assert len(read_dynamics(other)) == 0


@pytest.mark.parametrize(
    "header",
    ['{"version": 1, "labels": ["a"]}', '{"version": 1, "labels": null, "classes": 1}',
     '{"version": 1, "labels": ["a"], "classes": -1}', '{"version": 1, "classes": 1}', "[1]",
     "{", '{"version": 2, "labels": ["a"], "classes": 1}', '"text"',
     '{"version": 1, "labels": ["a"], "classes": "1"}'],
)  # fmt: skip
def test_a_header_of_another_kind_is_refused_with_the_path(run, header):
    (run.path / FILE).write_text(header + "\n", "utf-8")
    with pytest.raises(RunError, match=f"{FILE} is damaged.*; remove it, or train again"):
        read_dynamics(run)
    with pytest.raises(RunError, match="damaged"):
        DynamicsWriter(run, ["a"])


def test_labels_in_any_writing_are_kept_as_they_are(run):
    written(run, (1, 0, [1], 1), labels=("好", 'a"b'))
    assert "好".encode() in (run.path / FILE).read_bytes()
    assert read_dynamics(run).labels == ["好", 'a"b']
    written(run, (2, 0, [2], 2), labels=("好", 'a"b'))
    assert read_dynamics(run).rows.tolist() == [1, 2]


def test_parts_without_a_number_do_not_count(run, recwarn):
    written(run, (1, 0, [1, 1, 1], [1, np.nan, 4]), (2, 1, [2], 3), labels=())
    assert np.isnan(read_dynamics(run).loss[1, 0])
    assert not recwarn.list
    assert read_dynamics(run).loss[0, 0] == 2.5
    assert read_dynamics(run).confidence[0, 0] == 0.5
    assert read_dynamics(run).probabilities is None
