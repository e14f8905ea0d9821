"""The parameters cell, as papermill and as people read it."""

from __future__ import annotations

import ast

import nbformat
import papermill
import pytest
from hypothesis import given, settings
from papermill.translators import PythonTranslator
from spec_strategy import run_specs

from workbench.spec import (
    RunSpec,
    SpecError,
    fields,
    from_cell,
    from_namespace,
    load,
    recipe_names,
    to_cell,
    to_flat,
)
from workbench.spec.cell import parse_cell


@pytest.mark.parametrize("recipe", recipe_names())
def test_papermill_reads_every_parameter_of_a_recipe(recipe):
    spec = load(recipe)
    found = PythonTranslator.inspect({"source": to_cell(spec)})
    values = to_flat(spec)
    assert [parameter.name for parameter in found] == [field.name for field in fields()]
    for parameter, field in zip(found, fields(), strict=True):
        assert parameter.inferred_type_name == field.type.__name__
        assert ast.literal_eval(parameter.default) == values[field.name]
        assert parameter.help.startswith(field.domain.help)


def test_papermill_inspects_a_notebook_with_the_cell(tmp_path):
    cell = nbformat.v4.new_code_cell(to_cell(RunSpec()), metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "P"}
    nbformat.write(notebook, tmp_path / "n.ipynb")
    found = papermill.inspect_notebook(str(tmp_path / "n.ipynb"))
    assert list(found) == [field.name for field in fields()]
    assert found["learning_rate"]["default"] == "0.0001"
    assert found["learning_rate"]["inferred_type_name"] == "float"
    assert found["learning_rate"]["help"] == (
        "peak learning rate of the optimizer [1e-07 to 0.1, log scale]"
    )


@given(run_specs())
@settings(max_examples=30)
def test_the_values_that_papermill_injects_give_back_the_spec(spec):
    injected = PythonTranslator.codify(to_flat(spec))
    assert from_cell(injected) == spec


def test_the_cell_shows_sections_ranges_and_units():
    lines = to_cell(RunSpec()).splitlines()
    assert "# train" in lines
    assert not any(line.endswith(" []") for line in lines)
    assert (
        "max_tokens: int = 128  # truncate texts to this many tokens; passages with "
        "questions, and sentences whose words are tagged, are read in windows of this size instead "
        "[4 to 131072 tokens, log scale]" in lines
    )


def test_what_the_cell_leaves_out_takes_its_default():
    assert from_cell("seed = 7\n\n# nothing else\n") == RunSpec().replace({"seed": 7})


def test_annotations_and_comments_are_optional():
    assert parse_cell("a = 1\nb: int = 2  # help\nc: 'str' = 'x'\n") == {"a": 1, "b": 2, "c": "x"}


def test_a_cell_is_parsed_and_never_run(tmp_path):
    target = tmp_path / "touched"
    with pytest.raises(SpecError):
        from_cell(f"source = open({str(target)!r}, 'w')")
    assert not target.exists()


LONG = "open(" + "very_" * 20 + "long)"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("seed = 1\x00", "not Python: source code string cannot contain null bytes"),
        ("seed = " + "-" * 100_000 + "1", "not a spec: nested far too deeply"),
        ("seed = 1\nseed = ", "not Python on line 2: invalid syntax"),
        (LONG, f"line 1, {LONG[:39] + '…'!r}: not of the form name = value"),
        (f"seed = {LONG}", f"train.seed: {LONG[:39] + '…'!r} is not a plain value; write it out"),
    ],
)
@pytest.mark.parametrize("where", ["", "mine.py"])
def test_what_is_no_cell_is_refused_in_a_line_that_names_the_place(source, fault, where):
    for read in (from_cell, parse_cell):
        with pytest.raises(SpecError) as caught:
            read(source, where)
        assert str(caught.value) == f"{where or 'the parameters cell'}: {fault}"


def test_a_value_that_does_not_fit_names_the_place_too():
    for read, place in (
        (lambda: from_cell("seed = -1"), "the parameters cell"),
        (lambda: from_cell("seed = -1", "mine.py"), "mine.py"),
        (lambda: from_namespace({"seed": -1}, strict=True), "the notebook's parameters"),
        (lambda: from_namespace({"seed": -1}, strict=False), "the notebook's parameters"),
    ):
        with pytest.raises(SpecError) as caught:
            read()
        assert str(caught.value) == f"{place}: train.seed: -1 does not fit; choose at least 0"


def test_headless_an_unknown_variable_is_an_error():
    with pytest.raises(SpecError) as caught:
        from_namespace({"lerning_rate": 1e-4, "seed": 3, "In": [], "_x": 1, "wb": ast}, strict=True)
    assert caught.value.lines == [
        "lerning_rate: no such field (value 0.0001); did you mean train.learning_rate?"
    ]


def test_in_a_live_notebook_other_variables_are_the_users_own():
    spec = from_namespace({"my_rows": [1], "seed": 3, "In": []}, strict=False)
    assert spec == RunSpec().replace({"seed": 3})
