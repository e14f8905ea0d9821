"""The append-only record of a run: what was written is read, whatever happened in between."""

from __future__ import annotations

import errno
import json
import math
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import Interrupted
from workbench.runs import EventReader, EventWriter, read_events
from workbench.runs.events import KINDS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def write_some(path, count=3):
    writer = EventWriter(path)
    for step in range(count):
        writer.write("step_logged", step, loss=1.0 / (step + 1))
    writer.close()


def test_events_come_back_in_order_and_numbered(path):
    write_some(path)
    events = list(read_events(path))
    assert [event["seq"] for event in events] == [0, 1, 2]
    assert [event["step"] for event in events] == [0, 1, 2]
    assert [event["loss"] for event in events] == [1.0, 0.5, 1 / 3]
    walls = [event["wall_seconds"] for event in events]
    assert walls == sorted(walls)
    assert walls[0] >= 0


def test_an_unknown_kind_is_refused_and_nothing_is_written(path):
    writer = EventWriter(path)
    with pytest.raises(ValueError, match="unknown event 'step_loged'; one of run_started, "):
        writer.write("step_loged", 1)
    writer.close()
    assert path.read_bytes() == b""


def test_a_record_is_written_at_once_and_on_the_disk_within_a_second(path, monkeypatch):
    synced, now = [], [100.0]
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(path.read_bytes().count(b"\n")))
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    writer = EventWriter(path)
    writer.write("step_logged", 1, loss=1.0)
    assert synced == [1]
    writer.write("step_logged", 2, loss=1.0)
    assert path.read_bytes().count(b"\n") == 2  # a killed process has not lost it
    assert synced == [1]
    now[0] += 1.1
    writer.write("step_logged", 3, loss=1.0)
    assert synced == [1, 3]
    writer.write("evaluated", 3, metrics={"loss": 1.0})
    assert synced == [1, 3, 4]
    writer.write("step_logged", 4, loss=1.0)
    writer.close()
    assert synced == [1, 3, 4, 5]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_come_back_and_the_file_is_strict_json(path, value):
    writer = EventWriter(path)
    writer.write("evaluated", 1, metrics={"loss": value}, losses=[value], best=False)
    writer.close()

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    json.loads(path.read_text("utf-8"), parse_constant=refuse)
    [event] = read_events(path)
    assert str(event["metrics"]["loss"]) == str(value)
    assert str(event["losses"][0]) == str(value)


def test_numbers_of_numpy_are_written_as_plain_numbers(path):
    writer = EventWriter(path)
    writer.write("step_logged", 1, loss=np.float32(0.5), grad_norm=np.array(2.0))
    writer.close()
    [event] = read_events(path)
    assert (event["loss"], event["grad_norm"]) == (0.5, 2.0)


@pytest.mark.parametrize(
    "text", ["one\ntwo\r\nthree", "\u2028", "微调 👩‍👧", "\udce9 not UTF-8", '"quoted" \\ \x00']
)
def test_a_hostile_text_stays_on_its_line_and_comes_back(path, text):
    writer = EventWriter(path)
    writer.write("run_failed", 1, what=text, remedy="")
    writer.write("run_failed", 2, what="next", remedy="")
    writer.close()
    assert [event["what"] for event in read_events(path)] == [text, "next"]


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
    | st.text(max_size=20).filter(lambda text: text not in ("nan", "inf", "-inf")),
    lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5).map("x".__add__), plain_values, max_size=5))
def test_any_plain_values_come_back(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    writer = EventWriter(path)
    writer.write("steered", 3, **{"knob": "a", "new": 1, **values})
    writer.close()
    [event] = read_events(path)
    assert {name: event[name] for name in values} == values


def test_no_file_means_no_events(path):
    assert list(read_events(path)) == []
    assert EventReader(path).new() == []


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_torn_last_line_is_left_out_by_the_reader(path, cut):
    write_some(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert [event["seq"] for event in read_events(path)] == [0, 1]


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_writer_goes_on_after_a_crash_in_the_middle_of_a_line(path, cut):
    write_some(path)
    last = list(read_events(path))[1]["wall_seconds"]
    path.write_bytes(path.read_bytes()[:-cut])
    writer = EventWriter(path)
    writer.write("step_logged", 7)
    writer.close()
    events = list(read_events(path))
    assert [event["seq"] for event in events] == [0, 1, 2]
    assert events[-1]["step"] == 7
    assert events[-1]["wall_seconds"] >= last


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[1]",
        b"3",
        b'{"event": "unheard_of", "seq": 1, "step": 1, "wall_seconds": 1}',
        b'{"event": ["step_logged"], "seq": 1, "step": 1, "wall_seconds": 1}',
        b'{"event": "step_logged"}',
        b'{"event": "step_logged", "seq": "x", "step": 1, "wall_seconds": 1}',
        b'{"event": "step_logged", "seq": 1, "step": null, "wall_seconds": 1}',
        b'{"event": "step_logged", "seq": 1, "step": 1, "wall_seconds": "soon"}',
        b'{"event": "step_logged", "seq": 1, "step": true, "wall_seconds": 1}',
        b'{"event": "steered", "seq": 1, "step": 1, "wall_seconds": 1}',
        b"[" * 100_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_a_line_that_is_no_event_is_passed_over(path, line):
    write_some(path, 2)
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert [event["step"] for event in read_events(path)] == [0, 1]


def test_a_reader_gives_each_event_once_while_the_file_grows(path):
    reader = EventReader(path)
    writer = EventWriter(path)
    assert reader.new() == []
    writer.write("step_logged", 1)
    assert [event["step"] for event in reader.new()] == [1]
    assert reader.new() == []
    writer.write("step_logged", 2)
    writer.write("step_logged", 3)
    assert [event["step"] for event in reader.new()] == [2, 3]
    writer.close()


def test_a_reader_waits_for_the_rest_of_an_unfinished_line(path):
    write_some(path, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    reader = EventReader(path)
    assert [event["step"] for event in reader.new()] == [0]
    with path.open("ab") as file:
        file.write(whole[-10:])
    assert [event["step"] for event in reader.new()] == [1]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_process_that_waits_for_room_can_be_asked_to_end(path, monkeypatch, code):
    writer = EventWriter(path)

    def full(number):
        raise OSError(code, "no room")

    monkeypatch.setattr(os, "fsync", full)
    asked = iter([False, True])
    writer.interrupted = lambda: next(asked)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(Interrupted, match="is full"):
        writer.write("evaluated", 2, metrics={})
    writer.close()
    assert path.read_bytes() == b""


def test_on_a_full_disk_a_write_waits_for_room_and_leaves_no_torn_line(path, monkeypatch, capsys):
    writer = EventWriter(path)
    writer.write("evaluated", 1, metrics={})
    failures = iter([errno.ENOSPC, errno.ENOSPC])
    seen = []

    def full_at_first(number):
        if code := next(failures, None):
            raise OSError(code, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_at_first)
    monkeypatch.setattr(time, "sleep", lambda _: seen.append(path.read_bytes()))
    writer.write("evaluated", 2, metrics={})
    writer.close()
    assert [content.count(b"\n") for content in seen] == [1, 1]
    assert [(event["seq"], event["step"]) for event in read_events(path)] == [(0, 1), (1, 2)]
    assert capsys.readouterr().err.count("is full; waiting for room") == 1


def test_an_error_other_than_a_full_disk_goes_up(path, monkeypatch):
    writer = EventWriter(path)

    def broken(number):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        writer.write("step_logged", 1)
    writer.close()
    assert path.read_bytes() == b""


def test_what_the_log_has_of_a_step_is_not_written_twice(path):
    writer = EventWriter(path)
    for step in (1, 2, 3):
        writer.write("step_logged", step, loss=1.0)
    writer.write("checkpoint_saved", 3, path="checkpoints/step-000003", best=True)
    writer.close()
    again = EventWriter(path)
    again.write("run_started", 3, total_steps=4, resumed_from=1)
    for step in (2, 3, 4):
        again.write("step_logged", step, loss=1.0)
    again.write("checkpoint_saved", 3, path="checkpoints/step-000003", best=True)
    again.close()
    events = list(read_events(path))
    assert [event["step"] for event in events if event["event"] == "step_logged"] == [1, 2, 3, 4]
    assert [event["seq"] for event in events] == list(range(6))


def test_the_kinds_are_those_that_the_module_describes():
    from workbench.runs import events

    assert all(f"`{kind}`" in events.__doc__ for kind in KINDS)
