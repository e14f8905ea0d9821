"""The fields and domains that slider, cell, validation and search space are made from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import workbench
from workbench.spec import Domain, RunSpec, SpecError, build, fields, find


def test_short_names_are_unique_and_lead_back_to_their_field():
    names = [field.name for field in fields()]
    assert len(set(names)) == len(names)
    for field in fields():
        assert find(field.name) is field
        assert find(field.path) is field


def test_a_name_that_two_sections_have_carries_its_section():
    assert find("source") is None
    assert find("data_source").path == "data.source"
    assert find("model_source").path == "model.source"
    assert find("learning_rate").path == "train.learning_rate"


def test_a_field_knows_its_section_type_and_default():
    rows = find("max_train_rows")
    assert (rows.section, rows.type, rows.optional, rows.default) == ("data", int, True, 2000)
    assert find("task").section == ""
    assert find("columns").type is dict
    assert find("labels").type is list


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.path)
def test_every_field_is_described_and_its_default_lies_in_its_domain(field):
    domain = field.domain
    assert domain.help
    assert "\n" not in domain.help
    assert "#" not in domain.help + domain.describe()
    assert "=" not in domain.help + domain.describe(), "papermill reads no line with two ="
    assert domain.fault(field.default) == ""
    if domain.low is not None:
        assert domain.low < domain.high
    if domain.log:
        assert domain.low > 0, "a log scale has no zero"
    if field.type in (int, float) and not domain.choices:
        assert domain.low is not None, "a slider needs two ends"
        assert domain.high is not None


RANGED = [field for field in fields() if field.domain.low is not None]


@pytest.mark.parametrize("field", RANGED, ids=lambda field: field.path)
def test_numbers_outside_the_domain_are_refused_and_its_ends_are_not(field):
    section, _, name = field.path.rpartition(".")
    for inside in (field.domain.low, field.domain.high):
        build({section: {name: inside}})
    for outside in (field.domain.low - 1, field.domain.high + 1):
        with pytest.raises(SpecError, match=f"{field.path}: .* does not fit; choose at"):
            build({section: {name: outside}})


@pytest.mark.parametrize(
    ("domain", "value", "fault"),
    [
        (Domain("x", 0, 10), 11, "choose at most 10"),
        (Domain("x", 0, 10, unit="rows"), -1, "choose at least 0 rows"),
        (Domain("x", 1e-7, 0.1), 1e-8, "choose at least 1e-07"),
        (Domain("x", choices=("a", "b")), "c", "choose one of a, b"),
        (Domain("x", 0, 10), 10, ""),
        (Domain("x", 0, 10), None, ""),
        (Domain("x"), "anything", ""),
    ],
)
def test_a_domain_says_how_to_mend_a_value(domain, value, fault):
    assert domain.fault(value) == fault


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (Domain("x", 0, 10), "0 to 10"),
        (Domain("x", 1e-7, 0.1, log=True), "1e-07 to 0.1, log scale"),
        (Domain("x", 4, 512, unit="tokens"), "4 to 512 tokens"),
        (Domain("x", choices=("a", "b")), "a | b"),
        (Domain("x", unit="rows"), "rows"),
        (Domain("x"), ""),
    ],
)
def test_a_domain_describes_itself(domain, words):
    assert domain.describe() == words


def test_a_spec_never_changes_once_made():
    with pytest.raises(ValidationError):
        RunSpec().train.seed = 1


def test_replace_makes_a_new_spec_by_path_or_short_name():
    spec = RunSpec().replace({"train.seed": 1, "max_tokens": 64})
    assert (spec.train.seed, spec.data.max_tokens) == (1, 64)
    assert (RunSpec().train.seed, RunSpec().data.max_tokens) == (42, 128)


def test_train_uses_the_names_of_transformers():
    transformers = pytest.importorskip("transformers")
    own = {"precision", "replay"}  # bf16 and fp16 there
    # What is minimised; a Trainer is given it as a function, or leaves it to a collator.
    own |= {"loss", "huber_delta", "focal_gamma", "class_weights", "label_weights"}
    own |= {"completion_only_loss", "assistant_turns", "custom_loss", "custom_metrics"}
    own |= {"mlm_probability", "whole_word_mask"}
    theirs = set(transformers.TrainingArguments.__dataclass_fields__)
    ours = {field.path.removeprefix("train.") for field in fields() if field.section == "train"}
    assert ours - theirs <= own | {"early_stopping_patience"}  # of EarlyStoppingCallback


def test_every_field_is_read_somewhere_outside_the_spec():
    """A control that nothing reads would be a promise that nobody keeps."""
    package = Path(workbench.__file__).parent
    code = "\n".join(
        path.read_text("utf-8")
        for path in package.rglob("*.py")
        if "spec" not in path.relative_to(package).parts
    )
    names = [field.path.rpartition(".")[2] for field in fields()]
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []
