"""A run that was killed goes on as if nothing had happened."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline, worker
from workbench.dynamics import read_dynamics
from workbench.errors import RunError
from workbench.runs import EventWriter, RunState, ask
from workbench.runs.lock import is_locked, read_owner, writer_lock
from workbench.runs.summary import summarise
from workbench.training import checkpoints
from workbench.training.prepare import prepare


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the folder of the one model and data set that all these runs share."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def spec(home):
    return tiny_spec(home, **{"train.eval_steps": 7, "output.save_total_limit": 3})


@pytest.fixture(scope="module")
def whole(spec):
    """Return a run that was never interrupted."""
    return pipeline.train(spec)


def fold(run):
    return RunState().fold(run.events())


def losses(run):
    return [(event["step"], event["loss"]) for event in fold(run).steps]


def noted(run):
    """Return the loss of each row in each pass, NaN where one lacks."""
    return read_dynamics(run).loss.tolist()


def interrupted(spec, monkeypatch, after):
    """Return a run whose process died right after the checkpoint of step `after`."""

    class Killed(BaseException):
        pass

    save = checkpoints.save_checkpoint

    def die_after(folder, *arguments):
        save(folder, *arguments)
        if checkpoints.step_of(folder) == after:
            raise Killed

    run, prepared = pipeline.prepare_run(spec)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_checkpoint", die_after)
        with pytest.raises(Killed):
            pipeline.train_prepared(run, prepared)
    return run


def killed_in(whole, run, kills):
    """Train two runs, the second in a process that is killed so many times; return what it says."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-m", "tests.training.killing"]
    command += [str(whole.path), str(run.path), str(kills), "1"]
    answer = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=380, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.skipif(os.name == "nt", reason="forks and SIGKILL are POSIX's")
@pytest.mark.timeout(400)
def test_fifty_kills_at_random_moments_leave_the_run_as_if_it_had_never_stopped(spec):
    long = spec.replace({"train.num_train_epochs": 80, "train.per_device_train_batch_size": 4})
    whole, run = (pipeline.prepare_run(long)[0] for _ in range(2))
    answer = killed_in(whole, run, kills=50)
    places = [line.split() for line in answer.splitlines()]
    assert len(places) == 50
    assert len({step for _, step in places}) > 20, answer  # kills met the steps
    events = list(run.events())
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert fold(run).status == "finished"
    assert [step for step, _ in losses(run)] == list(range(1, fold(whole).total_steps + 1))
    assert losses(run) == losses(whole)
    assert [e["metrics"] for e in fold(run).evaluations] == [
        e["metrics"] for e in fold(whole).evaluations
    ]
    assert run.metrics()["metrics"] == whole.metrics()["metrics"]
    assert noted(run) == noted(whole)  # neither gap nor repeat, or a NaN would be unequal


def test_losses_after_a_resume_equal_those_of_a_run_that_was_not_interrupted(
    spec, whole, monkeypatch
):
    run = interrupted(spec, monkeypatch, after=21)
    assert summarise(run).status == "interrupted"
    pipeline.resume(run)
    assert losses(run) == losses(whole)
    assert noted(run) == noted(whole)
    assert fold(run).status == "finished"
    (first, second) = [event for event in run.events() if event["event"] == "run_started"]
    assert "resumed_from" not in first
    assert second["resumed_from"] == 21


def test_throughput_after_a_resume_counts_only_what_was_done_since(spec, whole, monkeypatch):
    run = interrupted(spec, monkeypatch, after=21)
    pipeline.resume(run)

    def tokens_a_row(folder):
        steps = fold(folder).steps
        return [e["tokens_per_second"] / e["rows_per_second"] for e in steps]

    assert tokens_a_row(run) == pytest.approx(tokens_a_row(whole))


def test_acts_before_and_after_the_checkpoint_hold_after_a_resume(spec, monkeypatch):
    from workbench.training.loop import TrainingLoop

    take_step = TrainingLoop.take_step

    def with_a_person_beside(self):
        take_step(self)
        step = self.step
        if step in rates and not any(a["step"] == step for a in fold(self.run).commands):
            ask(self.run, "learning_rate", rates[step])

    rates = {10: 1e-3, 17: 2e-3, 30: 3e-3}
    monkeypatch.setattr(TrainingLoop, "take_step", with_a_person_beside)
    steered = pipeline.train(spec)
    run = interrupted(spec, monkeypatch, after=21)
    # The process had gone on for some steps, and one more act, before it died.
    writer = EventWriter(run.events_path)
    for event in steered.events():
        if event["event"] in ("step_logged", "evaluated", "steered") and 21 < event["step"] <= 32:
            values = {k: v for k, v in event.items() if k not in ("event", "seq", "step")}
            values.pop("wall_seconds")
            writer.write(event["event"], event["step"], **values)
    writer.close()
    ask(run, "learning_rate", 3e-3)
    pipeline.resume(run)
    assert losses(run) == losses(steered)
    assert [(a["step"], a["new"]) for a in fold(run).commands] == list(rates.items())


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("missing", "model.safetensors is missing"),
        ("truncated", r"optimizer.safetensors has [\d,]+ bytes instead of [\d,]+"),
        ("flipped", "model.safetensors was changed after it was written"),
        ("no manifest", "manifest.json is missing"),
        ("garbage", "cannot be read"),
    ],
)
def test_a_damaged_checkpoint_is_passed_by_for_the_one_before(
    spec, whole, monkeypatch, capfd, damage, fault
):
    run = interrupted(spec, monkeypatch, after=21)
    folder = run.checkpoint_path(21)
    weights = folder / "model.safetensors"
    match damage:
        case "missing":
            weights.unlink()
        case "truncated":
            os.truncate(folder / "optimizer.safetensors", 1000)
        case "flipped":
            content = bytearray(weights.read_bytes())
            content[-1] ^= 1
            weights.write_bytes(content)
        case "no manifest":
            (folder / "manifest.json").unlink()
        case "garbage":
            (folder / "manifest.json").write_text("[]", "utf-8")
    pipeline.resume(run)
    said = capfd.readouterr().err
    assert re.search(rf"passing by the checkpoint step-000021: {fault}", said)
    assert losses(run) == losses(whole)
    starts = [event for event in run.events() if event["event"] == "run_started"]
    assert starts[-1]["resumed_from"] == 14


def test_without_any_checkpoint_a_run_begins_anew_and_repeats_nothing(spec, whole, monkeypatch):
    run = interrupted(spec, monkeypatch, after=14)
    shutil.rmtree(run.checkpoints_path)
    pipeline.resume(run)
    assert losses(run) == losses(whole)


def test_a_run_is_written_by_one_process_at_a_time(spec, monkeypatch):
    run = interrupted(spec, monkeypatch, after=14)
    with writer_lock(run):
        before = run.events_path.read_bytes()
        with pytest.raises(RunError, match=rf"is being written by process {os.getpid()} of "):
            pipeline.resume(run)
        assert run.events_path.read_bytes() == before


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


@contextmanager
def moved_away(place):
    hidden = place.rename(place.with_name("moved away"))
    try:
        yield
    finally:
        hidden.rename(place)


def wait_for(run, condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition(fold(run)) and time.monotonic() < deadline:
        time.sleep(0.05)
    log = run.path / "worker.log"
    assert condition(fold(run)), log.read_text("utf-8") if log.exists() else "no log"


def test_a_started_run_goes_on_in_a_process_of_its_own(spec, whole):
    run = worker.start(spec)
    wait_for(run, lambda state: state.ended)
    assert fold(run).status == "finished"
    assert losses(run) == losses(whole)
    assert read_owner(run).pid != os.getpid()


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX's")
def test_sigterm_writes_a_checkpoint_and_ends_cleanly(home, spec):
    run = worker.start(spec.replace({"train.num_train_epochs": 100, "train.eval_steps": 0}))
    wait_for(run, lambda state: state.step >= 5)
    os.kill(read_owner(run).pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while is_locked(run) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert summarise(run).status == "interrupted"
    newest, faults = checkpoints.latest_valid(run)
    assert checkpoints.step_of(newest) == fold(run).step
    assert not faults
    ask(run, "stop", "keep")
    pipeline.resume(run)
    assert fold(run).status == "stopped"


def test_a_worker_made_ready_takes_the_next_run_with_its_data_and_there_is_one_only(spec, whole):
    prepared = prepare(spec)
    worker.make_ready(prepared)
    (waiting,) = worker._waiting
    worker.make_ready()
    worker.make_ready(replace(prepared, spec=prepared.spec.replace({"train.learning_rate": 1e-5})))
    assert worker._waiting == [waiting]
    process = waiting.process
    wait_until(lambda: waiting._has_prepared)
    data = Path(spec.data.source)
    with moved_away(data):  # so that only what was prepared beforehand can be learned from
        run = worker.start(prepared.spec, prepared)
        wait_for(run, lambda state: state.ended)
    assert read_owner(run).pid == process.pid
    assert losses(run) == losses(whole)
    assert process.wait(timeout=30) == 0


def test_a_worker_that_prepares_other_data_makes_way_and_ends_when_it_is_dismissed(spec):
    prepared = prepare(spec)
    worker.make_ready(prepared)
    (first,) = worker._waiting
    assert first.may_wait()
    worker.make_ready(replace(prepared, spec=prepared.spec.replace({"train.seed": 7})))
    (second,) = worker._waiting
    worker._waiting.clear()
    assert first.process.poll() is not None
    assert second.spec.train.seed == 7
    assert second.may_wait()
    second.dismiss()  # as when the kernel ends: nobody can give it work any more
    assert second.process.wait(timeout=60) == 0


def test_a_worker_that_is_busy_with_other_data_is_not_waited_for(spec):
    run, prepared = pipeline.prepare_run(spec)
    waiting = worker._Waiting()
    waiting.prepare(prepared.spec.replace({"train.seed": 7}))
    assert not waiting.take(run)
    assert waiting.process.poll() is not None


def test_a_worker_that_may_not_wait_is_given_no_run(spec):
    run, _ = pipeline.prepare_run(spec)
    first, second = worker._Waiting(), worker._Waiting()
    try:
        assert [first.may_wait(), second.may_wait()].count(True) == 1
        one_too_many = second if first.may_wait() else first
        assert not one_too_many.take(run)
        assert one_too_many.process.wait(timeout=60) == 0
    finally:
        for waiting in (first, second):
            if waiting.process.poll() is None:
                waiting.dismiss()


def test_what_is_asked_while_steps_are_taken_again_waits_until_the_log_goes_on(spec, monkeypatch):
    """Or the log would keep the losses of steps that then went another way."""
    run = interrupted(spec, monkeypatch, after=21)
    writer = EventWriter(run.events_path)
    (first, _) = two_runs = [run, pipeline.train(spec)]
    for event in two_runs[1].events():
        if event["event"] == "step_logged" and 21 < event["step"] <= 30:
            values = {k: v for k, v in event.items() if k not in ("event", "seq", "step")}
            values.pop("wall_seconds")
            writer.write(event["event"], event["step"], **values)
    writer.close()
    ask(first, "learning_rate", 1e-3)
    pipeline.resume(first)
    (act,) = fold(first).commands
    assert (act["knob"], act["step"]) == ("learning_rate", 30)
    again = pipeline.train(spec.replace({"train.replay": str(first.path)}))
    assert losses(again) == losses(first)


@pytest.mark.parametrize("checkpoint_after_the_stop", [True, False])
def test_a_run_killed_while_it_stops_still_stops(spec, monkeypatch, checkpoint_after_the_stop):
    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    place = "workbench.evaluation.run.evaluate_prepared"
    if not checkpoint_after_the_stop:
        place = "workbench.training.loop.TrainingLoop.evaluate_now"
    long = spec.replace({"train.eval_steps": 0, "output.save_steps": 5})
    run, prepared = pipeline.prepare_run(long)
    ask(run, "stop", "keep")
    ask_at(12, run, monkeypatch)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(place, die)
        pipeline.train_prepared(run, prepared)
    pipeline.resume(run)
    state = fold(run)
    assert (state.status, state.step) == ("stopped", 12)


def ask_at(step, run, monkeypatch):
    """Let what was asked of a run be found only once it has taken so many steps."""
    from workbench.runs.control import Requests
    from workbench.training.steering import Steering

    new, call = Requests.new, Steering.__call__
    now = {"step": 0}

    def note(self, loop):
        now["step"] = loop.step
        call(self, loop)

    monkeypatch.setattr(Steering, "__call__", note)
    monkeypatch.setattr(Requests, "new", lambda self: new(self) if now["step"] >= step else ())


def test_a_run_whose_folder_is_removed_ends_and_does_not_make_it_anew(home, spec):
    run = worker.start(spec.replace({"train.num_train_epochs": 100, "train.eval_steps": 0}))
    wait_for(run, lambda state: state.step >= 3)
    pid = read_owner(run).pid
    shutil.rmtree(run.path)
    deadline = time.monotonic() + 30
    while is_alive(pid):
        assert time.monotonic() < deadline, "the process trains on"
        time.sleep(0.1)
    assert not run.path.exists(), list(run.path.rglob("*"))


def is_alive(pid):
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_checkpoint_of_another_version_is_passed_by(spec, whole, monkeypatch, capfd):
    run = interrupted(spec, monkeypatch, after=21)
    folder = run.checkpoint_path(21)
    progress = json.loads((folder / "progress.json").read_text("utf-8"))
    del progress["loss_sum"]
    (folder / "progress.json").write_text(json.dumps(progress), "utf-8")
    (folder / "manifest.json").unlink()
    checkpoints._write_manifest(folder)
    pipeline.resume(run)
    said = "step-000021: it was written by another version (progress.json has no loss_sum)"
    assert said in capfd.readouterr().err
    assert losses(run) == losses(whole)


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is POSIX's")
def test_sigterm_after_the_last_step_lets_everything_go(spec):
    """The evaluation at the end is not to be waited for; it is made anew by a resume."""
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from workbench import pipeline; from workbench.runs import RunFolder\n"
        "import workbench.evaluation.run as place\n"
        "place.evaluate_prepared = lambda *_: os.kill(os.getpid(), signal.SIGTERM)\n"
        "pipeline.resume(RunFolder(Path(sys.argv[1])))\n"
    )
    run, _ = pipeline.prepare_run(spec)
    done = subprocess.run([sys.executable, "-c", code, str(run.path)], check=False, timeout=120)
    assert done.returncode not in (0, -signal.SIGTERM)
    assert summarise(run).status == "interrupted"
    assert not list(run.path.glob(".*.tmp*"))
    pipeline.resume(run)
    assert fold(run).status == "finished"


def test_a_run_stopped_right_after_a_resume_keeps_the_model_it_had(spec, monkeypatch):
    run = interrupted(
        spec.replace({"train.eval_steps": 0, "output.save_steps": 3}), monkeypatch, after=3
    )
    ask(run, "stop", "keep")
    pipeline.resume(run)
    assert (fold(run).status, fold(run).step, fold(run).best_step) == ("stopped", 3, 3)
    assert run.metrics()["metrics"]["loss"] > 0


def test_a_checkpoint_tells_what_it_is_made_of(whole):
    folder = checkpoints.list_checkpoints(whole)[-1]
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    on_disk = {p.name: p.stat().st_size for p in folder.iterdir() if p.name != "manifest.json"}
    assert {name: file["bytes"] for name, file in files.items()} == on_disk
    assert all(len(file["sha256"]) == 64 for file in files.values())
