import os
import shlex

import pytest
from hypothesis import assume, given, settings

from tests.spec_strategy import run_specs
from workbench.spec import RunSpec, from_flat, parse_value, to_yaml
from workbench.widgets.form import SpecForm
from workbench.widgets.spec_panel import SpecPanel, headless_line

posix = pytest.mark.skipif(os.name == "nt", reason="the line is quoted for cmd here")


def read_line(line: str) -> RunSpec:
    """Read a line as the shell and the command line do."""
    words, values = iter(shlex.split(line)[3:]), {}
    for word in words:
        if word == "-p":
            name, text = next(words), next(words)
        else:
            assert word == "--set"
            name, _, text = next(words).partition("=")
        values[name] = parse_value(text, name)
    return from_flat(values)


@posix
@given(run_specs())
@settings(max_examples=60)
def test_the_line_runs_exactly_the_spec_that_the_form_shows(spec):
    line = headless_line(spec)
    assume("\x00" not in line)  # no shell can pass it on
    assume(spec.data.revision != "null")  # the command line's word for "not set"
    assume(spec.model.revision != "null")
    assert read_line(line) == spec


def test_the_line_names_only_what_differs_from_the_defaults():
    assert headless_line(RunSpec()) == "workbench run notebooks/studio.ipynb"
    spec = RunSpec().replace({"learning_rate": 3e-5, "max_train_rows": None, "max_steps": 20})
    assert headless_line(spec, "n.ipynb") == (
        "workbench run n.ipynb -p max_train_rows null -p learning_rate 3e-05 -p max_steps 20"
    )


@posix
def test_the_line_quotes_for_the_shell():
    spec = RunSpec().replace({"columns": {"text": "my review"}, "run_name": "it's"})
    assert headless_line(spec).endswith(
        """ -p columns '{text: my review}' -p run_name 'it'"'"'s'"""
    )


def test_a_text_that_looks_like_an_option_goes_through_set():
    line = headless_line(RunSpec().replace({"run_name": "-x"}))
    assert line.endswith("--set output.run_name=-x")


def test_the_panel_follows_the_form():
    form = SpecForm()
    panel = SpecPanel(form)
    form.entries = {**form.entries, "seed": "7"}
    assert panel.command.endswith("-p seed 7")
    assert panel.yaml == to_yaml(form.spec)


def test_a_form_at_fault_leaves_the_line_and_says_why():
    form = SpecForm()
    panel = SpecPanel(form)
    form.entries = {**form.entries, "seed": "x"}
    assert panel.form_faults == ["train.seed: 'x' does not fit; give a whole number"]
    assert panel.command == headless_line(RunSpec())


def test_pasted_yaml_sets_the_form():
    form = SpecForm()
    panel = SpecPanel(form)
    spec = RunSpec().replace({"learning_rate": 1e-4, "labels": ["a", "b"]})
    panel.paste(to_yaml(spec))
    assert form.spec == spec
    assert panel.paste_faults == []


def test_pasted_yaml_at_fault_leaves_the_form_alone_and_is_named():
    form = SpecForm()
    panel = SpecPanel(form)
    panel.paste("train: {learning_rat: 1, seed: x}")
    assert form.spec == RunSpec()
    assert sorted(panel.paste_faults) == [
        "train.learning_rat: no such field (value 1); did you mean train.learning_rate?",
        "train.seed: 'x' does not fit; give a whole number",
    ]
    panel.paste("train: {seed: 3}")
    assert panel.paste_faults == []


def test_the_browser_is_reported_whether_its_yaml_was_taken(monkeypatch):
    panel, answers = SpecPanel(SpecForm()), []
    monkeypatch.setattr(panel, "send", lambda content: answers.append(content["ok"]))
    panel._received(panel, {"kind": "paste", "text": "train: {seed: 3}"}, [])
    panel._received(panel, {"kind": "paste", "text": "- 1"}, [])
    assert answers == [True, False]
