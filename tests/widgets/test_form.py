import pytest
from hypothesis import given, settings

from tests.spec_strategy import run_specs
from workbench.errors import DataError
from workbench.language import catalogue, using
from workbench.spec import Field, RunSpec, SpecError, fields, from_yaml, recipe_text
from workbench.widgets.entries import number, parse
from workbench.widgets.form import BASIC, SpecForm, help_line

FORM = SpecForm()


def type_into(form: SpecForm, **entries: object) -> None:
    """Do what the browser does when someone types."""
    form.entries = {**form.entries, **entries}


@given(run_specs())
@settings(max_examples=60)
def test_spec_to_form_to_spec_is_the_identity(spec):
    FORM.set_spec(spec)
    assert FORM.spec == spec
    assert FORM.fault_text == ""


def test_a_value_between_two_stops_of_the_slider_is_kept_exactly():
    spec = RunSpec().replace({"learning_rate": 1.2345678901234567e-5, "max_tokens": 129})
    form = SpecForm(spec)
    type_into(form, seed="7")
    assert form.spec == spec.replace({"seed": 7})


def test_a_typed_value_outside_the_domain_is_kept_and_named():
    form = SpecForm()
    type_into(form, learning_rate="7", seed="x")
    assert form.entries["learning_rate"] == "7"
    assert form.faults == {
        "learning_rate": "7.0 does not fit; choose at most 0.1",
        "seed": "'x' does not fit; give a whole number",
    }
    assert form.fault_text == (
        "train.learning_rate: 7.0 does not fit; choose at most 0.1\n"
        "train.seed: 'x' does not fit; give a whole number"
    )
    with pytest.raises(SpecError, match="the form has 2 errors"):
        _ = form.spec


def test_a_fault_stands_beside_its_field_in_chinese_too():
    form = SpecForm()
    with using("zh"):
        type_into(form, seed="x")
    assert form.faults == {"seed": "'x' 不合适；请填整数"}


def violations(field: Field) -> dict[str, object]:
    """Return entries that the field cannot hold, by the code of the fault."""
    domain, found = field.domain, {}
    if domain.choices and field.type is not bool:
        found["no_such_choice"] = "nonsense"
    if field.type in (int, float):
        found["not_int" if field.type is int else "not_float"] = "x"
        if domain.low is not None:
            found["too_small"] = str(int(domain.low) - 1)
        if domain.high is not None:
            found["too_large"] = str(int(domain.high) + 1)
    if field.type is float:
        found["not_finite"] = "nan"
    if field.type is bool:
        found["not_bool"] = "perhaps"
    if field.type is list:
        # To `data.cleaning`, a text or a number alone is a list of one step.
        found |= {"bad_step": "nonsense"} if field.name == "cleaning" else {"not_list": "{a: b}"}
    if field.type is dict:
        found["not_dict"] = "[1]"
    if field.path == "data.header":
        found["no_such_choice"] = "0"
    return found


VIOLATIONS = [(field, *one) for field in fields() for one in violations(field).items()]
# A text may say anything; whether there is such a file or column is found later.
ANYTHING_GOES = [
    field.path
    for field in fields()
    if field.type is str and not field.domain.choices and field.path != "data.header"
]


def test_every_field_can_be_violated_but_texts():
    assert {field.path for field, _, _ in VIOLATIONS} | set(ANYTHING_GOES) == {
        field.path for field in fields()
    }


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_form_finds_the_field_of_every_violation(spoken):
    form = SpecForm()
    right = form.entries
    with using(spoken):
        for field, code, entry in VIOLATIONS:
            form.entries = {**right, field.name: entry}
            with pytest.raises(SpecError) as raised:
                _ = form.spec
            [fault] = raised.value.faults
            assert (fault.path, fault.code) == (field.path, code)
            assert fault.remedy
            assert repr(fault.value) == repr(parse(field, entry))
            assert form.faults == {field.name: str(fault)}
            assert field.path not in str(fault)
            assert form.fault_text.startswith(field.path)


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_all_fields_at_fault_are_found_at_once(spoken):
    first = {field.name: entry for field, _, entry in reversed(VIOLATIONS)}
    form = SpecForm()
    with using(spoken):
        type_into(form, **first)
    assert set(form.faults) == set(first)


def test_a_list_that_is_wrong_all_over_hides_no_other_fault():
    form = SpecForm()
    type_into(form, labels=str([[n] for n in range(500)]), seed="x")
    assert set(form.faults) == {"labels", "seed"}
    assert "and 480 more errors" in form.fault_text


def test_prose_that_names_another_field_marks_only_its_own():
    """A name of another field in a value or remedy is no path."""
    form = SpecForm()
    type_into(form, seed="train.learning_rate: x", labels="['train.seed: y', [3]]")
    assert set(form.faults) == {"seed", "labels"}
    assert "train.seed" not in form.faults["labels"]


def test_a_fault_found_later_is_shown_beside_its_field_until_something_changes():
    form = SpecForm()
    form.mark(DataError("no file", "check it").at("data.source", "a.csv", "no_file").faults)
    form.mark(DataError("not of a setting").faults)
    assert form.faults == {"data_source": "no file; check it"}
    type_into(form, seed="8")
    assert form.faults == {}


def test_a_mended_fault_disappears():
    form = SpecForm()
    type_into(form, seed="x")
    type_into(form, seed="8")
    assert form.faults == {}
    assert form.spec.train.seed == 8


def test_an_empty_box_of_an_optional_field_means_not_set():
    form = SpecForm()
    type_into(form, max_train_rows="")
    assert form.spec.data.max_train_rows is None


def test_lists_and_mappings_are_typed_as_yaml():
    form = SpecForm()
    type_into(form, columns="{text: review, label: 2}", labels="[good, bad]")
    assert form.spec.data.columns == {"text": "review", "label": 2}
    assert form.spec.data.labels == ["good", "bad"]


def test_entries_that_a_front_end_leaves_out_or_invents_do_no_harm():
    form = SpecForm()
    form.entries = {"nonsense": "1"}
    assert "train.learning_rate" in form.fault_text


def test_every_change_is_reported_even_a_faulty_one():
    form, seen = SpecForm(), []
    form.on_change(lambda f: seen.append(f.fault_text))
    type_into(form, seed="x")
    type_into(form, seed="1")
    assert seen == ["train.seed: 'x' does not fit; give a whole number", ""]


def test_a_recipe_sets_the_whole_form_and_is_named_only_while_it_holds():
    form = SpecForm()
    assert form.recipe == "quickstart"
    form.recipe = "sst2-bert"
    assert form.spec == from_yaml(recipe_text("sst2-bert"))
    type_into(form, seed="1")
    assert form.recipe == ""


def ask(form: SpecForm, kind: str) -> None:
    """Do what the browser does when a button is pressed."""
    form._received(form, {"kind": kind}, [])


def test_a_recipe_leaves_what_was_set_by_hand_and_says_what_it_would_have_set():
    form = SpecForm(language="en")
    type_into(form, learning_rate="0.0123", seed="7")
    form.recipe = "sst2-bert"
    recipe = from_yaml(recipe_text("sst2-bert"))
    assert form.spec == recipe.replace({"learning_rate": 0.0123, "seed": 7})
    assert form.notice["text"].startswith("sst2-bert: ")
    assert form.notice["kept"] == [
        f"Learning rate: 0.0123 (recipe: {number(recipe.train.learning_rate)})",
        f"Random seed: 7 (recipe: {recipe.train.seed})",
    ]
    ask(form, "take_recipe")
    assert form.spec == recipe
    assert form.notice["kept"] == []


def test_a_recipe_is_undone_even_where_something_unreadable_was_typed():
    form = SpecForm(language="en")
    type_into(form, learning_rate="0.0123", data_source="mine.csv", seed="x")
    before = dict(form.entries)
    for first in ("undo_recipe", "take_recipe"):
        form.recipe = "sst2-bert"
        ask(form, first)
        ask(form, "undo_recipe")
        assert form.entries == before
        assert form.notice == {}
        assert "seed" in form.faults


def test_what_is_typed_after_a_recipe_is_not_undone():
    form = SpecForm(language="en")
    form.recipe = "sst2-bert"
    assert form.notice["text"]
    type_into(form, seed="9")
    assert form.notice == {}
    ask(form, "undo_recipe")
    assert form.spec.train.seed == 9
    assert form.spec.model.source == "google-bert/bert-base-uncased"


def test_fields_are_compared_with_the_recipe_that_the_form_began_from():
    form = SpecForm(language="en")
    assert form.base == form.entries
    form.recipe = "sst2-bert"
    assert form.base == form.entries
    type_into(form, seed="9")
    assert [name for name in form.base if form.base[name] != form.entries[name]] == ["seed"]
    form.set_spec(form.spec.replace({"learning_rate": 0.5e-3}))
    assert form.base["learning_rate"] != form.entries["learning_rate"]


def test_every_field_is_in_the_form_once():
    names = [f["name"] for g in FORM.schema["groups"] for f in (*g["basic"], *g["more"])]
    assert sorted(names) == sorted(field.name for field in fields())
    assert {f.path for f in fields()} >= set(BASIC)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_field_has_label_help_and_unit_in_both_languages(language):
    strings = catalogue(language)
    for field in fields():
        assert strings[f"form.label.{field.path}"].strip()
        assert len(help_line(field, language)) > 5
        if field.domain.unit:
            assert strings[f"form.unit.{field.domain.unit}"].strip()


def test_the_catalogues_say_nothing_about_fields_that_do_not_exist():
    paths = {field.path for field in fields()}
    for language in ("en", "zh"):
        for part in ("form.label.", "form.help."):
            keys = {k.removeprefix(part) for k in catalogue(language) if k.startswith(part)}
            assert keys <= paths


def test_the_form_speaks_the_language_it_is_given():
    labels = [f["label"] for f in SpecForm(language="zh").schema["groups"][0]["basic"]]
    assert labels[0] == "任务"


def test_a_field_names_the_tasks_that_heed_it_and_its_default():
    form = SpecForm(language="en")
    described = {
        field["name"]: field
        for group in form.schema["groups"]
        for field in (*group["basic"], *group["more"])
    }
    assert described["learning_rate"]["tasks"] == []
    assert described["huber_delta"]["tasks"] == ["text-regression"]
    assert described["huber_delta"]["default"] == "1"
