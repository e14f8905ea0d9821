"""Which place of a cell's output a run is shown in, and what becomes of the one shown before."""

import time

import pytest

from workbench.runs import EventWriter, RunFolder
from workbench.runs.lock import writer_lock
from workbench.runs.summary import announce
from workbench.spec import RunSpec
from workbench.widgets import outputs as module
from workbench.widgets.live import LiveChart
from workbench.widgets.outputs import RunOutputs
from workbench.widgets.steering import SteeringPanel


class Handle:
    """A display handle; `shown` is what stands in its place of the output."""

    def __init__(self):
        self.shown = None

    def update(self, shown, raw=False):
        self.shown = shown

    @property
    def kind(self):
        if isinstance(self.shown, dict):
            return "record" if "application/vnd.plotly.v1+json" in self.shown else "nothing"
        return type(self.shown).__name__


class Written:
    """A run that is being written, until it is ended or made to fail."""

    def __init__(self, path):
        path.mkdir()
        self.folder = RunFolder(path)
        self.folder.write_spec(RunSpec(), {})
        self._lock = writer_lock(self.folder)
        self._lock.__enter__()
        self._writer = EventWriter(self.folder.events_path)
        self._writer.write("run_started", 0, total_steps=9, time="", device="cpu")
        self._writer.write("step_logged", 1, loss=0.5, learning_rate=1e-4)
        self.over = False

    def end(self, event="run_ended", **values):
        if not self.over:
            self.over = True
            values = values or {"reason": "finished", "best_step": 0, "seconds": 1}
            self._writer.write(event, 1, **values)
            self._writer.close()
            self._lock.__exit__(None, None, None)

    def fail(self):
        self.end("run_failed", what="no memory", remedy="")


@pytest.fixture
def handles(monkeypatch):
    """Return the handles of the places made, two for each: curves and controls."""
    made = []

    def display(*_, **__):
        made.append(Handle())
        return made[-1]

    monkeypatch.setattr(module, "make_place", display)
    return made


@pytest.fixture
def start_run(tmp_path):
    """Return a function that starts a run that goes on until it is ended."""
    started = []

    def start(name):
        started.append(Written(tmp_path / name))
        return started[-1]

    yield start
    for run in started:
        run.end()


def wait_for(met):
    deadline = time.monotonic() + 10
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def names(handles):
    """Return what the places show: the runs of live charts, and kinds of what else is there."""
    return [h.shown._run.name if h.kind == "LiveChart" else h.kind for h in handles[::2]]


def test_a_run_has_curves_and_controls_until_it_is_over(handles, start_run):
    run, over = start_run("one"), []
    RunOutputs(2).show().fill(run.folder, lambda: over.append(run))
    assert [handle.kind for handle in handles] == [
        "LiveChart", "SteeringPanel", "NoneType", "NoneType",
    ]  # fmt: skip
    run.end()
    wait_for(lambda: over)
    assert [handle.kind for handle in handles[:2]] == ["record", "nothing"]


def test_a_run_too_many_takes_the_place_of_one_that_is_over(handles, start_run):
    outputs = RunOutputs(3).show()
    first, second, third = (start_run(name) for name in ("first", "second", "third"))
    for run in (first, second, third):
        outputs.fill(run.folder)
    second.end()
    wait_for(lambda: names(handles) == ["first", "record", "third"])
    outputs.fill(start_run("fourth").folder)
    assert names(handles) == ["first", "fourth", "third"]


def test_what_was_shown_in_a_place_before_is_closed_and_never_comes_back(handles, start_run):
    outputs = RunOutputs(2).show()
    root, fork, fork_of_fork = (start_run(name) for name in ("root", "fork", "fork-of-fork"))
    outputs.fill(root.folder, lambda: None)  # what waits for a run's end is kept longest
    outputs.fill(fork.folder, parent=root.folder)
    chart, panel = handles[2].shown, handles[3].shown
    assert isinstance(chart, LiveChart)
    assert isinstance(panel, SteeringPanel)
    outputs.fill(fork_of_fork.folder, parent=root.folder)
    assert names(handles) == ["root", "fork-of-fork"]
    assert chart.closed
    assert chart.comm is None
    assert panel.comm is None
    # The older run ends later: its record must not cover the newer chart.
    fork.end()
    time.sleep(1.2)
    assert names(handles) == ["root", "fork-of-fork"]
    assert handles[3].kind == "SteeringPanel"
    assert handles[3].shown._run.name == "fork-of-fork"


def test_the_parent_of_a_fork_keeps_its_place(handles, start_run):
    outputs = RunOutputs(2).show()
    parent, other = start_run("parent"), start_run("other")
    outputs.fill(parent.folder)
    outputs.fill(other.folder)
    outputs.fill(start_run("child").folder, parent=parent.folder)
    assert names(handles) == ["parent", "child"]


def test_a_run_that_is_shown_already_keeps_its_place(handles, start_run):
    outputs = RunOutputs(3).show()
    run, other = start_run("one"), start_run("other")
    outputs.fill(run.folder)
    outputs.fill(other.folder)
    outputs.fill(RunFolder(run.folder.path))
    assert names(handles) == ["one", "other", "NoneType"]
    assert not handles[0].shown.closed


def test_a_failed_run_keeps_its_button_and_is_watched_again_when_it_is_resumed(
    handles, start_run, monkeypatch
):
    run = start_run("one")
    RunOutputs(1).show().fill(run.folder)
    panel = handles[1].shown
    run.fail()
    wait_for(lambda: handles[0].kind == "record")
    panel.update()
    assert panel.shown["resumable"]
    taken_up = writer_lock(run.folder)

    def resume(folder):
        taken_up.__enter__()
        announce(folder)

    monkeypatch.setattr(module.worker, "resume", resume)
    panel._received(panel, {"kind": "resume"}, [])
    assert names(handles) == ["one"]
    assert handles[1].shown is panel
    writer = EventWriter(run.folder.events_path)
    writer.write("run_started", 1, total_steps=9, time="", device="cpu", resumed_from=1)
    writer.write("run_ended", 2, reason="finished", best_step=0, seconds=1)
    writer.close()
    taken_up.__exit__(None, None, None)
    wait_for(lambda: [handle.kind for handle in handles] == ["record", "nothing"])
