import json
import threading

import pytest

from workbench.errors import RunError
from workbench.runs import EventWriter, RunFolder, ask
from workbench.runs.control import live_commands
from workbench.runs.lock import writer_lock
from workbench.runs.summary import announce
from workbench.spec import RunSpec
from workbench.widgets.hyperparameters import slider_stops
from workbench.widgets.steering import SteeringPanel


@pytest.fixture
def run(tmp_path):
    """Return a run that this process writes."""
    folder = RunFolder(tmp_path / "a-run")
    folder.path.mkdir()
    folder.write_spec(RunSpec().replace({"learning_rate": 5e-3, "weight_decay": 0.01}), {})
    with writer_lock(folder):
        yield folder


@pytest.fixture
def writer(run):
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=100, time="", device="cpu")
    yield writer
    writer.close()


@pytest.fixture
def panel(run, writer):
    return open_panel(run)


def open_panel(run, language="en", on_resume=None):
    """Return a panel that notes what it answers: `panel.answers`."""
    panel = SteeringPanel(run, language, on_resume)
    panel.answers = []
    panel.send = lambda content, buffers=None: panel.answers.append(content)
    return panel


def press(panel, act, value=True, kind="ask"):
    """Do what a button of the browser does; return the fault that is answered."""
    panel._received(panel, {"kind": kind, "act": act, "value": value}, [])
    assert panel.answers[-1]["act"] == act
    return panel.answers[-1]["fault"]


def requests(run):
    if not run.control_path.exists():
        return []
    lines = [json.loads(line) for line in run.control_path.read_text("utf-8").splitlines()]
    return [(line["act"], line["value"]) for line in lines]


def steered(writer, step, knob, old, new, request=None, who="ada@desk"):
    writer.write(
        "steered", step, knob=knob, old=old, new=new, who=who, total_steps=100, request=request
    )


def note(panel, knob):
    return panel.shown["values"][knob]["note"]


def test_every_button_and_knob_leads_to_its_line_in_the_control_file(panel, run):
    asked = [
        ("paused", True), ("evaluate", True), ("checkpoint", True), ("rollback", True),
        ("stop", "keep"), ("stop", "discard"), ("probe", " a sentence "),
        ("learning_rate", "1e-3"), ("num_train_epochs", "3"), ("eval_steps", "50"),
        ("dropout", "0.2"),
    ]  # fmt: skip
    assert [press(panel, act, value) for act, value in asked] == [""] * len(asked)
    assert requests(run) == [
        *asked[:6],
        ("probe", "a sentence"),
        ("learning_rate", 1e-3), ("num_train_epochs", 3.0), ("eval_steps", 50), ("dropout", 0.2),
    ]  # fmt: skip


def test_what_does_not_fit_is_answered_with_its_fault_and_not_asked(panel, run):
    assert press(panel, "learning_rate", "7") == (
        "learning_rate: 7 does not fit; choose at most 0.1"
    )
    assert press(panel, "eval_steps", "soon").startswith("eval_steps: 'soon' does not fit")
    assert press(panel, "nonsense").startswith("'nonsense' cannot be changed during training")
    assert press(panel, "paused", "yes").startswith("paused: 'yes' does not fit")
    assert requests(run) == []


def test_a_folder_that_cannot_be_written_is_a_fault_not_a_crash(panel, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "control.jsonl")

    monkeypatch.setattr("workbench.widgets.steering.ask", refuse)
    assert press(panel, "paused") == "[Errno 13] Permission denied: 'control.jsonl'"


def test_a_knob_shows_the_spec_then_what_was_asked_then_since_when_it_is_in_force(panel, writer):
    assert panel.shown["values"]["learning_rate"] == {"entry": "0.005", "note": ""}
    press(panel, "learning_rate", "1e-3")
    assert panel.shown["values"]["learning_rate"]["entry"] == "0.001"
    assert note(panel, "learning_rate").endswith("; applies at the next step")
    steered(writer, 1200, "learning_rate", 5e-3, 1e-3, request=1)
    panel.update()
    assert panel.shown["values"]["learning_rate"] == {
        "entry": "0.001",
        "note": "Active since step 1,200 (was 0.005, changed by ada@desk)",
    }


def test_dropout_is_the_models_own_until_it_is_moved(panel, writer):
    assert panel.shown["values"]["dropout"] == {"entry": "", "note": "Set by the model"}
    steered(writer, 3, "dropout", 0.1, 0.2)
    panel.update()
    assert panel.shown["values"]["dropout"]["entry"] == "0.2"
    assert "was 0.1" in note(panel, "dropout")


def test_what_others_ask_is_shown_too_and_only_until_it_is_done(panel, run, writer):
    ask(run, "weight_decay", 0.1, who="grace@lab")
    ask(run, "evaluate", True, who="grace@lab")
    panel.update()
    assert note(panel, "weight_decay") == "Requested by grace@lab; applies at the next step"
    assert panel.shown["asked"] == ["evaluate"]
    assert panel.shown["news"] == (
        "Requested, applies before the next step: evaluation, by grace@lab"
    )
    steered(writer, 7, "weight_decay", 0.01, 0.1, request=1)
    steered(writer, 7, "evaluate", None, True, request=2, who="grace@lab")
    panel.update()
    assert panel.shown["asked"] == []
    assert panel.shown["news"] == "Step 7: evaluation, by grace@lab"


def test_the_pause_button_follows_the_events_not_the_click(panel, writer):
    press(panel, "paused", True)
    assert (panel.shown["phase"], panel.shown["asked"]) == ("running", ["paused"])
    steered(writer, 4, "paused", False, True, request=1)
    panel.update()
    assert (panel.shown["words"], panel.shown["paused"]) == ("Paused", True)
    steered(writer, 4, "paused", True, False, request=2)
    panel.update()
    assert (panel.shown["words"], panel.shown["paused"]) == ("Running", False)


def test_a_rollback_without_a_best_checkpoint_says_so(panel, writer):
    steered(writer, 4, "rollback", None, None)
    panel.update()
    assert panel.shown["news"] == "Step 4: there is no best checkpoint to restore yet"


def test_a_run_reported_to_stop_takes_no_more_requests_and_one_that_ended_is_at_rest(
    panel, run, writer
):
    steered(writer, 9, "stop", None, "keep", request=1)
    assert press(panel, "paused") == "a-run is not training, so nothing can be changed"
    assert panel.shown["words"] == "Stopping …"
    writer.write("run_ended", 9, reason="stopped", best_step=5, seconds=1)
    panel.update()
    assert panel.ended
    assert panel.shown["words"] == "Stopped; the best model is kept"
    assert (panel.shown["steerable"], panel.shown["resumable"]) == (False, False)
    assert press(panel, "learning_rate", "1e-3") != ""
    assert requests(run) == []


def test_what_was_asked_too_late_no_longer_waits_once_the_run_has_ended(panel, writer):
    press(panel, "evaluate")
    writer.write("run_ended", 9, reason="finished", best_step=5, seconds=1)
    panel.update()
    assert panel.shown["asked"] == []


def test_a_run_that_nobody_writes_can_only_be_resumed(tmp_path):
    run = RunFolder(tmp_path / "dead")
    run.path.mkdir()
    run.write_spec(RunSpec(), {})
    with writer_lock(run):
        writer = EventWriter(run.events_path)
        writer.write("run_started", 0, total_steps=100, time="", device="cpu")
        writer.write("step_logged", 1, loss=1.0, learning_rate=1e-4)
        writer.close()
    panel = open_panel(run, on_resume=announce)
    assert (panel.shown["phase"], panel.shown["resumable"]) == ("interrupted", True)
    assert press(panel, "paused") != ""
    with writer_lock(run):
        assert press(panel, "resume", kind="resume") == ""
        assert panel.shown["phase"] == "new"
        writer = EventWriter(run.events_path)
        writer.write("run_started", 1, total_steps=100, time="", device="cpu", resumed_from=0)
        writer.close()
        panel.update()
        assert panel.shown["phase"] == "running"
    assert not open_panel(run).shown["resumable"]


def test_a_resume_that_is_refused_says_why(tmp_path):
    run = RunFolder(tmp_path / "dead")
    run.path.mkdir()
    run.write_spec(RunSpec(), {})
    EventWriter(run.events_path).write("run_failed", 3, what="no memory", remedy="a smaller batch")

    def refuse(run):
        raise RunError("it is being written", "wait")

    panel = open_panel(run, on_resume=refuse)
    assert panel.shown["words"] == "Failed: no memory; a smaller batch"
    assert press(panel, "resume", kind="resume") == "it is being written; wait"
    assert panel.shown["phase"] == "failed"


def test_an_alert_offers_its_act_until_it_is_dismissed(panel, writer):
    writer.write("evaluated", 4, epoch=0.1, metrics={"loss": 0.5}, best=True)
    writer.write("step_logged", 5, loss=float("nan"), learning_rate=1e-4)
    writer.write("evaluated", 5, epoch=0.1, metrics={"loss": float("nan")}, best=False)
    panel.update()
    alert = panel.shown["alert"]
    assert alert["words"].startswith("The training loss has not been a finite number since step 5.")
    assert (alert["act"], alert["value"], alert["do"]) == (
        "rollback",
        True,
        "Restore best checkpoint",
    )
    press(panel, "dismiss", kind="dismiss")
    assert panel.shown["alert"] is None


def test_alerts_are_looked_for_at_evaluations_and_every_fifty_steps(panel, writer, monkeypatch):
    looks = []
    monkeypatch.setattr(
        "workbench.widgets.steering.find_alerts", lambda state: looks.append(state.step) or []
    )
    for step in range(1, 101):
        writer.write("step_logged", step, loss=1.0, learning_rate=1e-4)
        if step == 30:
            writer.write("evaluated", 30, epoch=0.1, metrics={"loss": 0.5}, best=True)
        panel.update()
    assert looks == [30, 50, 100]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No effect here: text-regression does not use it"),
        ("zh", "在此不起作用：text-regression 用不到它"),
    ],
)
def test_a_knob_without_effect_is_shown_with_the_reason_and_asks_for_nothing(
    run, writer, language, said
):
    panel = open_panel(run, language)
    assert panel.shown["useless"] == []
    useless = {"label_smoothing_factor": "text-regression", "dropout": "mamba"}
    run.write_spec(run.spec(), {"unused_hyperparameters": useless})
    panel.update()  # the record is written once the run has its model
    values = panel.shown["values"]
    assert panel.shown["useless"] == list(useless)
    assert values["label_smoothing_factor"] == {"entry": "0", "note": said}
    assert "mamba" in values["dropout"]["note"]
    assert press(panel, "label_smoothing_factor", "0.1") != ""
    assert requests(run) == []
    assert open_panel(run, language).shown["values"] == values


@pytest.mark.parametrize("result", [None, 7, ["dropout"], "dropout", {"nonsense": 3}])
def test_a_record_that_tells_nothing_of_it_disables_nothing(run, writer, result):
    run.write_spec(run.spec(), {"unused_hyperparameters": result})
    assert open_panel(run).shown["useless"] == []


def test_nonsense_in_the_log_breaks_nothing(panel, writer):
    steered(writer, 3, "learning_rate", "x", "y")
    steered(writer, 3, "nonsense", None, None)
    panel.update()
    assert panel.shown["values"]["learning_rate"]["entry"] == "0.005"


def test_the_thread_ends_with_the_run_and_with_the_panel(run, writer, panel):
    thread, other = panel.start(), open_panel(run)
    second = other.start()
    other.close()
    second.join(10)
    writer.write("run_ended", 9, reason="finished", best_step=5, seconds=1)
    thread.join(10)
    assert not thread.is_alive()
    assert not second.is_alive()
    assert panel.shown["words"] == "Finished"


def test_threads_that_press_at_once_lose_no_request(panel, run):
    def press_once(act):
        panel._received(panel, {"kind": "ask", "act": act, "value": True}, [])

    threads = [
        threading.Thread(target=press_once, args=(act,)) for act in ("evaluate", "checkpoint") * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(requests(run)) == 10


def test_the_learning_rate_stands_first_and_sliders_reach_what_is_near(panel):
    assert panel.rows[0]["name"] == "learning_rate"
    assert {row["name"] for row in panel.rows} == {
        name for name, knob in live_commands().items() if knob.type in (int, float)
    }
    assert slider_stops(live_commands()["eval_steps"], 25)[:5] == [0, 1, 2, 5, 10]
    assert slider_stops(live_commands()["eval_steps"], 25)[-1] == 1000
    assert slider_stops(live_commands()["max_grad_norm"], 1.0)[-1] == 10
    assert slider_stops(live_commands()["learning_rate"], 5e-3)[-1] == 0.1
    assert all(len(row["stops"]) <= 150 for row in panel.rows)


def test_the_chinese_panel_speaks_chinese(run, writer):
    panel = open_panel(run, "zh")
    steered(writer, 12, "learning_rate", 5e-3, 1e-3)
    panel.update()
    assert panel.shown["words"] == "训练中"
    assert note(panel, "learning_rate") == "自第 12 步起生效（原为 0.005，由 ada@desk 修改）"
    assert panel.rows[0]["label"] == "学习率"


def test_messages_and_bytes_of_the_panel_are_counted(panel, run, writer, monkeypatch):
    sent = []
    monkeypatch.setattr(panel, "_send", lambda msg, buffers=None: sent.append(len(json.dumps(msg))))
    for step in range(1, 200):
        writer.write("step_logged", step, loss=0.5, learning_rate=5e-3)
        panel.update()
    # A run that nobody steers costs nothing, however often the panel looks.
    assert sent == []
    ask(run, "learning_rate", 1e-3, who="ada@desk")
    panel.update()
    steered(writer, 200, "learning_rate", 5e-3, 1e-3, request=1)
    panel.update()
    panel.update()
    # One message when it is asked for, one when it is done.
    assert len(sent) == 2
    assert max(sent) < 2000


def test_the_panel_counts_no_steps_so_a_long_run_makes_its_messages_no_longer(panel, writer):
    before = len(json.dumps(panel.shown))
    for number in range(300):
        steered(writer, 10 + number, "paused", number % 2 == 1, number % 2 == 0)
    panel.update()
    assert len(json.dumps(panel.shown)) < before + 400
