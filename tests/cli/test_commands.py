"""The command line as its users meet it: answers on stdout, faults as one line and exit code 2."""

import json
import subprocess
import sys

import pytest
import yaml

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import language
from workbench.cli import main
from workbench.cli.options import chosen_or_first
from workbench.spec import from_cell, load, to_yaml


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def run_path(place):
    """A finished run, trained through the command line in a process of its own."""
    spec = place / "spec.yaml"
    spec.write_text(to_yaml(tiny_spec(place)), encoding="utf-8")
    command = [sys.executable, "-m", "workbench", "train", str(spec), "--json"]
    done = subprocess.run(
        [*command, "--set", "output.run_name=first"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["run"] == "first"
    assert answer["metrics"]["accuracy"] > 0.5
    return place / "runs" / "first"


def call(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_evaluate_prints_scores_and_json(capsys, run_path):
    code, out, _ = call(capsys, "evaluate", run_path)
    assert code == 0
    assert "accuracy" in out
    code, out, _ = call(capsys, "evaluate", run_path, "--json")
    assert set(json.loads(out)) >= {"metrics", "per_class", "confusion", "baselines"}


def test_evaluate_takes_any_further_file(capsys, place, run_path):
    further = write_csv(place / "further.csv")
    worst = place / "worst.jsonl"
    code, out, _ = call(
        capsys, "evaluate", run_path, "--data", further, "--predictions", worst, "--json"
    )
    assert code == 0
    assert json.loads(out)["rows"] == 80
    losses = [json.loads(line)["loss"] for line in worst.read_text("utf-8").splitlines()]
    assert losses == sorted(losses, reverse=True)


def test_evaluate_refuses_a_label_the_model_does_not_know(capsys, place, run_path):
    further = write_csv(place / "odd.csv", [("the film was odd", "undecided"), ("a", "positive")])
    code, _, err = call(capsys, "evaluate", run_path, "--data", further)
    assert code == 2
    assert "undecided" in err


def test_predict_reads_arguments_files_and_stdin(capsys, place, run_path):
    code, out, _ = call(capsys, "predict", run_path, "the film was great", "the food was awful")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["positive", "negative"]
    texts = place / "texts.txt"
    texts.write_text("the crew was kind\n", encoding="utf-8")
    code, out, _ = call(capsys, "predict", run_path, "--file", texts, "--json")
    assert json.loads(out)["predicted"] == "positive"
    command = [sys.executable, "-m", "workbench", "predict", str(run_path)]
    done = subprocess.run(
        command, input="the plot was bad\n", capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("negative\t")


def test_what_comes_on_stdin_must_be_utf_8(run_path):
    command = [sys.executable, "-m", "workbench", "predict", str(run_path)]
    done = subprocess.run(command, input=b"caf\xe9\n", capture_output=True, check=False)
    assert done.returncode == 2
    assert b"what comes on stdin is not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_predictions_are_refused_before_the_work_where_they_cannot_be_written(
    capsys, place, run_path
):
    code, _, err = call(capsys, "evaluate", run_path, "--predictions", place / "p.jsonl")
    assert (code, "--predictions needs --data" in err) == (2, True)
    taken = place / "taken"
    taken.write_text("", "utf-8")
    data = place / "rows.csv"
    code, _, err = call(
        capsys, "evaluate", run_path, "--data", data, "--predictions", taken / "p.jsonl"
    )
    assert (code, "cannot write" in err) == (2, True)
    kept = place / "kept.jsonl"
    kept.write_text("of an earlier run\n", "utf-8")
    absent = place / "absent.csv"
    assert call(capsys, "evaluate", run_path, "--data", absent, "--predictions", kept)[0] == 2
    assert kept.read_text("utf-8") == "of an earlier run\n"


def test_predict_without_text_says_how(capsys, place, run_path):
    empty = place / "empty.txt"
    empty.write_text("", encoding="utf-8")
    code, _, err = call(capsys, "predict", run_path, "--file", empty)
    assert code == 2
    assert "no text to predict" in err


@pytest.mark.parametrize("suffix", [".svg", ".html", ".json"])
def test_attend_writes_the_file_asked_for(capsys, place, run_path, suffix):
    out_file = place / f"looked{suffix}"
    code, _, _ = call(capsys, "attend", run_path, "the film was <great>", "--out", out_file)
    assert code == 0
    content = out_file.read_text("utf-8")
    assert "great" in content
    assert "<great>" not in content or suffix == ".json"


def test_attend_refuses_other_files(capsys, place, run_path):
    code, _, err = call(capsys, "attend", run_path, "film", "--out", place / "looked.bmp")
    assert code == 2
    assert ".svg" in err


def test_report_is_written_anew(capsys, run_path):
    (run_path / "report.html").unlink()
    code, out, _ = call(capsys, "report", run_path)
    assert code == 0
    assert (run_path / "report.html").is_file()
    assert "report.html" in out


def test_runs_are_listed_and_shown(capsys, place, run_path):
    _, out, _ = call(capsys, "runs", "list", "--runs-dir", place / "runs", "--json")
    assert [row["run"] for row in json.loads(out)] == ["first"]
    _, out, _ = call(capsys, "runs", "show", run_path)
    assert yaml.safe_load(out)["status"] == "finished"


def test_an_unknown_run_names_those_there_are(capsys, place, run_path):
    code, _, err = call(capsys, "evaluate", "frist", "--runs-dir", place / "runs")
    assert code == 2
    assert "first" in err


def test_the_catalogue_is_listed(capsys):
    for kind, name in (("data", "wheel:tweets"), ("models", "wheel:minilm")):
        code, out, _ = call(capsys, kind, "list", "--json")
        assert code == 0
        assert name in [row["name"] for row in json.loads(out)]


def test_recipes_are_listed_and_shown_in_every_face(capsys):
    _, out, _ = call(capsys, "recipes")
    needs = {line.split()[0]: line.partition("[needs ")[2].rstrip("]") for line in out.splitlines()}
    assert needs["quickstart"] == ""
    assert needs["sms-spam"] == "a file"
    assert needs["sst2-bert"] == "the hub, needs a GPU"
    assert needs["cjrc-zh"] == "a file"
    assert needs["cjrc-zh-bert"] == "a file and the hub, needs a GPU"
    with language.using("zh"):
        _, chinese, _ = call(capsys, "recipes")
    assert "SQuAD：针对维基百科段落提问，答案是段落里的词句。 [需要文件]" in chinese
    _, out, _ = call(capsys, "recipes", "show", "sst2-bert", "--as", "cell")
    assert from_cell(out) == load("sst2-bert")
    _, out, _ = call(capsys, "recipes", "fields")
    assert "train.learning_rate" in out
    code, _, err = call(capsys, "recipes", "show", "sst3")
    assert code == 2
    assert "quickstart" in err


def test_doctor_names_device_and_precision(capsys):
    code, out, _ = call(capsys, "doctor", "--json")
    assert code == 0
    assert json.loads(out)["precision_reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "no-such.yaml"], "no spec file and no recipe"),
        (["train", "--set", "train.learning_rat=1"], "did you mean train.learning_rate"),
        (["train", "--set", "train.learning_rate=7"], "choose at most 0.1"),
        (["train", "--set", "seed"], "has no '='"),
        (["run", "absent.ipynb"], "no notebook"),
        (["report", "absent"], "no run 'absent'"),
    ],
)
def test_a_fault_is_one_line_on_stderr_and_exit_code_2(
    capsys, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "changes", "begins"),
    [
        (None, {}, "quickstart-zh"),
        (None, {"train.seed": 3, "nonsense": 1}, "quickstart-zh"),
        (None, {"data_source": "a.csv"}, None),
        (None, {"model.source": "scratch:minilm"}, None),
        (None, {"task": "fill-mask"}, None),
        ("stsb", {}, "stsb"),
    ],
)
def test_who_names_nothing_begins_with_the_first_run_of_the_language(source, changes, begins):
    with language.using("zh"):
        assert chosen_or_first(source, changes) == begins
    if begins == "quickstart-zh":
        assert chosen_or_first(source, changes) == "quickstart"


def test_an_interrupt_ends_with_130(capsys, monkeypatch, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.training.prepare.prepare", interrupt)
    assert call(capsys, "train", "quickstart")[0] == 130


def test_training_says_first_which_rows_are_left_out_or_cut(capsys, tmp_path):
    rows = [*make_rows(), ("", "positive"), ("the film was " * 20, "negative")]
    write_csv(tmp_path / "rows.csv", rows)
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(tiny_spec(tmp_path, **{"train.max_steps": 1})), encoding="utf-8")
    code, _, err = call(capsys, "train", spec, "--json")
    assert code == 0
    result = err[: err.index("step 1/1")]
    assert "Skipped 1 of the training rows without text (row 81)." in result
    assert "Rows longer than 16 tokens, which will be truncated: 1 (" in result
    assert "row 82 (“the film was the film was" in result


def test_the_version_is_that_of_the_package(capsys):
    from importlib.metadata import version

    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"model-workbench {version('model-workbench')}\n"
