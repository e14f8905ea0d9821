"""What receives the events of a run: one class in one file, where it trains or beside it."""

from __future__ import annotations

import csv
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from workbench.runs import Event, EventWriter, RunFolder, Sink
from workbench.runs.sinks import follow


class LossTable:
    """A new sink, whole: the losses of a run as a CSV table."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)

    def receive(self, events: Sequence[Event]) -> None:
        for event in events:
            if event["event"] == "step_logged":
                self._rows.writerow((event["step"], event["loss"]))

    def close(self) -> None:
        self._file.close()


class Broken:
    """A sink that fails at its second event."""

    def __init__(self) -> None:
        self.seen = 0

    def receive(self, events: Sequence[Event]) -> None:
        self.seen += 1
        if self.seen == 2:
            raise RuntimeError("the server is gone")

    def close(self) -> None:
        raise AssertionError("it was left out")


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def write_three(writer):
    for step in (1, 2, 3):
        writer.write("step_logged", step, loss=1 / step)
        writer.write("evaluated", step, metrics={"loss": 1.0})
    writer.close()


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [(int(step), float(loss)) for step, loss in csv.reader(file)]


def test_a_sink_receives_each_event_while_the_run_trains(run):
    table: Sink = LossTable(run.path / "loss.csv")
    write_three(EventWriter(run.events_path, [table]))
    assert rows(run.path / "loss.csv") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert len(list(run.events())) == 6


def test_the_same_sink_follows_the_log_of_a_run_from_beside_it(run):
    writer, done = EventWriter(run.events_path), threading.Event()
    writer.write("run_started", 0, total_steps=3)
    watch = (run.events_path, LossTable(run.path / "loss.csv"), done, 0.01)
    thread = threading.Thread(target=follow, args=watch)
    thread.start()
    write_three(writer)
    done.set()
    thread.join(10)
    assert rows(run.path / "loss.csv") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_an_event_is_in_the_log_before_a_sink_receives_it(run):
    logged = []

    class Looking(LossTable):
        def receive(self, events):
            logged.append(len(list(run.events())))

    write_three(EventWriter(run.events_path, [Looking(run.path / "loss.csv")]))
    assert logged == [1, 2, 3, 4, 5, 6]


def test_a_sink_that_fails_is_left_out_with_a_word_and_the_run_goes_on(run, capsys):
    broken = Broken()
    write_three(EventWriter(run.events_path, [broken, LossTable(run.path / "loss.csv")]))
    assert broken.seen == 2
    assert len(rows(run.path / "loss.csv")) == 3
    assert len(list(run.events())) == 6
    said = capsys.readouterr().err
    assert said == "Broken receives no more events: RuntimeError('the server is gone')\n"


def test_what_the_log_has_already_is_not_received_again(run):
    write_three(EventWriter(run.events_path))
    table = LossTable(run.path / "loss.csv")
    writer = EventWriter(run.events_path, [table])
    for step in (2, 3, 4):
        writer.write("step_logged", step, loss=0.25)
    writer.close()
    assert rows(run.path / "loss.csv") == [(4, 0.25)]
