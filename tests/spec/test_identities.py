"""Each face of the spec turns into every other without loss."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given, settings
from spec_strategy import HOSTILE_TEXTS, flat_specs, run_specs

from workbench.spec import (
    RunSpec,
    changes,
    fields,
    from_cell,
    from_flat,
    from_namespace,
    from_yaml,
    parse_value,
    to_cell,
    to_flat,
    to_yaml,
)


@given(run_specs())
@example(RunSpec())
def test_yaml_gives_back_the_same_spec(spec):
    assert from_yaml(to_yaml(spec)) == spec


@given(run_specs())
@example(RunSpec())
def test_the_cell_gives_back_the_same_spec(spec):
    assert from_cell(to_cell(spec)) == spec


@given(run_specs())
@example(RunSpec())
def test_the_flat_mapping_gives_back_the_same_spec(spec):
    assert from_flat(to_flat(spec)) == spec


@given(run_specs())
def test_all_faces_in_a_row_give_back_the_same_spec(spec):
    assert from_flat(to_flat(from_cell(to_cell(from_yaml(to_yaml(spec)))))) == spec


@given(run_specs(), run_specs())
def test_the_changes_turn_one_spec_into_the_other(spec, base):
    assert from_flat(changes(spec, base), base=to_flat(base)) == spec


@given(flat_specs())
def test_a_flat_mapping_sets_exactly_the_fields_that_it_names(values):
    assert to_flat(from_flat(values)) == {**to_flat(RunSpec()), **values}


@given(run_specs())
@settings(max_examples=30)
def test_the_executed_cell_holds_the_same_spec(spec):
    namespace: dict = {}
    exec(compile(to_cell(spec), "cell", "exec"), namespace)
    assert from_namespace(namespace, strict=True) == spec


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_hostile_text_survives_yaml_and_cell(text):
    spec = from_flat(
        {
            "run_name": text,
            "labels": [text, f"{text}2"],
            "columns": {text: text},
            "probes": [text],
        }
    )
    assert from_yaml(to_yaml(spec)) == spec
    assert from_cell(to_cell(spec)) == spec
    assert spec.output.run_name == text


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_hostile_text_stays_on_one_line_of_the_cell(text):
    cell = to_cell(from_flat({"run_name": text, "probes": [text]}))
    assert len(cell.splitlines()) == len(to_cell(RunSpec()).splitlines())
    assert len(ast.parse(cell).body) == len(fields())


@pytest.mark.parametrize("text", [text for text in HOSTILE_TEXTS if text != "null"])
def test_a_text_given_on_the_command_line_arrives_as_typed(text):
    assert parse_value(text, "output.run_name") == text
    assert parse_value(text, "data_revision") == text


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("learning_rate", "5e-5", 5e-5),
        ("train.seed", "7", 7),
        ("max_train_rows", "null", None),
        ("data.revision", "null", None),
        ("trust_remote_code", "true", True),
        ("labels", "[no, yes, 0]", ["no", "yes", 0]),
        ("columns", "{text: review, label: 1}", {"text": "review", "label": 1}),
        ("columns", "{text: [", "{text: ["),
        ("seed", " ", " "),
        ("delimiter", "|", "|"),
        ("no_such_field", "3", 3),
    ],
)
def test_a_value_of_the_command_line_is_read_by_its_field(name, typed, value):
    assert parse_value(typed, name) == value
