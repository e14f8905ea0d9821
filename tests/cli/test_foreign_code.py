"""A run folder from somebody else is data: code in it runs only if the present user says so."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.errors import ModelError
from workbench.runs import RunFolder, consent
from workbench.spec import dump_tree, load, parse_tree

OWN = """
import pathlib
pathlib.Path({marker!r}).write_text("ran")
from transformers import BertConfig, BertForSequenceClassification
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertForSequenceClassification):
    config_class = OwnConfig
"""


@pytest.fixture(autouse=True)
def nothing_is_trusted(monkeypatch, tmp_path):
    monkeypatch.setenv(consent.VARIABLE, "[]")
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign")
    return pipeline.train(tiny_spec(folder, **{"train.max_steps": 2, "inspect.probes": []}))


def put_code(folder, marker):
    """Make a model's folder one that needs the code beside it."""
    (folder / "own.py").write_text(OWN.format(marker=str(marker)))
    path = folder / "config.json"
    path.chmod(0o644)
    own = {
        "model_type": "own",
        "architectures": ["OwnModel"],
        "auto_map": {
            "AutoConfig": "own.OwnConfig",
            "AutoModelForSequenceClassification": "own.OwnModel",
        },
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | own))


@pytest.fixture
def foreign(finished, tmp_path):
    """A run with code of its own, before and after, that says itself that it is to be trusted."""
    run = RunFolder(shutil.copytree(finished.path, tmp_path / "foreign"))
    base = shutil.copytree(finished.spec().model.source, tmp_path / "base")
    tree = parse_tree(run.spec_path.read_text())
    tree["model"] |= {"trust_remote_code": True, "source": str(base)}
    run.spec_path.write_text(dump_tree(tree))
    for folder in (run.model_path, base):
        put_code(folder, tmp_path / "was-run")
    return run


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "{run}", "good"),
        ("evaluate", "{run}", "--data", "{data}"),
        ("attend", "{run}", "good", "--out", "{folder}/look.html"),
        ("attend", "{run}", "good", "--against", "before", "--out", "{folder}/look.html"),
        ("export", "{run}", "--to", "onnx", "--out", "{folder}/out"),
        ("runs", "fork", "{run}", "--set", "train.max_steps=3"),
        ("train", "{run}", "--set", "output.run_name=again"),
        ("train", "{run}/spec.yaml", "--set", "output.run_name=again"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_what_a_run_says_of_trust_is_no_consent(command, foreign, tmp_path, capsys):
    held = {"run": foreign.path, "folder": tmp_path, "data": foreign.spec().data.source}
    assert main([part.format(**held) for part in command]) == 2
    assert "--trust-remote-code" in capsys.readouterr().err
    assert not (tmp_path / "was-run").exists()


def test_an_interrupted_run_that_trusts_itself_is_not_gone_on_with(foreign, tmp_path, capsys):
    lines = foreign.events_path.read_text().splitlines(keepends=True)
    foreign.events_path.write_text("".join(line for line in lines if "run_ended" not in line))
    assert main(["runs", "resume", str(foreign.path)]) == 2
    assert "--trust-remote-code" in capsys.readouterr().err
    assert not (tmp_path / "was-run").exists()


def test_a_flag_on_the_command_line_is_consent_for_that_run(foreign, tmp_path, capsys):
    other = RunFolder(shutil.copytree(foreign.path, tmp_path / "other"))
    assert main(["predict", str(foreign.path), "good", "--trust-remote-code"]) == 0
    assert (tmp_path / "was-run").exists()
    assert main(["predict", str(other.path), "good"]) == 2
    assert "needs Python code" in capsys.readouterr().err


def test_consent_holds_for_one_source_and_revision(foreign):
    foreign.trust_code()
    assert foreign.spec().model.trust_remote_code
    tree = parse_tree(foreign.spec_path.read_text())
    for name, value in (("revision", "0" * 40), ("source", "someone/else")):
        changed = tree | {"model": tree["model"] | {name: value}}
        foreign.spec_path.write_text(dump_tree(changed))
        assert not foreign.spec().model.trust_remote_code


def test_consent_given_in_this_session_reaches_the_worker(tmp_path, monkeypatch):
    spec = tiny_spec(tmp_path, **{"model.trust_remote_code": True})
    run, _ = pipeline.prepare_run(spec)
    assert run.spec().model.trust_remote_code  # as it is read again by whoever trains it
    held = os.environ[consent.VARIABLE]
    monkeypatch.delenv(consent.VARIABLE)
    assert not run.spec().model.trust_remote_code
    monkeypatch.setenv(consent.VARIABLE, held)  # a worker has the environment of who starts it
    assert run.spec().model.trust_remote_code


def test_the_notebook_asks_as_the_command_line_does(foreign, tmp_path):
    import workbench as wb

    with pytest.raises(ModelError, match=r"wb\.trust"):
        wb.predict(foreign.path, ["good"])
    wb.trust(foreign.path)
    assert wb.predict(foreign.path, ["good"])


def test_no_file_gives_consent(tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text("model: {trust_remote_code: true}\n")
    assert load(file).model.trust_remote_code is False


@pytest.mark.parametrize("damaged", ["", "{", "3", '{"a": 1}', "[[1]]"])
def test_a_damaged_note_of_consent_is_none(damaged, foreign, monkeypatch):
    monkeypatch.setenv(consent.VARIABLE, damaged)
    assert not foreign.spec().model.trust_remote_code
