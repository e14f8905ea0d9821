import base64
import struct
import threading

import pytest

from workbench.language import catalogue
from workbench.runs import EventWriter, RunFolder
from workbench.widgets.live import LiveChart, static_record


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
    """Return a chart that notes what it sends: `chart.sent`, as (content, lists of numbers)."""
    chart = LiveChart(run, language="en")
    chart.sent = []
    monkeypatch.setattr(
        chart,
        "send",
        lambda content, buffers: chart.sent.append(
            (content, [list(struct.unpack(f"{len(b) // 8}d", b)) for b in buffers])
        ),
    )
    return chart


def log(writer, step, loss, **values):
    writer.write(
        "step_logged",
        step,
        epoch=0.0,
        loss=loss,
        learning_rate=1e-5,
        rows_per_second=20.0,
        **values,
    )


def start(writer, total_steps=100):
    writer.write("run_started", 0, total_steps=total_steps, time="", device="cpu")


def parts(message):
    content, numbers = message
    return {
        part["series"]: (part["at"], n) for part, n in zip(content["parts"], numbers, strict=True)
    }


def test_only_new_points_are_sent_with_the_index_they_begin_at(chart, writer):
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    log(writer, 2, 0.6)
    log(writer, 3, 0.5)
    chart.update()
    assert parts(chart.sent[0])["train_loss"] == (0, [1, 0.7])
    assert parts(chart.sent[1])["train_loss"] == (1, [2, 0.6, 3, 0.5])
    assert len(chart.sent) == 2


def test_nothing_new_sends_nothing(chart, writer):
    start(writer)
    chart.update()
    chart.update()
    assert len(chart.sent) == 1


def test_evaluations_go_to_validation_loss_and_metrics(chart, writer):
    start(writer)
    writer.write("evaluated", 5, epoch=0.1, metrics={"loss": 0.4, "f1_macro": 0.9}, best=True)
    writer.write("evaluated", 9, epoch=0.2, metrics={"own_score": 3, "f1_macro": 0.95}, best=False)
    chart.update()
    sent = parts(chart.sent[0])
    assert sent["validation_loss"] == (0, [5, 0.4])
    assert sent["metric:f1_macro"] == (0, [5, 0.9, 9, 0.95])
    labels = {p["series"]: p["label"] for p in chart.sent[0][0]["parts"]}
    assert labels["metric:f1_macro"] == "F1 (macro)"
    assert labels["metric:own_score"] == "own_score"


def test_a_series_that_appears_later_begins_at_nought_and_disturbs_no_other(chart, writer):
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    writer.write("evaluated", 1, epoch=0.1, metrics={"loss": 0.4}, best=True)
    chart.update()
    assert parts(chart.sent[1]) == {"validation_loss": (0, [1, 0.4])}


def test_a_view_that_missed_points_is_sent_all_of_them(chart, writer):
    start(writer)
    log(writer, 1, 0.7)
    chart.update()
    log(writer, 2, 0.6)
    chart.update()
    chart._received(chart, {"kind": "sync"}, [])
    assert parts(chart.sent[-1])["train_loss"] == (0, [1, 0.7, 2, 0.6])


def test_a_view_of_a_run_without_events_is_answered(chart):
    chart._received(chart, {"kind": "sync"}, [])
    assert chart.sent[0][0]["parts"] == []
    assert chart.sent[0][0]["state"]["text"] == "Waiting for the first step …"


def test_a_loss_that_is_no_number_is_a_gap_not_an_error(chart, writer):
    start(writer)
    log(writer, 1, float("nan"))
    chart.update()
    (step, value) = parts(chart.sent[0])["train_loss"][1]
    assert step == 1
    assert value != value


def test_the_state_line_says_step_speed_and_best(chart, writer):
    start(writer)
    writer.write("evaluated", 7, epoch=0.1, metrics={"loss": 0.4}, best=True)
    log(writer, 8, 0.5)
    chart.update()
    state = chart.sent[0][0]["state"]
    assert state["text"] == "Running · step 8 of 100 · 20 rows/s · best at step 7"
    assert (state["step"], state["total"], state["best_step"]) == (8, 100, 7)


def test_the_state_line_estimates_the_time_left(chart, writer, monkeypatch):
    start(writer)
    log(writer, 1, 0.5)
    log(writer, 2, 0.5)
    chart.update()
    monkeypatch.setattr(type(chart._state), "seconds_left", lambda _: 3725)
    assert "1 h 2 min left" in chart._describe_state()["text"]
    monkeypatch.setattr(type(chart._state), "seconds_left", lambda _: 75)
    assert "1 min 15 s left" in chart._describe_state()["text"]


def test_a_failed_run_says_why(chart, writer):
    start(writer)
    writer.write("run_failed", 3, what="no memory", remedy="take a smaller batch")
    chart.update()
    assert chart.ended
    assert chart.sent[0][0]["state"]["text"].startswith("Failed: no memory; take a smaller batch")


def test_every_state_of_a_run_has_words_in_both_languages(run):
    for language in ("en", "zh"):
        for status in ("new", "running", "finished", "early_stopped", "stopped", "failed"):
            assert catalogue(language)[f"live.state.{status}"]
        assert LiveChart(run, language)._describe_state()["text"]


def test_the_thread_ends_with_the_run_and_says_so_once(chart, writer):
    ended = []
    thread = chart.start(on_end=lambda: ended.append(threading.current_thread()))
    start(writer)
    log(writer, 1, 0.5)
    writer.write("run_ended", 1, reason="finished", best_step=0, seconds=1)
    thread.join(10)
    assert ended == [thread]
    assert parts(chart.sent[-1])["train_loss"][1][-1] == 0.5


def test_a_closed_chart_stops_watching_without_a_word(chart):
    ended = []
    thread = chart.start(on_end=lambda: ended.append(True))
    chart.close()
    thread.join(10)
    assert not thread.is_alive()
    assert ended == []


def test_the_traits_stay_small_however_long_the_run(chart, writer):
    start(writer, 2000)
    before = len(str(chart.get_state(["labels", "run_name"])))
    for step in range(1, 300):
        log(writer, step, 1 / step)
    chart.update()
    assert len(str(chart.get_state(["labels", "run_name"]))) == before


def test_the_record_left_behind_needs_no_widget(run, writer):
    start(writer)
    log(writer, 1, 0.5)
    record = static_record(run)
    assert "application/vnd.jupyter.widget-view+json" not in record
    source = record["text/html"].partition("base64,")[2].partition('"')[0]
    assert b"<svg" in base64.b64decode(source)
