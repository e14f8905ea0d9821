"""What the live chart sends to its views, and when."""

import json
import random
import threading

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.figures import describe_mark
from workbench.runs import EventWriter, RunFolder, RunState, live_commands
from workbench.runs.lock import writer_lock
from workbench.spec import RunSpec
from workbench.widgets import live, points
from workbench.widgets.live import LiveChart, static_record
from workbench.widgets.points import STEP_COLUMNS
from workbench.widgets.words import describe_state


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "a-run"
    folder.mkdir()
    return RunFolder(folder)


@pytest.fixture
def writer(run):
    writer = EventWriter(run.events_path)
    yield writer
    writer.close()


@pytest.fixture
def chart(run, monkeypatch):
    """Return a chart with a view, and note what it sends: `chart.sent`."""
    chart = LiveChart(run, language="en")
    note_messages(chart, monkeypatch)
    chart._received(chart, {"kind": "sync"}, [])
    chart.sent.clear()
    return chart


def note_messages(chart, monkeypatch):
    chart.sent = []
    monkeypatch.setattr(
        chart, "send", lambda content, buffers=(): chart.sent.append((content, list(buffers)))
    )


def log(writer, step, loss, **values):
    writer.write(
        "step_logged",
        step,
        **{"epoch": 0.0, "loss": loss, "learning_rate": 1e-5, "rows_per_second": 20.0} | values,
    )


def start(writer, total_steps=100):
    writer.write("run_started", 0, total_steps=total_steps, time="", device="cpu")


class View:
    """What a browser makes of the messages: tables of columns, as static/live/store.js does."""

    def __init__(self):
        self.tables, self.columns, self.marks, self.state, self.lacks = {}, {}, [], {}, False

    def take(self, messages):
        for content, buffers in messages:
            if content["kind"] != "points":
                continue
            self.state = content["state"]
            self.marks[content["marks_at"] :] = content["marks"]
            for part, buffer in zip(content["parts"], buffers, strict=True):
                self._take(part, buffer)
        return self

    def _take(self, part, buffer):
        key = part["run"], part["table"]
        if part["held"] == 0:
            self.columns[key] = part["columns"]
            self.tables[key] = np.empty((0, len(part["columns"])))
        self.lacks |= part["held"] != len(self.tables[key])
        rows = np.frombuffer(buffer).reshape(len(self.columns[key]), -1).T
        self.tables[key] = np.vstack([self.tables[key], rows])

    def column(self, name, table="steps", run=0):
        key = run, table
        return self.tables[key][:, self.columns[key].index(name)].tolist()


def test_only_new_points_are_sent(chart, writer):
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    log(writer, 2, 0.6)
    log(writer, 3, 0.5)
    chart.update()
    first, second = chart.sent
    assert [part["held"] for part in first[0]["parts"]] == [0]
    assert [part["held"] for part in second[0]["parts"]] == [1]
    view = View().take(chart.sent)
    assert view.column("step") == [1, 2, 3]
    assert view.column("loss") == [0.7, 0.6, 0.5]
    assert len(second[1][0]) == 2 * 8 * len(STEP_COLUMNS)


def test_ten_new_points_are_one_message_of_less_than_two_kilobytes(chart, writer):
    start(writer)
    for step in range(1, 100):
        log(writer, step, 0.5, grad_norm=1.0, rows=step, memory_bytes=10**9)
    chart.update()
    chart.sent.clear()
    for step in range(100, 110):
        log(writer, step, 0.5, grad_norm=1.0, rows=step, memory_bytes=10**9)
    chart.update()
    ((content, buffers),) = chart.sent
    size = len(json.dumps(content)) + sum(len(buffer) for buffer in buffers)
    assert View().take([(content | {"parts": []}, [])]).state["step"] == 109
    assert size < 2000


def test_nothing_new_sends_nothing(chart, writer):
    start(writer)
    chart.update()
    chart.update()
    assert len(chart.sent) == 1


def test_nothing_is_sent_before_somebody_looks(run, writer, monkeypatch):
    chart = LiveChart(run, language="en")
    note_messages(chart, monkeypatch)
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    assert chart.sent == []
    chart._received(chart, {"kind": "sync"}, [])
    assert View().take(chart.sent).column("loss") == [0.7]


def test_evaluations_go_to_a_table_with_a_column_for_each_score(chart, writer):
    start(writer)
    writer.write("evaluated", 5, epoch=0.1, metrics={"loss": 0.4, "f1_macro": 0.9}, best=True)
    chart.update()
    writer.write("evaluated", 9, epoch=0.2, metrics={"own_score": 3, "f1_macro": 0.95}, best=False)
    chart.update()
    writer.write("evaluated", 12, epoch=0.2, metrics={"f1_macro": 0.97}, best=False)
    chart.update()
    view = View().take(chart.sent)
    assert view.column("step", "evaluations") == [5, 9, 12]
    assert view.column("f1_macro", "evaluations") == [0.9, 0.95, 0.97]
    assert view.column("own_score", "evaluations")[1] == 3
    # A score that comes up later has the whole table sent again, and nothing but the table.
    assert [part["held"] for part in chart.sent[1][0]["parts"]] == [0]
    assert [part["held"] for part in chart.sent[2][0]["parts"]] == [2]


def test_a_view_that_missed_points_is_sent_all_of_them(chart, writer):
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    log(writer, 2, 0.6)
    chart.update()
    late = View()
    late.tables[0, "steps"], late.columns[0, "steps"] = np.empty((0, 12)), STEP_COLUMNS
    assert late.take(chart.sent[1:]).lacks
    chart._received(chart, {"kind": "sync"}, [])
    assert View().take(chart.sent[-1:]).column("loss") == [0.7, 0.6]


def test_a_view_of_a_run_without_events_is_answered(chart):
    chart._received(chart, {"kind": "sync"}, [])
    view = View().take(chart.sent)
    assert view.state["text"] == "Waiting for the first step …"
    assert view.column("step") == []


def test_a_loss_that_is_no_number_is_a_gap_not_an_error(chart, writer):
    start(writer)
    log(writer, 1, float("nan"))
    chart.update()
    view = View().take(chart.sent)
    assert view.column("step") == [1]
    assert np.isnan(view.column("loss")[0])


def test_a_log_of_an_older_version_has_no_rows_and_no_memory(chart, writer):
    start(writer)
    log(writer, 1, 0.5)
    chart.update()
    view = View().take(chart.sent)
    assert np.isnan(view.column("rows")[0])
    assert np.isnan(view.column("memory_bytes")[0])


def test_steps_logged_again_after_a_break_are_sent_anew(chart, run, writer):
    start(writer)
    for step in range(1, 6):
        log(writer, step, 1.0)
    chart.update()
    with run.events_path.open("a") as file:  # as older versions did
        for step in range(3, 7):
            event = {"event": "step_logged", "seq": 10 + step, "step": step, "wall_seconds": 1}
            file.write(json.dumps(event | {"loss": 0.5}) + "\n")
    chart.update()
    view = View().take(chart.sent)
    assert view.column("step") == [1, 2, 3, 4, 5, 6]
    assert view.column("loss") == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5]


def test_acts_checkpoints_and_breaks_are_marked_in_words(chart, writer):
    start(writer)
    log(writer, 1, 0.5)
    chart.update()
    act = {"total_steps": 100, "request": 1}
    writer.write("steered", 5, knob="learning_rate", old=5e-5, new=1e-5, who="anna", **act)
    writer.write("steered", 5, knob="paused", old=False, new=True, who="<b>bo</b>", **act)
    writer.write("checkpoint_saved", 6, path="checkpoints/step-000006", best=True)
    chart.update()
    writer.write("run_started", 6, total_steps=100, time="", device="cpu", resumed_from=6)
    chart.update()
    view = View().take(chart.sent)
    assert [(mark["kind"], mark["step"], mark["text"]) for mark in view.marks] == [
        ("act", 5, "learning_rate 5e-05 → 1e-05, by anna, after step 5"),
        ("act", 5, "Paused, by <b>bo</b>, after step 5"),
        ("checkpoint", 6, "Checkpoint at step 6, the best so far"),
        ("break", 6, "Resumed from step 6"),
    ]
    assert [len(content["marks"]) for content, _ in chart.sent] == [0, 3, 1]


def test_every_act_has_words_in_both_languages():
    for language in ("en", "zh"):
        for name in live_commands():
            for new in (True, False):
                event = {"knob": name, "old": None, "new": new, "who": "", "step": 3}
                assert "{" not in describe_mark("act", event, language)


def test_the_state_line_says_step_speed_and_best(chart, writer):
    start(writer)
    writer.write("evaluated", 7, epoch=0.1, metrics={"loss": 0.4}, best=True)
    log(writer, 8, 0.5)
    chart.update()
    state = View().take(chart.sent).state
    assert state["text"] == "Running · step 8 of 100 · 20 rows/s · best at step 7"
    assert (state["step"], state["total"], state["best_step"]) == (8, 100, 7)


def test_the_state_line_estimates_the_time_left(monkeypatch):
    state = RunState(status="running", total_steps=9)
    monkeypatch.setattr(RunState, "seconds_left", lambda _: 3725)
    assert "1 h 2 min left" in describe_state(state, "en")["text"]
    monkeypatch.setattr(RunState, "seconds_left", lambda _: 75)
    assert "1 min 15 s left" in describe_state(state, "en")["text"]


def test_a_paused_run_says_so_and_keeps_its_time_left(chart, writer):
    start(writer)
    log(writer, 1, 0.5)
    log(writer, 2, 0.5)
    writer.write("steered", 2, knob="paused", old=False, new=True, who="a", total_steps=100)
    chart.update()
    state = View().take(chart.sent).state
    assert state["status"] == "paused"
    assert state["text"].startswith("Paused · step 2 of 100 · ")
    assert "left" in state["text"]


def test_a_run_that_nobody_writes_any_more_is_interrupted_until_it_goes_on(
    chart, run, writer, monkeypatch
):
    start(writer)
    log(writer, 1, 0.5)
    chart.update()
    monkeypatch.setattr(live, "SILENT_SECONDS", 0)
    with writer_lock(run):
        chart.update()
    assert len(chart.sent) == 1
    chart.update()
    assert View().take(chart.sent).state["status"] == "interrupted"
    chart.update()
    assert len(chart.sent) == 2
    log(writer, 2, 0.5)
    chart.update()
    assert View().take(chart.sent).state["status"] == "running"


def test_a_failed_run_says_why(chart, writer):
    start(writer)
    writer.write("run_failed", 3, what="no memory", remedy="take a smaller batch")
    chart.update()
    assert chart.ended
    text = View().take(chart.sent).state["text"]
    assert text.startswith("Failed: no memory; take a smaller batch")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_of_a_run_has_words_in_both_languages(language):
    words = set()
    for status in (
        "new", "running", "paused", "finished", "early_stopped", "stopped", "discarded", "failed",
    ):  # fmt: skip
        words.add(describe_state(RunState(status=status), language)["text"])
    words.add(describe_state(RunState(status="running"), language, interrupted=True)["text"])
    assert len(words) == 9


def test_a_long_log_is_sent_by_its_extremes_with_true_means(run, writer, monkeypatch):
    monkeypatch.setattr(points, "MOST_HELD", 500)
    monkeypatch.setattr(points, "STRETCHES", 20)
    rng = random.Random(0)
    losses = [rng.random() for _ in range(3000)]
    losses[1234], losses[2345] = 9.0, float("nan")
    state = RunState().fold(
        {"event": "step_logged", "seq": n, "step": n + 1, "wall_seconds": n, "loss": loss}
        for n, loss in enumerate(losses)
    )
    rows = points.all_steps(state.steps)
    table = dict(zip(STEP_COLUMNS, rows.T, strict=True))
    assert len(rows) < 500
    assert (table["step"][0], table["step"][-1]) == (1, 3000)
    assert 9.0 in table["loss"]
    assert 2346 in table["step"]
    weights = np.diff(np.concatenate(([-1], table["index"])))
    weights[table["step"] == 2346] -= 1  # no number there
    finite = np.isfinite(table["mean loss"])
    total = (weights * table["mean loss"])[finite].sum()
    assert total == pytest.approx(np.nansum(losses))


def test_a_chart_watched_for_long_holds_no_more_than_it_can_draw(chart, writer, monkeypatch):
    for module in (live, points):
        monkeypatch.setattr(module, "MOST_HELD", 300)
    monkeypatch.setattr(points, "STRETCHES", 10)
    start(writer, 1000)
    for step in range(1, 1000):
        log(writer, step, 1 / step)
        if step % 50 == 0:
            chart.update()
    view = View().take(chart.sent)
    assert not view.lacks
    assert len(view.column("step")) <= 300
    assert view.column("step") == sorted(set(view.column("step")))


def test_a_stretch_zoomed_into_is_sent_when_asked_for(chart, writer):
    start(writer)
    for step in range(1, 100):
        log(writer, step, 1 / step)
    chart.update()
    chart._received(chart, {"kind": "detail", "run": 0, "first": 9.5, "last": 12}, [])
    content, (buffer,) = chart.sent[-1]
    assert (content["kind"], content["first"], content["last"]) == ("detail", 9.5, 12)
    rows = np.frombuffer(buffer).reshape(len(STEP_COLUMNS), -1)
    assert rows[STEP_COLUMNS.index("step")].tolist() == [10, 11, 12]


def test_the_runs_behind_have_tables_of_their_own(run, writer, tmp_path, monkeypatch):
    (tmp_path / "parent").mkdir()
    parent = EventWriter(tmp_path / "parent" / "events.jsonl")
    start(parent)
    log(parent, 1, 0.9)
    chart = LiveChart(run, language="en", behind=[RunFolder(tmp_path / "parent")])
    note_messages(chart, monkeypatch)
    start(writer)
    log(writer, 2, 0.7)
    chart.update()
    chart._received(chart, {"kind": "sync"}, [])
    log(parent, 2, 0.8)
    chart.update()
    view = View().take(chart.sent)
    assert chart.run_names == ["a-run", "parent"]
    assert view.column("loss", run=0) == [0.7]
    assert view.column("loss", run=1) == [0.9, 0.8]
    parent.close()


@pytest.fixture
def forked(run, monkeypatch):
    """Return a chart with a way to fork, and note what is asked for: `chart.asked`."""
    asked = []

    def fork(step, changes):
        asked.append((step, changes))
        RunSpec().replace(changes)
        if step == 7:
            raise InputError("there is no good checkpoint", "wait for one")

    run.write_spec(RunSpec().replace({"train.learning_rate": 5e-5}), {})
    chart = LiveChart(run, language="en", on_fork=fork)
    note_messages(chart, monkeypatch)
    chart.asked = asked
    return chart


def save_progress(run, step, **values):
    folder = run.checkpoint_path(step)
    folder.mkdir(parents=True)
    (folder / "progress.json").write_text(
        json.dumps({"step": step, "hyperparameters": values}), "utf-8"
    )


def picked(chart, step):
    """Return what the chart offers at a step: where from, and the fields' entries."""
    chart._received(chart, {"kind": "pick", "step": step}, [])
    offer, _ = chart.sent[-1]
    assert (offer["kind"], offer["step"]) == ("offer", step)
    return offer["at"], {field["name"]: field["entry"] for field in offer["fields"]}


def test_a_picked_step_offers_the_checkpoint_before_it_with_the_knobs_as_they_were(forked, run):
    assert picked(forked, 30) == (30, {"learning_rate": "5e-5", "weight_decay": "0.01"})
    save_progress(run, 20, learning_rate=5e-5, weight_decay=0.01)
    save_progress(run, 40, learning_rate=2e-5, weight_decay=0.1)
    assert picked(forked, 30) == (20, {"learning_rate": "5e-5", "weight_decay": "0.01"})
    assert picked(forked, 41) == (40, {"learning_rate": "2e-5", "weight_decay": "0.1"})
    assert picked(forked, 3) == (20, {"learning_rate": "5e-5", "weight_decay": "0.01"})


def test_a_fork_is_asked_for_with_its_step_and_changes_and_a_refusal_is_reported(forked):
    for step, changes in (
        (5, {}),
        (6, {"learning_rate": "1e-5", "weight_decay": "0"}),
        (6, {"learning_rate": "fast", "weight_decay": "7"}),
        (7, {}),
    ):
        forked._received(forked, {"kind": "fork", "step": step, "changes": changes}, [])
    assert forked.asked == [
        (5, {}),
        (6, {"train.learning_rate": 1e-5, "train.weight_decay": 0.0}),
        (6, {"train.learning_rate": "fast", "train.weight_decay": 7.0}),
        (7, {}),
    ]
    faults = [content["fault"] for content, _ in forked.sent]
    assert faults[:2] == ["", ""]
    assert "train.learning_rate: 'fast'" in faults[2]
    assert "train.weight_decay: 7" in faults[2]
    assert faults[3] == str(InputError("there is no good checkpoint", "wait for one"))
    assert forked.can_fork


def test_without_a_way_to_fork_none_is_offered(chart):
    assert not chart.can_fork
    chart._received(chart, {"kind": "pick", "step": 5}, [])
    chart._received(chart, {"kind": "fork", "step": 5, "changes": {}}, [])
    assert chart.sent == []


def test_the_thread_ends_with_the_run_and_says_so_once(chart, writer):
    ended = []
    thread = chart.start(on_end=lambda: ended.append(threading.current_thread()))
    start(writer)
    log(writer, 1, 0.5)
    writer.write("run_ended", 1, reason="finished", best_step=0, seconds=1)
    thread.join(10)
    assert ended == [thread]
    assert View().take(chart.sent).column("loss") == [0.5]


def test_a_closed_chart_stops_watching_without_a_word(chart):
    ended = []
    thread = chart.start(on_end=lambda: ended.append(True))
    chart.close()
    thread.join(10)
    assert not thread.is_alive()
    assert ended == []


def test_the_traits_stay_small_however_long_the_run(chart, writer):
    start(writer, 2000)
    before = len(str(chart.get_state(["labels", "run_names", "can_fork"])))
    for step in range(1, 300):
        log(writer, step, 1 / step)
    chart.update()
    assert len(str(chart.get_state(["labels", "run_names", "can_fork"]))) == before


def test_the_record_left_behind_needs_no_widget(run, writer):
    start(writer)
    log(writer, 1, 0.5)
    record = static_record(run)
    assert "application/vnd.jupyter.widget-view+json" not in record
    assert record["image/svg+xml"].startswith("<svg")


def test_a_slow_run_is_reported_with_its_speed_and_not_with_none(chart, writer):
    start(writer, 100)
    writer.write("step_logged", 8, loss=0.5, learning_rate=1e-4, rows_per_second=0.3412)
    chart.update()
    assert "0.34 rows/s" in View().take(chart.sent).state["text"]
