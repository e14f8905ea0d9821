"""The run folder: made safely, found again, read whatever it holds."""

from __future__ import annotations

import json
import os
from collections import namedtuple

import pytest

from workbench.errors import RunError
from workbench.runs import (
    EventWriter,
    RunFolder,
    create_run,
    list_runs,
    open_run,
    require_space,
    write_json,
    write_text,
)
from workbench.runs import folder as folder_module
from workbench.spec import RunSpec


def spec_in(runs_dir, **changes):
    return RunSpec().replace({"runs_dir": str(runs_dir), **changes})


def make_run(runs_dir, name, **record):
    run = create_run(spec_in(runs_dir, run_name=name), "unused")
    run.write_spec(spec_in(runs_dir, run_name=name), record)
    return run


def message_of(caught):
    return str(caught.value)


def test_a_run_is_named_by_the_spec(tmp_path):
    run = create_run(spec_in(tmp_path / "runs", run_name="first"), "suggested")
    assert run.path == tmp_path / "runs" / "first"
    assert run.path.is_dir()
    assert run.name == "first"


def test_a_suggested_name_that_is_taken_gets_a_number(tmp_path):
    names = [create_run(spec_in(tmp_path), "minilm-tweets").name for _ in range(3)]
    assert names == ["minilm-tweets", "minilm-tweets-2", "minilm-tweets-3"]


def test_a_name_of_the_users_own_that_is_taken_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keep.txt").write_text("kept")
    with pytest.raises(RunError) as caught:
        create_run(spec_in(tmp_path, run_name="mine"), "unused")
    assert message_of(caught) == (
        f"a run named 'mine' is already in {tmp_path}; "
        "set output.run_name to another name, or leave it empty"
    )
    assert (tmp_path / "mine" / "keep.txt").read_text() == "kept"


@pytest.mark.parametrize(
    "name",
    ["..", ".", "../up", "a/b", "a\\b", "/etc", "C:x", "-rf", " ", "a b", "x\n", "x\x00", "~",
     "$HOME", "<b>", "*", "con?"],
)  # fmt: skip
def test_a_name_that_could_leave_the_folder_or_break_a_shell_is_refused(tmp_path, name):
    with pytest.raises(RunError) as caught:
        create_run(spec_in(tmp_path / "runs", run_name=name), "unused")
    assert message_of(caught) == (
        f"output.run_name {name!r} is not a plain folder name; use letters, digits, dots, "
        "dashes and underscores"
    )
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["first", "2024", "lr=5e-5", "外卖评论", "v1.2_b-3+x@y"])
def test_ordinary_names_are_taken_as_they_are(tmp_path, name):
    assert create_run(spec_in(tmp_path, run_name=name), "unused").name == name


def test_a_runs_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunError) as caught:
        create_run(spec_in(tmp_path / "runs", run_name="x"), "unused")
    assert message_of(caught).startswith(f"cannot make the run folder {tmp_path / 'runs' / 'x'} (")
    assert message_of(caught).endswith("); set output.runs_dir to a folder you may write to")


def test_a_runs_folder_that_refuses_to_be_written_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folder_module.Path, "mkdir", refuse)
    with pytest.raises(RunError) as caught:
        create_run(spec_in(tmp_path, run_name="x"), "unused")
    assert message_of(caught) == (
        f"cannot make the run folder {tmp_path / 'x'} (Permission denied); "
        "set output.runs_dir to a folder you may write to"
    )


def test_a_disk_without_room_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(folder_module.shutil, "disk_usage", lambda path: usage(1, 1, 5_000_000))
    runs_dir = tmp_path / "runs"
    with pytest.raises(RunError) as caught:
        create_run(spec_in(runs_dir, run_name="x"), "unused", needed_bytes=2_000_000_000)
    assert message_of(caught) == (
        f"the disk of {runs_dir} has 5 MB free, and the run needs about 2,000 MB; "
        "free some space, or set output.runs_dir to another disk"
    )
    assert not runs_dir.exists()


def test_room_is_asked_of_the_disk_that_will_hold_the_folder(tmp_path, monkeypatch):
    asked = []
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        folder_module.shutil, "disk_usage", lambda path: asked.append(path) or usage(1, 0, 10)
    )
    require_space(tmp_path / "not" / "yet" / "there", 10)
    assert asked == [tmp_path]


def test_spec_and_record_come_back(tmp_path):
    record = {"labels": ["no", "1e5", "好"], "versions": {"torch": "2.13.0"}, "seconds": 1e-7}
    run = make_run(tmp_path, "x", **record)
    assert run.spec() == spec_in(tmp_path, run_name="x")
    assert run.record() == record


def test_a_run_without_a_record_has_an_empty_one(tmp_path):
    run = make_run(tmp_path, "x")
    run.spec_path.write_text("train: {seed: 7}", encoding="utf-8")
    assert run.record() == {}
    assert run.spec().train.seed == 7


@pytest.mark.parametrize(
    "content",
    [b"train: [", b"\xff\xfe\x00", b"[1, 2]", b"just text", b"record: 3", b"x: !!python/none x"],
)
def test_a_damaged_spec_is_named(tmp_path, content):
    run = make_run(tmp_path, "x")
    run.spec_path.write_bytes(content)
    for read in (run.spec, run.record):
        with pytest.raises(RunError) as caught:
            read()
        assert message_of(caught).startswith(f"{run.spec_path} is damaged")
        assert message_of(caught).endswith("; restore it, or train again")
        assert "\n" not in message_of(caught)


def test_a_folder_without_spec_is_no_run(tmp_path):
    with pytest.raises(RunError) as caught:
        RunFolder(tmp_path).spec()
    assert message_of(caught) == (
        f"{tmp_path} is not a run: it has no spec.yaml; `workbench runs list` shows the runs"
    )


def test_metrics_are_empty_before_the_evaluation_and_named_when_damaged(tmp_path):
    run = make_run(tmp_path, "x")
    assert run.metrics() == {}
    write_json(run.evaluation_path / "metrics.json", {"metrics": {"loss": 0.5}})
    assert run.metrics() == {"metrics": {"loss": 0.5}}
    (run.evaluation_path / "metrics.json").write_text('{"metrics": ')
    with pytest.raises(RunError) as caught:
        run.metrics()
    assert message_of(caught).startswith(f"{run.evaluation_path / 'metrics.json'} is damaged (")
    assert message_of(caught).endswith(f"; evaluate again: workbench evaluate {run.path}")


def test_checkpoints_sort_by_name_as_they_do_by_step():
    run = RunFolder(folder_module.Path("runs/x"))
    paths = [run.checkpoint_path(step).as_posix() for step in (5, 120, 40_000)]
    assert paths[1] == "runs/x/checkpoints/step-000120"
    assert paths == sorted(paths)


def test_a_run_is_opened_by_path_or_by_name(tmp_path):
    run = make_run(tmp_path / "runs", "x")
    assert open_run(run.path) == run
    assert open_run(str(run.path)) == run
    assert open_run("x", tmp_path / "runs") == run


def test_a_run_that_died_before_its_spec_was_written_can_be_opened(tmp_path):
    run = RunFolder(tmp_path / "x")
    run.path.mkdir()
    EventWriter(run.events_path).close()
    assert open_run(run.path) == run
    assert list(run.events()) == []


def test_an_unknown_run_is_reported_with_those_there_are(tmp_path):
    for name in ("a", "b"):
        make_run(tmp_path, name)
    with pytest.raises(RunError) as caught:
        open_run("c", tmp_path)
    assert message_of(caught) in (
        "no run 'c'; the latest are a, b",
        "no run 'c'; the latest are b, a",
    )


def test_an_unknown_run_among_none_says_so(tmp_path):
    with pytest.raises(RunError) as caught:
        open_run("c", tmp_path / "runs")
    assert message_of(caught) == f"no run 'c'; there are none in {tmp_path / 'runs'}"


def test_runs_are_listed_oldest_first_and_other_folders_left_out(tmp_path):
    for number, name in enumerate(("young", "old", "middle")):
        run = make_run(tmp_path, name)
        age = {"young": 300, "middle": 200, "old": 100}[name]
        os.utime(run.spec_path, (age, age))
        (tmp_path / f"no-run-{number}").mkdir()
    assert [run.name for run in list_runs(tmp_path)] == ["old", "middle", "young"]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b.json"
    write_text(path, "first\n")
    assert path.read_bytes() == b"first\n"

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "second")
    assert path.read_text() == "first\n"
    assert list(path.parent.iterdir()) == [path]


def test_json_has_null_for_numbers_that_are_none(tmp_path):
    path = tmp_path / "x.json"
    nan, inf = float("nan"), float("inf")
    write_json(path, {"a": nan, "b": [inf, (-inf, 1.5)], "c": {"d": nan}, "e": "nan", 1: "好"})
    assert json.loads(path.read_text("utf-8")) == {
        "a": None, "b": [None, [None, 1.5]], "c": {"d": None}, "e": "nan", "1": "好",
    }  # fmt: skip
    assert "好" in path.read_text("utf-8")
