"""A domain where pydantic checks it: on types made here, and what it says of itself."""

import math
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from workbench import language
from workbench.spec import Domain

RANGE = Domain("help", 2, 10, unit="rows")


def faults(kind: Any, domain: Domain, value: Any) -> list[tuple[str, str]]:
    """Return type and message of what pydantic finds wrong with a value."""
    adapter = TypeAdapter(Annotated[kind, domain])
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return [(entry["type"], entry["msg"]) for entry in error.errors()]
    return []


@pytest.mark.parametrize("value", [2, 3, 10])
def test_a_value_within_is_taken_as_it_is(value):
    assert TypeAdapter(Annotated[int, RANGE]).validate_python(value) == value
    assert TypeAdapter(Annotated[float, RANGE]).validate_python(value) == value


def test_a_text_of_a_number_is_read_first_and_then_checked():
    assert TypeAdapter(Annotated[int, RANGE]).validate_python("3") == 3
    assert faults(int, RANGE, "11") == [("domain", "choose at most 10 rows")]
    assert faults(int, RANGE, "1") == [("domain", "choose at least 2 rows")]


def test_true_is_no_number():
    low = Domain("help", 0, 1)
    assert faults(int, low, True)[0][0] == "int_type"
    assert faults(float, low, False)[0][0] == "float_type"
    assert faults(int | None, low, True)[0][0] == "int_type"
    assert faults(float | None, low, True)[0][0] == "float_type"
    assert faults(bool, Domain("help"), True) == []
    assert faults(bool | int, low, True) == []
    assert faults(int, low, 1) == []
    assert faults(str, Domain("help"), True)[0][0] == "string_type"


def test_none_lies_in_every_domain_of_a_field_that_may_be_empty():
    assert faults(int | None, RANGE, None) == []
    assert faults(int, RANGE, None)[0][0] == "int_type"


@pytest.mark.parametrize(
    ("domain", "value", "said"),
    [
        (RANGE, 1.999, "choose at least 2 rows"),
        (RANGE, 2, ""),
        (RANGE, 10, ""),
        (RANGE, 10.001, "choose at most 10 rows"),
        (Domain("help", low=0), -1e-9, "choose at least 0"),
        (Domain("help", low=0), 1e300, ""),
        (Domain("help", high=5), -1e300, ""),
        (Domain("help", high=5), 6, "choose at most 5"),
        (Domain("help", 1e-7, 0.1), 1e-8, "choose at least 1e-07"),
        (Domain("help", choices=("a", "b")), "c", "choose one of a, b"),
        (Domain("help", choices=("a", "b")), "b", ""),
        (Domain("help", choices=(1, 2), high=1), 3, "choose one of 1, 2"),
        (Domain("help"), "anything", ""),
        (RANGE, None, ""),
    ],
)
def test_why_a_value_lies_outside(domain, value, said):
    assert domain.fault(value) == said


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_lies_in_no_domain(value):
    for domain in (RANGE, Domain("help"), Domain("help", choices=("a",))):
        assert domain.fault(value) == language.text("spec.finite")
    assert domain.fault(value) != ""


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (RANGE, "2 to 10 rows"),
        (Domain("help", 1e-7, 0.1, log=True), "1e-07 to 0.1, log scale"),
        (Domain("help", 0, 1, unit="tokens", log=True), "0 to 1 tokens, log scale"),
        (Domain("help", choices=("a", "b"), low=1, high=2), "a | b"),
        (Domain("help", low=1, unit="rows"), "rows"),
        (Domain("help", high=1, unit="rows"), "rows"),
        (Domain("help"), ""),
    ],
)
def test_a_domain_in_words(domain, words):
    assert domain.describe() == words
