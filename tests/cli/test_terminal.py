"""Progress in the terminal: what is said of a run while it trains."""

import io
import time

import pytest
from rich.console import Console

from workbench.cli import terminal
from workbench.runs import EventWriter, RunFolder
from workbench.runs.control import FULL_DISK


@pytest.fixture
def writer(tmp_path):
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("run_started", 0, total_steps=10, time="", device="cpu")
    yield writer
    writer.close()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_full_disk_is_reported_with_what_to_do_and_so_is_its_end(
    tmp_path, writer, monkeypatch, is_terminal
):
    heard = io.StringIO()
    screen = Console(file=heard, force_terminal=is_terminal, width=160)
    monkeypatch.setattr(terminal, "console", lambda: screen)

    def wait_for(words):
        deadline = time.monotonic() + 10
        while words not in heard.getvalue():
            assert time.monotonic() < deadline, heard.getvalue()
            time.sleep(0.05)

    with terminal.watching(RunFolder(tmp_path)):
        writer.write("step_logged", 3, loss=0.5, learning_rate=1e-4)
        writer.write("steered", 3, knob="paused", old=False, new=True, who=FULL_DISK)
        wait_for("the disk is full; it goes on once there is room")
        if is_terminal:
            wait_for("paused")
        writer.write("steered", 3, knob="paused", old=True, new=False, who=FULL_DISK)
        if is_terminal:
            wait_for("training")
        else:
            wait_for("step 3  goes on")


def test_a_pause_names_who_asked_for_it(writer, tmp_path):
    act = {"knob": "paused", "new": True, "who": "ada@desk", "step": 7}
    assert terminal.hold_words(act) == "step 7  paused by ada@desk"
