from __future__ import annotations

from dataclasses import fields, replace

import pytest
from figures.examples import profile

from workbench import language
from workbench.reporting import card_facts
from workbench.reporting.facts import data_facts, duration, size, value


@pytest.fixture(autouse=True)
def english():
    language.use("en")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (4800, "1 h 20 min")],
)
def test_durations_are_short(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(45_014, "45 kB"), (1_230_000, "1.2 MB"), (91_000_000, "91 MB"), (2_340_000_000, "2.3 GB")],
)
def test_sizes_have_a_fitting_unit(count, shown):
    assert size(count) == shown


@pytest.mark.parametrize(
    ("name", "held", "shown"),
    [
        ("parameters", 22_713_986, "22,713,986"),
        ("size_bytes", 91_000_000, "91 MB"),
        ("pretrained", True, "yes"),
        ("labels", ["a", "b"], "a, b"),
        ("share", 0.123456, "0.1235"),
        ("columns", {"text": "review", "label": 3}, "text: review, label: 3"),
    ],
)
def test_values_are_written_by_type_and_unit(name, held, shown):
    assert value(name, held) == shown


def test_a_card_names_its_facts_and_leaves_out_what_is_not_known():
    facts = card_facts(
        {"layers": 6, "context_tokens": 0, "licence": "", "pretrained": False, "odd_fact": "x"}
    )
    assert facts == {"Layers": "6", "Pretrained": "no", "odd fact": "x"}


def test_data_facts_name_what_was_detected_and_the_rows_of_each_split():
    known = replace(profile(), detected={"encoding": "gb18030", "split": "20% held out"})
    assert data_facts(known) == {
        "Source": "tweets.csv",
        "Encoding": "gb18030",
        "Split": "20% held out",
        "Rows": "Training 2,000, Validation 500",
        "Columns": "text ← text, label ← mood",
        "Max length (tokens)": "48",
        "Truncated training rows": "3.2%",
        "Fingerprint": "0123",
    }


def test_every_field_of_a_model_card_has_a_name_in_both_languages():
    from workbench.models import ModelCard

    for lang in language.LANGUAGES:
        known = language.catalogue(lang)
        for field in fields(ModelCard):
            if field.name not in ("batch", "tokens", "trainable_share"):
                assert f"report.model.{field.name}" in known
