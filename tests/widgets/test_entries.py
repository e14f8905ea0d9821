from hypothesis import given
from hypothesis import strategies as st

from tests.spec_strategy import texts, values
from workbench.spec import Domain, Field, fields, find, parse_value
from workbench.widgets.entries import entry, kind, number, one_line, parse, slider_values

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
    max_leaves=6,
)


def field(kind_of: type, optional: bool = False, **domain: object) -> Field:
    return Field("train.x", "x", kind_of, optional, None, Domain("help", **domain))


@given(st.lists(plain, max_size=3) | st.dictionaries(texts(), plain, max_size=3))
def test_one_line_is_one_line_and_reads_back_as_the_same_value(value):
    line = one_line(value)
    assert "\n" not in line
    assert parse_value(line) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_loses_no_digit(value):
    assert float(number(value)) == value


def test_numbers_are_written_as_people_write_them():
    assert [number(v) for v in (5e-05, 1.0, 16, 0.1, 1e20)] == ["5e-5", "1", "16", "0.1", "1e20"]


def test_numbers_and_collections_survive_being_typed():
    for one in fields():
        if one.type in (int, float, list, dict, bool):
            assert parse(one, entry(one, one.default)) == one.default


@given(st.sampled_from([f for f in fields() if f.type in (int, float)]).flatmap(
    lambda f: st.tuples(st.just(f), values(f))
))  # fmt: skip
def test_any_number_of_the_domain_survives_being_typed(case):
    one, value = case
    assert parse(one, entry(one, value)) == value


def test_what_cannot_be_read_stays_a_text():
    assert parse(field(int), " twelve ") == "twelve"
    assert parse(field(float), "1,5") == "1,5"
    assert parse(field(list), "no list") == "no list"
    assert parse(field(int, optional=True), " ") is None
    assert parse(field(list), "") == []


def test_sliders_between_powers_of_two_stop_at_powers_of_two():
    assert slider_values(field(int, low=4, high=64, log=True)) == [4, 8, 16, 32, 64]


def test_other_log_sliders_stop_at_round_numbers_within_the_domain():
    assert slider_values(field(int, low=1, high=100, log=True)) == [1, 2, 5, 10, 20, 50, 100]
    stops = slider_values(field(float, low=1e-7, high=1e-1, log=True))
    assert stops[0] == 1e-7
    assert stops[-1] == 1e-1
    assert 5e-5 in stops
    assert 3e-5 in stops


def test_stepped_sliders_stop_at_multiples_and_at_both_ends():
    assert slider_values(field(float, low=0.01, high=2, step=0.5)) == [0.01, 0.5, 1.0, 1.5, 2.0]


def test_a_field_without_scale_or_step_has_no_slider():
    assert slider_values(field(int, low=0, high=9)) == []
    assert kind(field(int, low=0, high=9)) == "text"


def test_every_slider_can_show_the_default_or_a_neighbour_and_never_leaves_its_domain():
    for one in fields():
        for value in slider_values(one):
            assert one.domain.fault(value) == ""
            assert parse(one, number(value)) == value


def test_the_input_follows_from_type_and_domain():
    assert kind(find("train.learning_rate")) == "slider"
    assert kind(find("task")) == "choice"
    assert kind(find("evaluate.baselines")) == "check"
    assert kind(find("data.source")) == "text"
