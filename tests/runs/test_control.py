"""What can be asked of a running run, and in which order it arrives."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.errors import InputError
from workbench.runs import RunFolder, ask
from workbench.runs.control import Requests, check, parse
from workbench.spec import RunSpec


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_a_request_arrives_once_with_its_number_and_sender(run):
    requests = Requests(run)
    assert list(requests.new()) == []
    ask(run, "learning_rate", 1e-5, who="ada")
    ask(run, "paused", True, who="bo")
    assert list(requests.new()) == [(1, "learning_rate", 1e-5, "ada"), (2, "paused", True, "bo")]
    assert list(requests.new()) == []


def test_a_reader_goes_on_after_what_was_taken_before(run):
    for rate in (1e-5, 2e-5, 3e-5):
        ask(run, "learning_rate", rate)
    assert [number for number, *_ in Requests(run, taken=2).new()] == [3]


def test_many_senders_at_once_lose_nothing(run):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ask(run, "eval_steps", n), range(64)))
    assert sorted(value for _, _, value, _ in Requests(run).new()) == list(range(64))


def test_a_line_written_by_hand_is_followed(run):
    run.control_path.write_text('{"act": "train.learning_rate", "value": 1e-5}\n', "utf-8")
    assert list(Requests(run).new()) == [(1, "learning_rate", 1e-5, "control.jsonl")]


def test_many_processes_at_once_lose_nothing(run):
    code = (
        "import sys; from pathlib import Path\n"
        "from workbench.runs import RunFolder, ask\n"
        "for n in range(20): ask(RunFolder(Path(sys.argv[1])), 'dropout', n / 100)\n"
    )
    command = [sys.executable, "-c", code, str(run.path)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    values = sorted(value for _, _, value, _ in Requests(run).new())
    assert values == [n / 100 for n in range(20) for _ in range(3)]


def test_a_line_that_asks_for_nothing_known_is_passed_over_and_reported(run, capsys):
    run.control_path.write_bytes(
        b'garbage\n{"act": "learning_rate", "value": 9, "who": "x"}\n[]\n'
        b'{"act": "open", "value": "/etc/passwd", "who": "x"}\n'
        b'{"act": "evaluate", "value": true, "who": "x"}\n{"act": "eva'
    )
    assert list(Requests(run).new()) == [(5, "evaluate", True, "x")]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4
    assert said[1].startswith("passing over control.jsonl, line 2: InputError(")
    assert "choose at most 0.1" in said[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=1e-5", ("learning_rate", 1e-5)),
        ("train.learning_rate=1e-5", ("learning_rate", 1e-5)),
        ("num_train_epochs=3", ("num_train_epochs", 3.0)),
        ("dropout=0.2", ("dropout", 0.2)),
        ("paused=true", ("paused", True)),
        ("stop=keep", ("stop", "keep")),
        ("probe=a = b", ("probe", "a = b")),
    ],
)
def test_a_request_can_be_typed(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate", "'learning_rate' has no '='; write NAME=VALUE"),
        (
            "learning_rat=1",
            ("'learning_rat' cannot be changed during training; did you mean learning_rate?"),
        ),
        ("seed=3", "'seed' cannot be changed during training; choose learning_rate, "),
        ("learning_rate=7", "learning_rate: 7 does not fit; choose at most 0.1"),
        ("eval_steps=2.5", "eval_steps: 2.5 does not fit; give a value of type int"),
        ("paused=maybe", "paused: 'maybe' does not fit; give a value of type bool"),
        ("stop=now", "stop: 'now' does not fit; choose one of keep, discard"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(text, message):
    with pytest.raises(InputError, match="^" + message.replace("?", r"\?")):
        parse(text)


def test_a_rate_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="does not fit; give a finite number"):
        check("learning_rate", math.nan)


@pytest.fixture
def regression(run):
    """Return a run whose record says that it has no use for label smoothing."""
    record = {"unused_hyperparameters": {"label_smoothing_factor": "text-regression"}}
    run.write_spec(RunSpec(), record)
    return run


@pytest.mark.parametrize("name", ["label_smoothing_factor", "train.label_smoothing_factor"])
def test_what_has_no_effect_in_a_run_is_refused(regression, name):
    with pytest.raises(InputError, match="label_smoothing_factor has no effect in "):
        ask(regression, name, 0.1)
    assert not regression.control_path.exists()
    ask(regression, "learning_rate", 1e-4)
    assert [act for _, act, _, _ in Requests(regression).new()] == ["learning_rate"]


def test_a_line_that_asks_for_what_has_no_effect_is_passed_over_and_reported(regression, capsys):
    regression.control_path.write_text(
        '{"act": "label_smoothing_factor", "value": 0.1}\n{"act": "evaluate", "value": true}\n'
    )
    assert [act for _, act, _, _ in Requests(regression).new()] == ["evaluate"]
    said = capsys.readouterr().err
    assert "passing over control.jsonl, line 1: " in said
    assert "label_smoothing_factor has no effect" in said
