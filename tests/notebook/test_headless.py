"""Lines of progress: at each change and evaluation, and a few seconds apart between them."""

import pytest

from tests.tiny_runs import tiny_spec
from workbench import notebook
from workbench.language import using
from workbench.notebook import headless


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines(clock):
    return headless.ProgressLines(clock)


def event(kind, step, at, **values):
    return {"event": kind, "step": step, "wall_seconds": at, "seq": step, **values}


def test_a_line_says_step_loss_and_time_left_every_five_seconds(lines, clock, capsys):
    lines.receive([event("run_started", 0, 0.0, total_steps=100)])
    for step in range(1, 31):
        clock.seconds = float(step)
        lines.receive([event("step_logged", step, float(step), loss=1 / step)])
    first, *others = capsys.readouterr().out.splitlines()
    assert "100" in first
    assert len(others) == 6
    assert "step 10 of 100" in others[1]
    assert "loss 0.1" in others[1]
    assert "1 min 30 s left" in others[1]


def test_each_evaluation_is_a_line_and_so_is_the_end(lines, capsys):
    with using("zh"):
        lines.receive([event("run_started", 0, 0.0, total_steps=2)])
        lines.receive([event("step_logged", 1, 1.0, loss=0.5)])
        lines.receive([event("evaluated", 1, 1.5, metrics={"loss": 0.25, "accuracy": 0.75})])
        lines.receive([event("step_logged", 2, 2.0, loss=0.5)])
        lines.receive([event("run_ended", 2, 3.0, reason="finished", best_step=1)])
    _, evaluated, last_step, evaluating, ended = capsys.readouterr().out.splitlines()
    assert "验证集损失 0.25" in evaluated
    assert "验证集准确率 0.75" in evaluated
    assert "第 2 步，共 2 步" in last_step
    assert "评估" in evaluating
    assert ended.startswith("已完成")


def test_hours_of_training_do_not_fill_a_notebook(lines, clock, capsys):
    lines.receive([event("run_started", 0, 0.0, total_steps=100_000)])
    for step in range(1, 36_001):
        clock.seconds = float(step)
        lines.receive([event("step_logged", step, float(step), loss=1.0)])
    assert len(capsys.readouterr().out.splitlines()) < 1000


def test_train_prints_them_in_a_notebook_alone(tmp_path, monkeypatch, capsys):
    spec = tiny_spec(tmp_path, **{"train.max_steps": 4})
    notebook.train(spec)
    assert "step" not in capsys.readouterr().out
    monkeypatch.setattr(headless, "in_notebook", lambda: True)
    notebook.train(spec)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Preparing …"
    assert said[-1].startswith("Finished")
