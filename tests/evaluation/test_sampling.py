"""How tokens are chosen: what is typed, what is said of it, and what `generate` is asked for."""

import pytest

from workbench.errors import InputError
from workbench.evaluation import sampling
from workbench.evaluation.sampling import Sampling, chosen, defaults, faults, within
from workbench.spec import RunSpec

SPEC = RunSpec().replace(
    {"generate.max_new_tokens": 12, "generate.sampling_seed": 5, "generate.num_beams": 3}
)


def test_by_itself_a_model_writes_as_its_spec_says():
    assert defaults(SPEC) == Sampling(max_new_tokens=12, seed=5)
    assert (
        defaults(SPEC).temperature,
        defaults(SPEC).top_p,
        defaults(SPEC).repetition_penalty,
    ) == (0, 1, 1)


def test_what_is_typed_takes_the_place_of_what_the_spec_says():
    typed = {"temperature": "0.5", "top_p": "0.9", "repetition_penalty": "1.2"}
    assert chosen(SPEC, typed) == Sampling(12, 5, 0.5, 0.9, 1.2)
    whole = chosen(SPEC, {"max_new_tokens": "40", "seed": "0"})
    assert whole == Sampling(40, 0)
    assert (type(whole.max_new_tokens), type(whole.seed)) == (int, int)
    assert type(chosen(SPEC, {"top_p": "1"}).top_p) is float
    assert chosen(SPEC, {}) == defaults(SPEC)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("temperature", 0, 2), ("top_p", 0.01, 1), ("repetition_penalty", 0.5, 2),
     ("max_new_tokens", 1, 4096), ("seed", 0, 2**32 - 1)],
)  # fmt: skip
def test_the_ends_of_a_range_fit_and_what_lies_beyond_does_not(name, low, high):
    assert faults({name: str(low)}) == {}
    assert faults({name: str(high)}) == {}
    step = 1 if isinstance(low, int) and name in ("max_new_tokens", "seed") else 0.001
    assert faults({name: str(low - step)})[name].startswith("choose at least")
    assert faults({name: str(high + step)})[name].startswith("choose at most")


def test_every_fault_is_found_and_the_first_is_reported():
    entries = {"temperature": "hot", "seed": "1.5", "top_p": "0.5"}
    assert faults(entries) == {
        "temperature": faults({"temperature": "x"})["temperature"],
        "seed": faults({"seed": "x"})["seed"],
    }
    assert faults({"temperature": "hot"})["temperature"] != faults({"seed": "1.5"})["seed"]
    with pytest.raises(InputError, match=r"temperature.*'hot'.*; "):
        chosen(SPEC, entries)
    with pytest.raises(InputError) as caught:
        chosen(SPEC, {"top_p": "9" * 100})
    assert len(caught.value.what) < 120
    assert "at most 1" in str(caught.value)


@pytest.mark.parametrize(("length", "whole"), [(58, True), (59, False)])
def test_what_was_typed_is_shown_up_to_sixty_characters(length, whole):
    with pytest.raises(InputError) as caught:
        chosen(SPEC, {"seed": "x" * length})
    assert (repr("x" * length) in str(caught.value)) == whole


@pytest.mark.parametrize(
    ("changes", "beams", "draws"),
    [({}, 3, False), ({"temperature": 0.7}, 1, True), ({"repetition_penalty": 1.3}, 3, False)],
)
def test_a_spec_asked_for_this_way_of_writing(changes, beams, draws):
    found = within(SPEC, Sampling(20, 9, **changes))
    asked = found.generate
    assert (asked.max_new_tokens, asked.num_beams, asked.do_sample) == (20, beams, draws)
    assert asked.sampling_seed == 9
    assert asked.repetition_penalty == changes.get("repetition_penalty", 1)
    assert asked.temperature == changes.get("temperature", 1)
    assert found.train == SPEC.train  # the seed of the answers is none of the training


def test_what_the_spec_draws_with_is_where_a_talk_begins():
    result = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "sampling_seed": 8}
    spec = SPEC.replace({f"generate.{name}": value for name, value in result.items()})
    assert defaults(spec) == Sampling(12, 8, 0.6, 0.9)
    assert within(spec, defaults(spec)).generate == spec.generate.model_copy(
        update={"num_beams": 1}
    )


def test_the_way_of_writing_is_reported_in_words():
    plain = RunSpec().replace({"generate.num_beams": 1})
    greedy = Sampling(12, 5).describe(plain, "en")
    beams = Sampling(12, 5).describe(SPEC, "en")
    two = SPEC.replace({"generate.num_beams": 2})
    assert Sampling(12, 5).describe(two, "en") == beams.replace("3", "2")
    drawn = Sampling(12, 5, temperature=0.75, top_p=0.9).describe(SPEC, "en")
    assert len({greedy, beams, drawn}) == 3
    assert "12" in greedy
    assert "3" in beams
    assert all(part in drawn for part in ("12", "5", "0.75", "0.9"))
    penalised = Sampling(12, 5, repetition_penalty=1.25).describe(plain, "en")
    assert penalised.startswith(greedy)
    assert "1.25" in penalised[len(greedy) :]
    assert Sampling(12, 5).describe(plain, "zh") != greedy


def test_every_field_of_a_way_of_writing_has_a_range():
    assert set(sampling.DOMAINS) == set(Sampling.__dataclass_fields__)
