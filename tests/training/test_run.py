"""A whole training run on a tiny model, and what it leaves behind."""

import errno
import math

import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import language, pipeline
from workbench.errors import DataError, InputError, RunError
from workbench.runs import RunState, list_runs
from workbench.runs.summary import summarise
from workbench.spec import SpecError
from workbench.training import checkpoints


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(tiny_spec(tmp_path_factory.mktemp("run")))


def test_a_run_learns_and_says_so(run):
    metrics = run.metrics()
    assert metrics["metrics"]["accuracy"] > metrics["baselines"]["majority"]["accuracy"] + 0.2
    assert metrics["metrics"]["loss"] < metrics["baselines"]["before"]["loss"]


def test_a_run_leaves_everything_the_design_names(run):
    for place in (
        "spec.yaml",
        "events.jsonl",
        "data.json",
        "model.json",
        "model/config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "evaluation/metrics.json",
        "evaluation/predictions.parquet",
        "attention/probe-00-before.json",
        "attention/probe-00-after.json",
        "report.html",
    ):
        assert (run.path / place).is_file(), place


def test_nothing_in_a_run_folder_is_a_pickle(run):
    files = [path for path in run.path.rglob("*") if path.is_file()]
    known = {".yaml", ".jsonl", ".json", ".safetensors", ".txt", ".parquet", ".html", ".records"}
    assert {path.suffix for path in files} <= known | {".lock"}
    assert all(path.stat().st_size == 0 for path in files if path.suffix == ".lock")


def test_every_step_is_an_event_with_its_numbers(run):
    state = RunState().fold(run.events())
    assert state.status == "finished"
    assert [event["step"] for event in state.steps] == list(range(1, state.total_steps + 1))
    for name in ("loss", "learning_rate", "grad_norm", "tokens_per_second", "rows_per_second"):
        assert all(event[name] >= 0 for event in state.steps), name


def test_the_last_step_is_evaluated_and_the_best_is_kept(run):
    state = RunState().fold(run.events())
    assert state.evaluations[-1]["step"] == state.total_steps
    losses = {event["step"]: event["metrics"]["loss"] for event in state.evaluations}
    assert state.best_step == min(losses, key=losses.get)
    assert run.metrics()["metrics"]["loss"] == pytest.approx(losses[state.best_step], abs=1e-4)


def test_the_resolved_spec_repeats_the_run_to_the_last_digit(run):
    again = pipeline.train(run.spec())
    losses = [[e["loss"] for e in r.events() if e["event"] == "step_logged"] for r in (run, again)]
    assert losses[0] == losses[1]
    assert run.record()["data_fingerprint"] == again.record()["data_fingerprint"]


def test_training_stops_early_when_patience_runs_out(tmp_path):
    spec = tiny_spec(
        tmp_path,
        **{
            "train.learning_rate": 1e-7,
            "train.metric_for_best_model": "accuracy",
            "train.eval_steps": 2,
            "train.early_stopping_patience": 2,
        },
    )
    state = RunState().fold(pipeline.train(spec).events())
    assert state.status == "early_stopped"
    assert state.step < state.total_steps


def test_only_the_best_and_the_latest_checkpoints_are_kept(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.eval_steps": 2, "output.save_total_limit": 0})
    run = pipeline.train(spec)
    state = RunState().fold(run.events())
    kept = [path.name for path in run.checkpoints_path.iterdir()]
    assert len(state.checkpoints) > 1
    assert kept == [f"step-{state.best_step:06d}"]


def test_a_loss_that_is_no_number_is_recorded_and_ends_with_a_remedy(tmp_path, monkeypatch):
    from workbench.training.loop import TrainingLoop

    take_step = TrainingLoop.take_step

    def take_a_step_too_far(self):
        take_step(self)
        if self.step == 3:
            next(self.model.parameters()).data.fill_(float("inf"))

    monkeypatch.setattr(TrainingLoop, "take_step", take_a_step_too_far)
    with pytest.raises(RunError, match=r"never a number.*lower train\.learning_rate"):
        pipeline.train(tiny_spec(tmp_path, **{"train.num_train_epochs": 1}))
    (run,) = list_runs(tmp_path / "runs")
    state = RunState().fold(run.events())
    assert state.status == "failed"
    assert math.isnan(state.steps[-1]["loss"])
    assert [e["best"] for e in state.evaluations] == [False]


def test_a_run_speaks_its_own_language_in_all_that_it_keeps(tmp_path):
    run = pipeline.train(tiny_spec(tmp_path, **{"output.language": "zh"}))
    kept = (run.path / "data.json").read_text("utf-8")
    page = run.report_path.read_text("utf-8")
    assert language.current() == "en"
    assert "逗号" in kept
    spoken = [words for words in ("first row", "held out", "as asked") if words in kept + page]
    assert spoken == []


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"data.source": "absent.csv"}, InputError, "absent.csv"),
        ({"data.columns": {"text": "nowhere"}}, DataError, "nowhere"),
        ({"train.metric_for_best_model": "acuracy"}, SpecError, "acuracy"),
        ({"output.run_name": "../elsewhere"}, RunError, "elsewhere"),
    ],
)
def test_a_fault_in_the_input_leaves_nothing_behind(tmp_path, changes, kind, words):
    spec = tiny_spec(tmp_path, **changes)
    with pytest.raises(kind, match=words):
        pipeline.train(spec)
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_one_class_only_is_refused(tmp_path):
    write_csv(tmp_path / "rows.csv", [row for row in make_rows() if row[1] == "positive"])
    with pytest.raises(DataError, match="positive"):
        pipeline.train(tiny_spec(tmp_path))


def test_a_full_disk_is_seen_before_the_run_starts(tmp_path, monkeypatch):
    spec = tiny_spec(tmp_path)
    monkeypatch.setattr(
        "workbench.runs.folder.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})
    )
    with pytest.raises(RunError, match="free some space"):
        pipeline.train(spec)
    assert not (tmp_path / "runs").exists()


def test_a_disk_too_full_for_the_final_model_holds_the_run_until_there_is_room(
    tmp_path, monkeypatch, capsys
):
    failures = iter([True])
    save = checkpoints.save_model

    def full_at_first(*arguments):
        if next(failures, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(*arguments)

    monkeypatch.setattr(checkpoints, "save_model", full_at_first)
    run = pipeline.train(tiny_spec(tmp_path))
    assert summarise(run).status == "finished"
    assert run.model_path.is_dir()
    assert "is full; training waits for" in capsys.readouterr().err


def test_a_disk_that_fills_up_after_training_is_a_readable_failure_and_resumable(
    tmp_path, monkeypatch
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    spec = tiny_spec(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("workbench.evaluation.run.evaluate_prepared", full)
        with pytest.raises(RunError, match="is full; free some space, then: workbench runs resume"):
            pipeline.train(spec)
    (run,) = list_runs(tmp_path / "runs")
    assert summarise(run).status == "interrupted"
    pipeline.resume(run)
    assert summarise(run).status == "finished"


def test_a_disk_too_full_for_a_checkpoint_pauses_the_run_until_there_is_room(tmp_path, monkeypatch):
    failures = iter([True, True])
    save = checkpoints.save_checkpoint

    def full_at_first(*arguments):
        if next(failures, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(*arguments)

    monkeypatch.setattr(checkpoints, "save_checkpoint", full_at_first)
    run = pipeline.train(tiny_spec(tmp_path))
    state = RunState().fold(run.events())
    assert state.status == "finished"
    assert [(act["who"], act["new"]) for act in state.commands] == [
        ("full disk", True), ("full disk", False), ("full disk", True), ("full disk", False),
    ]  # fmt: skip
    assert [event["step"] for event in state.checkpoints] == [20, 40, 60, 70]


def interrupted(folder, monkeypatch):
    """Return a run that was stopped from outside at its first evaluation."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("workbench.training.loop.validate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pipeline.train(tiny_spec(folder))
    (run,) = list_runs(folder / "runs")
    return run


def test_an_interrupted_run_can_be_resumed_and_nothing_is_noted_as_its_end(tmp_path, monkeypatch):
    run = interrupted(tmp_path, monkeypatch)
    assert RunState().fold(run.events()).status == "running"
    assert summarise(run).status == "interrupted"
    pipeline.resume(run)
    assert summarise(run).status == "finished"


def test_a_run_that_is_over_is_not_resumed(run):
    with pytest.raises(RunError, match=r"is over \(finished\); start a new one from it: workbench"):
        pipeline.resume(run)


def test_a_run_whose_data_has_changed_is_not_resumed(tmp_path, monkeypatch):
    run = interrupted(tmp_path, monkeypatch)
    write_csv(tmp_path / "rows.csv", make_rows()[1:])
    with pytest.raises(RunError, match=r"has changed since it began: .*rows\.csv; restore it"):
        pipeline.resume(run)


def test_a_replay_of_no_run_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(RunError, match="no run 'yesterday'"):
        pipeline.train(tiny_spec(tmp_path, **{"train.replay": "yesterday"}))
    assert not (tmp_path / "runs").exists()
