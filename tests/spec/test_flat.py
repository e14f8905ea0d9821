"""The flat face of a spec by hand: short names, paths, bases and faults."""

import pytest

from workbench.spec import RunSpec, SpecError, changes, fields, from_flat, to_flat


def test_every_field_stands_under_its_short_name_in_order():
    spec = RunSpec().replace({"train.learning_rate": 3e-4, "data.source": "a.csv"})
    flat = to_flat(spec)
    assert list(flat) == [field.name for field in fields()]
    assert (flat["task"], flat["learning_rate"]) == ("text-classification", 3e-4)
    assert (flat["data_source"], flat["model_source"]) == ("a.csv", RunSpec().model.source)
    assert flat["probes"] == RunSpec().inspect.probes
    for field in fields():
        section = getattr(spec, field.section) if field.section else spec
        assert flat[field.name] == getattr(section, field.path.split(".")[-1])


def test_names_and_paths_lead_to_the_same_field():
    assert from_flat({"data.source": "b"}) == from_flat({"data_source": "b"})
    assert from_flat({"task": "fill-mask"}).task == "fill-mask"
    assert from_flat({}) == RunSpec()
    # Of two names of one field the later one counts.
    assert from_flat({"data.source": "b", "data_source": "c"}).data.source == "c"


def test_what_is_named_goes_over_the_base_and_the_rest_stays():
    base = to_flat(RunSpec().replace({"train.seed": 7, "data.source": "a"}))
    found = from_flat({"train.seed": 8}, base=base)
    assert (found.train.seed, found.data.source) == (8, "a")
    assert from_flat({}, base={"seed": 9}).train.seed == 9


def test_all_faults_are_named_the_unknown_first():
    with pytest.raises(SpecError) as caught:
        from_flat({"seed": -1, "learning_rat": 1, "zzz": 2, "warmup_steps": -1}, where="here")
    faults = caught.value.lines
    assert len(faults) == 4
    assert ["learning_rat" in faults[0], "zzz" in faults[1]] == [True, True]
    assert ["(value 1)" in faults[0], "(value 2)" in faults[1]] == [True, True]
    assert ["train.warmup_steps" in faults[2], "train.seed" in faults[3]] == [True, True]
    assert "here" in str(caught.value)
    with pytest.raises(SpecError, match=r"here: .*zzz"):
        from_flat({"zzz": 2}, where="here")


def test_the_changes_are_the_fields_that_differ():
    spec = RunSpec().replace({"train.seed": 7, "data.source": "a"})
    assert changes(spec) == {"data_source": "a", "seed": 7}
    assert changes(RunSpec()) == {}
    base = RunSpec().replace({"data.source": "a"})
    assert changes(spec, base) == {"seed": 7}
    assert changes(base, spec) == {"seed": RunSpec().train.seed}
