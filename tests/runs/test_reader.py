"""Reading a log as it grows, and with the numbers that an earlier reader left."""

from __future__ import annotations

import json

import pytest

from workbench.runs import RunFolder, RunState, append_log, reader
from workbench.runs.reader import RunReader, read_state


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "a-run"
    folder.mkdir()
    return RunFolder(folder)


@pytest.fixture
def saves_early(monkeypatch):
    monkeypatch.setattr(reader, "SAVE_EVERY_BYTES", 2000)


def event(kind, seq, step, **values):
    return {"event": kind, "seq": seq, "step": step, "wall_seconds": seq / 2, **values}


def events(last=40, first=1):
    for step in range(first, last + 1):
        yield event("step_logged", 3 * step, step, loss=1 / step, grad_norm=1.0, rows=8 * step)
        if step % 10 == 0:
            scores = {"loss": 2 / step}
            yield event("evaluated", 3 * step + 1, step, metrics=scores, best=step == 20)
        if step == 25:
            yield event("steered", 3 * step + 1, step, knob="paused", old=False, new=True, who="a")
            yield event("steered", 3 * step + 2, step, knob="paused", old=True, new=False, who="a")


STARTED = event("run_started", 0, 0, total_steps=100)


def lines(some):
    return "".join(json.dumps(one) + "\n" for one in some)


def append(run, text):
    with run.events_path.open("a", encoding="utf-8") as log:
        log.write(text)


def saved(run):
    return run.path / ".steps.npz"


def test_a_growing_log_is_read_in_parts(run):
    follow = RunReader(run)
    assert follow.update() == 0
    append(run, lines([STARTED, *events(5)]))
    assert follow.update() == 6
    append(run, lines(events(40, first=6)))
    follow.update()
    assert follow.update() == 0
    assert follow.state == RunState().fold([STARTED, *events(40)])


def test_a_torn_last_line_waits_for_its_end(run):
    follow = RunReader(run)
    whole = lines([STARTED, *events(1)])
    append(run, whole[:-20])
    assert follow.update() == 1
    append(run, whole[-20:])
    assert follow.update() == 1
    assert len(follow.state.steps) == 1


def test_garbage_in_the_middle_costs_its_own_lines_only(run):
    append(run, lines([STARTED, *events(3)]))
    append(run, '\x00\x00{"event": "step_lo\n[1, 2]\n\n{"event": "evaluated"}\n"text"\n')
    append(run, lines(events(40, first=4)))
    assert read_state(run) == RunState().fold([STARTED, *events(40)])


def test_a_long_line_over_several_blocks_is_one_line(run, monkeypatch):
    monkeypatch.setattr(append_log, "_BLOCK_BYTES", 50)
    append(run, lines([STARTED, *events(12)]))
    assert len(read_state(run).steps) == 12


def test_a_short_log_leaves_nothing_beside_it(run):
    append(run, lines([STARTED, *events(40)]))
    read_state(run)
    assert not saved(run).exists()


def test_the_next_reader_begins_with_the_numbers_of_the_one_before(run, saves_early, monkeypatch):
    append(run, lines([STARTED, *events(40)]))
    read_state(run)
    assert saved(run).is_file()
    append(run, lines(events(60, first=41)))
    parsed = []
    parse = reader.parse_event
    monkeypatch.setattr(reader, "parse_event", lambda line: parsed.append(line) or parse(line))
    assert read_state(run) == RunState().fold([STARTED, *events(60)])
    # start, two evaluations after each other ten steps, two acts, the proof, and what is new
    assert len(parsed) == 1 + 4 + 2 + 1 + 20 + 2


def test_steps_logged_twice_by_an_older_version_count_once(run, saves_early):
    again = event("run_started", 200, 20, total_steps=100)
    append(run, lines([STARTED, *events(40), again, *events(30, first=21)]))
    first = read_state(run)
    assert saved(run).is_file()
    assert [e["step"] for e in first.steps] == list(range(1, 31))
    assert read_state(run).steps == first.steps


@pytest.mark.parametrize(
    "harm", ["garbage", "empty", "cut", "other log", "shorter log", "no steps"]
)
def test_saved_numbers_that_do_not_fit_the_log_are_made_again(run, saves_early, harm):
    append(run, lines([STARTED, *events(60)]))
    read_state(run)
    good = saved(run).read_bytes()
    log = [STARTED, *events(60)]
    match harm:
        case "garbage":
            saved(run).write_bytes(b"PK\x03\x04 nonsense")
        case "empty":
            saved(run).write_bytes(b"")
        case "cut":
            saved(run).write_bytes(good[: len(good) // 2])
        case "other log":
            log = [STARTED, *(e | {"seq": e["seq"] + 1} for e in events(60))]
        case "shorter log":
            log = [STARTED, *events(7)]
        case "no steps":
            log = [STARTED]
    run.events_path.write_text(lines(log), "utf-8")
    assert read_state(run) == RunState().fold(log)


def test_a_folder_that_cannot_be_written_is_read_all_the_same(run, saves_early, monkeypatch):
    append(run, lines([STARTED, *events(60)]))

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("numpy.savez", refuse)
    assert len(read_state(run).steps) == 60
    assert [path.name for path in run.path.iterdir()] == ["events.jsonl"]


def test_a_run_without_a_log_is_new(run):
    assert read_state(run) == RunState()


def test_nothing_is_unpickled(run, saves_early):
    import numpy as np

    append(run, lines([STARTED, *events(60)]))
    np.savez(saved(run), places=np.array([{"evil": True}], dtype=object))
    assert len(read_state(run).steps) == 60
