"""The specs that ship with the package."""

from __future__ import annotations

import pytest

from workbench.language import LANGUAGES, using
from workbench.spec import (
    RunSpec,
    changes,
    first_recipe,
    load,
    offered_recipes,
    recipe_names,
    recipe_text,
    recipe_title,
)


def test_the_promised_recipes_are_there():
    assert {"quickstart", "sst2-bert", "stsb", "toxicity", "wnut17", "policyqa"} <= set(
        recipe_names()
    )
    assert {"xsum", "aclsum", "names-ja", "interface-en-zh", "interface-zh-ja"} <= set(
        recipe_names()
    )


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_a_valid_spec_with_a_title(name):
    assert isinstance(load(name), RunSpec)
    for title in recipe_text(name).splitlines()[:2]:
        assert title.startswith("# ")
        assert len(title) <= 100
    assert recipe_title(name, "en").isascii()
    assert any("一" <= letter <= "鿿" for letter in recipe_title(name, "zh"))


def test_quickstart_is_what_the_defaults_say():
    assert load("quickstart") == RunSpec()


def test_a_first_run_is_in_the_language_of_the_reader():
    for language in LANGUAGES:
        first = first_recipe(language)
        assert offered_recipes(language)[0] == first
        assert sorted(offered_recipes(language)) == recipe_names()
    assert (first_recipe("en"), first_recipe("zh")) == ("quickstart", "quickstart-zh")
    chinese = load("quickstart-zh")
    assert chinese.output.language == "zh"
    assert (chinese.data.source, chinese.model.source) == (
        "wheel:reviews-zh", "wheel:e5-multilingual",
    )  # fmt: skip
    with using("zh"):
        assert offered_recipes()[0] == "quickstart-zh"


def test_sst2_bert_is_the_guides_example_to_the_letter():
    spec = load("sst2-bert")
    assert spec.task == "text-classification"
    assert spec.model.source == "google-bert/bert-base-uncased"
    assert spec.data.source == "nyu-mll/glue:sst2"
    assert (spec.data.train_split, spec.data.validation_split) == ("train", "validation")
    assert (spec.data.max_train_rows, spec.data.max_validation_rows) == (None, None)
    assert spec.train.num_train_epochs == 3
    assert spec.train.per_device_train_batch_size == 16
    assert spec.train.per_device_eval_batch_size == 64
    assert spec.train.warmup_steps == 500
    assert spec.train.weight_decay == 0.01
    # What the guide leaves to TrainingArguments has its defaults there.
    assert spec.train.learning_rate == 5e-5
    assert spec.train.lr_scheduler_type == "linear"
    assert spec.train.gradient_accumulation_steps == 1


def test_sst2_bert_changes_nothing_else_of_the_training():
    train = {name for name in changes(load("sst2-bert")) if name in RunSpec().train.model_fields_set
             or name in type(RunSpec().train).model_fields}  # fmt: skip
    assert train == {"learning_rate", "num_train_epochs", "warmup_steps", "eval_steps"}
