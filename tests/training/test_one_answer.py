"""A model that gives all validation rows one answer: it is recorded, told once, and shown."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import make_rows, tiny_spec, write_csv
from tests.tiny_tasks import tiny_task_spec
from workbench import pipeline
from workbench.cli import main
from workbench.runs import read_state
from workbench.runs.alerts import find_alerts
from workbench.spec import RunSpec, to_yaml
from workbench.tasks import Setup, load_task

RATE = {
    "train.learning_rate": 0.1, "train.warmup_steps": 0, "train.num_train_epochs": 4,
    "train.eval_steps": 5, "train.early_stopping_patience": 0,
}  # fmt: skip


def collapsed(folder, task="text-classification", **changes):
    """Return a spec whose model is the same for all inputs, and stays so on every processor.

    All its embeddings are zero, and so is the scale of their normalisation: neither gets a
    gradient. A rate that is far too high leaves such a model too, but not for every seed.
    """
    model = make_tiny_bert(folder / "collapsed")
    weights = load_file(model / "model.safetensors")
    zeros = {name: value * 0 for name, value in weights.items() if name.startswith("embeddings.")}
    assert zeros
    save_file(weights | zeros, model / "model.safetensors", metadata={"format": "pt"})
    return tiny_task_spec(folder, task, model, **RATE, **changes)


def alerts_of(run):
    return [alert for alert in find_alerts(read_state(run)) if alert.kind == "one_answer"]


@pytest.fixture(scope="module")
def run_with_one_answer(tmp_path_factory):
    return pipeline.train(collapsed(tmp_path_factory.mktemp("one")))


def test_a_run_with_one_answer_says_so_in_its_record(run_with_one_answer):
    last = read_state(run_with_one_answer).evaluations[-1]
    assert last["only_answer"] in ("+", "-")
    assert last["metrics"]["accuracy"] == pytest.approx(0.5, abs=0.2)
    (alert,) = alerts_of(run_with_one_answer)
    assert alert.evidence["answer"] == last["only_answer"]


def test_the_line_is_reported_once_and_names_the_remedy(tmp_path, capfd):
    pipeline.train(collapsed(tmp_path))
    said = [line for line in capfd.readouterr().err.splitlines() if "the same answer" in line]
    assert len(said) == 1
    assert "train.learning_rate" in said[0] or "Lower the learning rate to 0.033" in said[0]
    assert "train.warmup_steps" in said[0]


def test_it_is_reported_in_the_language_of_the_run(tmp_path, capfd):
    pipeline.train(collapsed(tmp_path, **{"output.language": "zh"}))
    assert "所有验证样本得到的答案都是" in capfd.readouterr().err


def test_a_run_that_learns_says_nothing(tmp_path, capfd):
    run = pipeline.train(tiny_spec(tmp_path))
    assert "only_answer" not in read_state(run).evaluations[-1]
    assert alerts_of(run) == []
    assert "the same answer" not in capfd.readouterr().err


def test_rows_that_all_have_one_answer_are_no_reason(tmp_path, capfd):
    """Only where the true answers differ is one answer to all a fault."""
    kept = [(text, "+") for text, label in make_rows() if label == "positive"][:12]
    data = write_csv(tmp_path / "validation.csv", kept)
    run = pipeline.train(collapsed(tmp_path, **{"data.validation_split": str(data)}))
    assert all("only_answer" not in event for event in read_state(run).evaluations)


@pytest.mark.parametrize("task", ["text-classification", "token-classification", "text-regression"])
def test_every_task_with_labels_notices_it(task, tmp_path):
    run = pipeline.train(collapsed(tmp_path, task))
    assert alerts_of(run), [event["metrics"] for event in read_state(run).evaluations]


def test_from_the_command_line(tmp_path, capfd):
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(collapsed(tmp_path)), "utf-8")
    assert main(["train", str(spec), "--json"]) == 0
    result = capfd.readouterr()
    assert "the same answer" in result.err
    assert "accuracy" in json.loads(result.out)["metrics"]


def setup_of(labels, **changes):
    return Setup(RunSpec().replace(changes), None, labels, 16)


def test_the_answer_is_named_by_each_task():
    say = load_task("text-classification").only_answer
    setup = setup_of(["no", "yes"])
    logits = np.asarray([[0.1, 0.2], [0.0, 3.0]])
    assert say(logits, np.asarray([0, 1]), setup) == "yes"
    assert say(logits, np.asarray([1, 1]), setup) == ""
    assert say(logits[:, ::-1] * [[1], [-1]], np.asarray([0, 1]), setup) == ""
    several = setup_of(["a", "b", "c"], **{"data.multi_label": True})
    truth = np.asarray([[1, 0, 0], [0, 1, 0]])
    assert say(np.asarray([[9, 9, -9], [9, 9, -9]]), truth, several) == "a, b"
    assert say(np.full((2, 3), -9), truth, several) == "none"
    assert say(np.asarray([[9, 9, -9], [9, -9, -9]]), truth, several) == ""
    say = load_task("token-classification").only_answer
    setup = setup_of(["O", "B-PER"])
    labels = np.asarray([[0, 1, -100], [0, 0, 0]])
    kept = np.zeros((2, 3, 2))
    assert say(kept, labels, setup) == "O"
    kept[0, 2, 0] = 1  # beyond the sentence
    assert say(kept, labels, setup) == "O"
    kept[1, 0, 0] = 1
    assert say(kept, labels, setup) == ""
    say = load_task("question-answering").only_answer
    assert say(np.asarray([[0, 0, 1.0], [0, 0, 1.0]]), np.asarray([[0, 0], [3, 4]]), setup)
    assert not say(np.asarray([[0, 0, 1.0], [2, 4, 1.0]]), np.asarray([[0, 0], [3, 4]]), setup)
    assert not say(np.zeros((2, 3)), np.zeros((2, 2)), setup)
    say = load_task("text-regression").only_answer
    setup = Setup(
        RunSpec(), None, ["score"], 16, label_means={"score": 3.0}, label_stds={"score": 2.0}
    )
    true = np.asarray([[-1.0], [1.0]])
    assert say(np.asarray([[0.5], [0.501]]), true, setup) == "4"
    assert say(np.asarray([[0.4], [0.5]]), true, setup) == ""
