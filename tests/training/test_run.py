"""A whole training run on a tiny model, and what it leaves behind."""

import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import pipeline
from workbench.errors import DataError, InputError, RunError
from workbench.runs import RunState
from workbench.spec import SpecError


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
    suffixes = {path.suffix for path in run.path.rglob("*") if path.is_file()}
    assert suffixes <= {".yaml", ".jsonl", ".json", ".safetensors", ".txt", ".parquet", ".html"}


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


def test_a_diverging_loss_is_recorded_and_ends_with_a_remedy(tmp_path):
    spec = tiny_spec(
        tmp_path, **{"train.learning_rate": 0.1, "train.optim": "sgd", "train.max_grad_norm": 0.0}
    )
    spec = spec.replace({"train.weight_decay": 1.0, "train.num_train_epochs": 1})
    run = pipeline.train(spec)  # unpleasant, but finite: it must end, not hang
    assert RunState().fold(run.events()).status == "finished"


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


def test_a_disk_that_fills_up_during_training_is_a_readable_failure(tmp_path, monkeypatch):
    import errno

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workbench.training.trainer.save_model", full)
    spec = tiny_spec(tmp_path)
    with pytest.raises(RunError, match="is full"):
        pipeline.train(spec)
    run = next((tmp_path / "runs").iterdir())
    from workbench.runs import RunFolder

    state = RunState().fold(RunFolder(run).events())
    assert state.status == "failed"
    assert "is full" in state.failure


def test_an_interrupted_run_is_recorded_as_stopped(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.training.callback.EventCallback.on_evaluate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(tiny_spec(tmp_path))
    from workbench.runs import list_runs

    (run,) = list_runs(tmp_path / "runs")
    assert RunState().fold(run.events()).status == "stopped"


def test_a_started_run_goes_on_in_a_process_of_its_own(tmp_path):
    import time

    run = pipeline.start(tiny_spec(tmp_path))
    state = RunState()
    deadline = time.monotonic() + 120
    while not state.ended and time.monotonic() < deadline:
        time.sleep(0.2)
        state = RunState().fold(run.events())
    assert state.status == "finished", (run.path / "worker.log").read_text("utf-8")
