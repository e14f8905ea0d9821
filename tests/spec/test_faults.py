"""Every fault of a spec is named at once, with field, value and remedy."""

from __future__ import annotations

import pytest

from workbench import language
from workbench.errors import InputError
from workbench.spec import SpecError, build, from_cell, from_flat, from_yaml
from workbench.spec.run import TASKS


def faults_of(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        from_yaml(text)
    return caught.value.lines


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        # Values that do not fit.
        ("train: {seed: -1}", "train.seed: -1 does not fit; choose at least 0"),
        ("train: {seed: 1.5}", "train.seed: 1.5 does not fit; give a whole number"),
        ("train: {seed: x}", "train.seed: 'x' does not fit; give a whole number"),
        ("train: {seed: true}", "train.seed: True does not fit; give a whole number"),
        ("train: {seed: null}", "train.seed: None does not fit; give a whole number"),
        (
            "train: {learning_rate: 5}",
            "train.learning_rate: 5 does not fit; choose at most 0.1",
        ),
        (
            "train: {learning_rate: fast}",
            "train.learning_rate: 'fast' does not fit; give a number",
        ),
        (
            "train: {num_train_epochs: true}",
            "train.num_train_epochs: True does not fit; give a number",
        ),
        (
            "train: {num_train_epochs: 1000}",
            "train.num_train_epochs: 1000 does not fit; choose at most 100 epochs",
        ),
        (
            "train: {learning_rate: .nan}",
            "train.learning_rate: nan does not fit; give a finite number",
        ),
        (
            "train: {weight_decay: -.inf}",
            "train.weight_decay: -inf does not fit; give a finite number",
        ),
        ("train: {max_steps: .inf}", "train.max_steps: inf does not fit; give a finite number"),
        (
            "train: {activation_checkpointing: maybe}",
            "train.activation_checkpointing: 'maybe' does not fit; give true or false",
        ),
        (
            "train: {precision: fp8}",
            "train.precision: 'fp8' does not fit; choose one of auto, fp32, bf16, fp16",
        ),
        ("data: {source: null}", "data.source: None does not fit; give a string (in quotes)"),
        ("data: {source: [a]}", "data.source: ['a'] does not fit; give a string (in quotes)"),
        ("data: {labels: [true]}", "data.labels: True does not fit; give a string (in quotes)"),
        ("data: {labels: a}", "data.labels: 'a' does not fit; give a list such as [a, b]"),
        (
            "data: {columns: [1]}",
            "data.columns: [1] does not fit; give a mapping such as {text: review}",
        ),
        (
            "data: {columns: {text: {a: 1}}}",
            "data.columns: {'a': 1} does not fit; give a string (in quotes) or give a whole "
            "number or give a list such as [a, b]",
        ),
        (
            "data: {max_train_rows: 0}",
            "data.max_train_rows: 0 does not fit; choose at least 1",
        ),
        (
            "data: {max_tokens: 1}",
            "data.max_tokens: 1 does not fit; choose at least 4 tokens",
        ),
        ("train: 3", "train: 3 does not fit; write its fields below it, indented"),
        ("task: spam", f"task: 'spam' does not fit; choose one of {', '.join(TASKS)}"),
        # Names that no field has.
        (
            "train: {learning_rat: 1}",
            "train.learning_rat: no such field (value 1); did you mean train.learning_rate?",
        ),
        (
            "train: {lr: 1}",
            "train.lr: no such field (value 1); did you mean train.learning_rate?",
        ),
        (
            "train: {epochs: 2}",
            "train.epochs: no such field (value 2); did you mean train.num_train_epochs?",
        ),
        (
            "train: {max_tokens: 64}",
            "train.max_tokens: no such field (value 64); did you mean data.max_tokens?",
        ),
        (
            "learning_rate: 3",
            "learning_rate: no such field (value 3); did you mean train.learning_rate?",
        ),
        ("modl: {source: x}", "modl: no such field; did you mean model?"),
        (
            "zzz: 1",
            "zzz: no such field (value 1); `workbench recipes fields` lists all fields",
        ),
        (
            "1: 2",
            "1: no such field (value 1); `workbench recipes fields` lists all fields",
        ),
        # What is no spec at all.
        ("[1]", "expected sections such as data: and train:, got '[1]'"),
        ("hello", "expected sections such as data: and train:, got 'hello'"),
        ("a: [", "not YAML on line 1: expected the node content, but found '<stream end>'"),
        ("data:\n  source: a\n  source: b", "not YAML on line 2: source is given twice"),
        (
            "data: {source: !!python/object:os.system x}",
            "not YAML on line 1: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'",
        ),
        (
            "task: &a text-classification\ndata: {source: *a}",
            "not YAML on line 2: aliases such as *name are not read; write the value out",
        ),
        ("[" * 100_000, "not a spec: nested far too deeply"),
    ],
)
def test_a_fault_names_field_value_and_remedy(text, fault):
    assert faults_of(text) == [fault]


def test_a_character_that_yaml_forbids_is_named():
    [fault] = faults_of("data: \x00")
    assert fault.startswith("not YAML: unacceptable character #x0000")


def test_all_faults_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        from_yaml("train: {lr: 1, seed: -1}\ndata: {labels: [a, {b: 1}]}\nmodl: {}", "my.yaml")
    assert str(caught.value) == (
        "my.yaml has 4 errors:\n  data.labels: {'b': 1} does not fit; give a string (in "
        "quotes)\n  train.seed: -1 does not fit; choose at least 0\n  train.lr: no such field "
        "(value 1); did you mean train.learning_rate?\n  modl: no such field; did you mean "
        "model?"
    )


def test_a_single_fault_is_one_line():
    with pytest.raises(SpecError) as caught:
        from_yaml("train: {seed: -1}", "my.yaml")
    assert str(caught.value) == "my.yaml: train.seed: -1 does not fit; choose at least 0"


def test_a_fault_of_the_spec_is_a_fault_of_the_input():
    assert issubclass(SpecError, InputError)


def test_the_same_fault_is_reported_once():
    assert faults_of("data: {labels: [true, true]}") == [
        "data.labels: True does not fit; give a string (in quotes)"
    ]


def test_a_long_value_is_shortened():
    [fault] = faults_of(f"train: {{seed: {'x' * 10_000}}}")
    assert len(fault) < 120
    assert fault.startswith("train.seed: 'xxx")


def test_a_long_name_is_shortened():
    [fault] = faults_of(f"{'x' * 10_000}: 1")
    assert len(fault) < 200


@pytest.mark.parametrize(("length", "whole"), [(38, True), (39, False)])
def test_the_value_of_an_unknown_name_is_shown_up_to_forty_characters(length, whole):
    [fault] = faults_of(f"zzz: {'x' * length}")
    assert (f"(value '{'x' * length}')" in fault) == whole


@pytest.mark.parametrize(("length", "whole"), [(58, True), (59, False)])
def test_a_value_that_does_not_fit_is_shown_up_to_sixty_characters(length, whole):
    [fault] = faults_of(f"train: {{seed: {'x' * length}}}")
    assert fault.startswith(f"train.seed: '{'x' * length}' does not fit") == whole


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("steps", "train.max_steps"),  # the shortest of those that have the word
        ("huberd", "train.huber_delta"),  # 2 * 6 / (6 + 11) of the characters agree
        ("hubrd", ""),  # 2 * 5 / (5 + 11)
        ("data.seed", "train.seed"),
        ("lr", "train.learning_rate"),
    ],
)
def test_the_nearest_name_is_offered(name, near):
    with pytest.raises(SpecError) as caught:
        from_flat({name: 1})
    [fault] = caught.value.lines
    if near:
        assert fault.endswith(f"did you mean {near}?")
    else:
        assert "did you mean" not in fault


def test_an_empty_section_takes_its_defaults_and_another_empty_name_is_a_fault():
    assert build({"train": None, "data": None}) == build({})
    with pytest.raises(SpecError) as caught:
        build({"zzz": None, "task": None}, "here")
    assert caught.value.lines == [
        "task: None does not fit; give a string (in quotes)",
        "zzz: no such field; `workbench recipes fields` lists all fields",
    ]
    assert str(caught.value).startswith("here has 2 errors:")


def test_what_is_no_mapping_is_reported_with_its_place():
    with pytest.raises(SpecError) as caught:
        build(["x"], "here")
    said = "here: expected sections such as data: and train:, got \"['x']\""
    assert str(caught.value) == said


def test_a_value_of_many_lines_stays_on_one():
    [fault] = faults_of('train: {seed: "a\\nb"}')
    assert "\n" not in fault


def test_flat_names_and_values_are_checked_together():
    with pytest.raises(SpecError) as caught:
        from_flat({"lerning_rate": 1, "train.seed": "x", "source": "y"})
    assert caught.value.lines == [
        "lerning_rate: no such field (value 1); did you mean train.learning_rate?",
        "source: no such field (value 'y'); did you mean data.source?",
        "train.seed: 'x' does not fit; give a whole number",
    ]


def test_an_unknown_flat_name_alone_is_a_fault():
    with pytest.raises(SpecError, match="epoch: no such field"):
        from_flat({"epoch": 1})


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("seed = 1 +", "not Python on line 1: invalid syntax"),
        ("import os", "line 1, 'import os': not of the form name = value"),
        ("seed: int", "line 1, 'seed: int': not of the form name = value"),
        ("a = b = 1", "line 1, 'a = b = 1': not of the form name = value"),
        ("a, b = 1, 2", "line 1, 'a, b = 1, 2': not of the form name = value"),
        ("seed = 6 * 7", "train.seed: '6 * 7' is not a plain value; write it out"),
        (
            "seed = __import__('os').getpid()",
            "train.seed: \"__import__('os').getpid()\" is not a plain value; write it out",
        ),
        ("columns = {[]: 1}", "data.columns: '{[]: 1}' is not a plain value; write it out"),
        ("seed = -1", "train.seed: -1 does not fit; choose at least 0"),
        ("sed = 1", "sed: no such field (value 1); did you mean train.seed?"),
        ("learning_rate = float('nan')", "train.learning_rate: \"float('nan')\" is not a plain "
         "value; write it out"),
        ("learning_rate = 1e999", "train.learning_rate: inf does not fit; give a finite number"),
    ],
)  # fmt: skip
def test_a_fault_of_the_cell_is_named(cell, fault):
    with pytest.raises(SpecError) as caught:
        from_cell(cell)
    assert caught.value.lines == [fault]
    assert str(caught.value) == f"the parameters cell: {fault}"


@pytest.mark.parametrize("tree", [None, 3, "x", [1], {"train": {"seed": object()}}, {None: 1}])
def test_anything_but_a_spec_is_a_spec_error(tree):
    with pytest.raises(SpecError):
        build(tree)


def test_faults_are_reported_in_the_language_of_the_interface():
    with language.using("zh"), pytest.raises(SpecError) as raised:
        build({"train": {"learning_rate": 7, "lr": 3, "seed": "x"}})
    result = str(raised.value)
    assert result.startswith("设置有 3 处错误：")
    assert "train.learning_rate：7 不合适；不能大于 0.1" in result
    assert "train.lr：没有这个字段（值为 3）；是不是想写 train.learning_rate？" in result
    assert "请填整数" in result
