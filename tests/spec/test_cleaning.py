"""How a step of cleaning is written, split, checked and refused."""

from __future__ import annotations

import re

import pytest
from spec_strategy import STEPS as ENTRIES

from workbench.language import text, using
from workbench.spec import RunSpec, SpecError, parse_step, split_steps, step_help, to_cell

from workbench.spec import from_cell, from_yaml, to_yaml  # isort: skip
from workbench.spec.cleaning import STEPS, Length, Mask, step_name


def cleaning(value):
    return RunSpec().replace({"data.cleaning": value}).data.cleaning


def fault(value):
    with pytest.raises(SpecError) as refused:
        cleaning(value)
    return refused.value.lines


def test_a_step_is_read_with_words_lists_and_numbers():
    assert parse_step("length(min=3, unit=words)") == Length(min=3, unit="words")
    assert parse_step(" mask( what = [url, 'email'] ) ") == Mask(what=["url", "email"])
    assert parse_step("labels(map={1: yes, 'n/a': no}, synonyms=false)").map == {
        "1": "yes",
        "n/a": "no",
    }


@pytest.mark.parametrize(
    "typed",
    [
        "fix_text, length(min=3, max=2000), mask(what=[url, email])",
        "[fix_text, length(min=3, max=2000), mask(what=[url, email])]",
        ["fix_text", "length(min=3", "max=2000)", "mask(what=[url", "email])"],
        ["fix_text", "length(min=3, max=2000)", "mask(what=[url, email])"],
    ],
)
def test_steps_survive_how_people_and_yaml_write_lists(typed):
    whole = ["fix_text", "length(min=3, max=2000)", "mask(what=[url, email])"]
    assert cleaning(typed) == whole


def test_every_face_holds_the_steps_without_loss():
    spec = RunSpec().replace({"data.cleaning": list(ENTRIES)})
    assert spec.data.cleaning == list(ENTRIES)
    assert split_steps(", ".join(ENTRIES)) == list(ENTRIES)
    assert from_yaml(to_yaml(spec)) == spec
    assert from_cell(to_cell(spec)) == spec


def test_all_faults_are_reported_at_once_each_with_its_remedy():
    assert fault(["lenght", "length(mim=3)", "length(min=-1)", "unicode(form=utf8)"]) == [
        "data.cleaning: 'lenght' does not fit; did you mean length?",
        "data.cleaning: 'length(mim=3)' does not fit; length has no parameter mim; did you mean "
        "min?",
        "data.cleaning: 'length(min=-1)' does not fit; min: choose at least 0",
        "data.cleaning: 'unicode(form=utf8)' does not fit; form: choose one of NFC, NFKC, NFD, "
        "NFKD",
    ]
    assert fault("language") == [
        "data.cleaning: 'language' does not fit; language needs its parameter keep"
    ]
    assert fault(["length(min=9, max=3)"]) == [
        "data.cleaning: 'length(min=9, max=3)' does not fit; choose a min that is at most max"
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "fix text",
        "length(3)",
        "length(min=",
        "length(**x)",
        "html()()",
        "",
        "x.y",
        "html if 1 else 2",
    ],
)
def test_what_is_no_step_is_refused_with_the_form(entry):
    with pytest.raises(ValueError, match="write the name of a step"):
        parse_step(entry)


def test_an_entry_is_never_run():
    with pytest.raises(ValueError, match="write the name of a step"):
        parse_step("length(min=__import__('os').getpid())")


def test_every_step_and_parameter_is_described():
    steps = {step["name"]: step for step in step_help()}
    assert steps.keys() == STEPS.keys()
    for name, kind in STEPS.items():
        assert name == step_name(kind)
        assert steps[name]["help"].endswith((".", "apostrophe."))
        assert len(steps[name]["parameters"]) == len(kind.model_fields)
        assert all(parameter["help"] for parameter in steps[name]["parameters"])


def test_the_steps_are_described_in_chinese_too():
    with using("zh"):
        steps = step_help()
    lines = [line for s in steps for line in (s["help"], *(p["help"] for p in s["parameters"]))]
    assert [line for line in lines if not re.search(r"[\u4e00-\u9fff]", line)] == []
    assert steps[-1]["name"] == "conflicting_labels"
    assert "必填" in str(steps)


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ("length(min=x)", "min: give a whole number"),
        ("labels(map=3)", "map: give a mapping such as {pos: positive}"),
        ("near_duplicates(threshold=x)", "threshold: give a number"),
        ("near_duplicates(threshold=1e999)", "threshold: give a finite number"),
        ("whitespace(keep_lines=7)", "keep_lines: give true or false"),
        ("language(keep=en)", "keep: give a list such as [a, b]"),
        ("html(x=1)", "html has no parameter x"),
        ("length(mim=1)", "length has no parameter mim; did you mean min?"),
        ("length(mxa=1)", "length has no parameter mxa; did you mean max?"),
        ("length(zzz=1)", "length has no parameter zzz; did you mean min?"),
        ("length(min=1.5)", "min: give a whole number"),
        ("language(keep=[])", "keep: give a list such as [a, b]"),
        ("length(min=1, **x)", text("spec.step_form")),
        ("labels(map={**x})", text("spec.step_form")),
        ("labels(map={a: b, **x})", text("spec.step_form")),
        ("zzzzz", f"choose one of {', '.join(STEPS)}"),
    ],
)
def test_a_parameter_that_does_not_fit_says_what_would(entry, remedy):
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_step(entry)
    assert str(caught.value) == remedy


def test_a_parameter_is_described_with_its_default_and_its_range():
    steps = {step["name"]: {one["name"]: one for one in step["parameters"]} for step in step_help()}
    assert steps["length"]["min"]["default"] == "1"
    assert steps["length"]["min"]["help"].endswith(" [0 to 1e+06]")
    assert steps["length"]["unit"]["help"].endswith(" [characters | words]")
    assert steps["language"]["keep"]["default"] == "required"
    assert not steps["labels"]["map"]["help"].endswith("]")


def test_words_are_plain_values_and_nothing_else_is():
    assert parse_step("whitespace(keep_lines=true)").keep_lines is True
    assert parse_step("whitespace(keep_lines=false)").keep_lines is False
    assert parse_step("labels(map={pos: positive})").map == {"pos": "positive"}
    assert parse_step("labels(map={true: positive, pos: true})").map == {
        "true": "positive",
        "pos": "true",
    }
    assert parse_step("html()") == parse_step("html")


@pytest.mark.parametrize(
    "typed",
    [
        "labels(map={x: '}), y'})",
        'labels(map={x: "}), y"})',
        "labels(map={x: '})', y: z})",
    ],
)
def test_brackets_and_commas_in_quotes_part_no_steps(typed):
    assert split_steps(f"fix_text, {typed}, html") == ["fix_text", typed, "html"]
    assert len(parse_step(typed).map) == typed.count(":")


def test_what_is_no_list_of_texts_is_left_to_be_refused():
    assert split_steps("[fix_text") == ["[fix_text"]
    assert split_steps("fix_text]") == ["fix_text]"]
    for value in (5, None, ["fix_text", 3], [3], {"fix_text": 1}):
        assert split_steps(value) == value
