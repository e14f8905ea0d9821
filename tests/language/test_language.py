"""Which language the interface speaks, and how its strings are filled."""

from __future__ import annotations

import gettext
import locale

import pytest

from workbench import language
from workbench.errors import DataError

VARIABLES = ("WORKBENCH_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    return monkeypatch


@pytest.mark.parametrize("name", ["en", "zh"])
def test_a_language_that_is_named_is_spoken(environment, name):
    environment.setenv("WORKBENCH_LANGUAGE", "en" if name == "zh" else "zh")
    assert language.use(name) == name
    assert language.current() == name


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("WORKBENCH_LANGUAGE", "zh", "zh"),
        ("WORKBENCH_LANGUAGE", "ZH", "zh"),
        ("LANG", "zh_CN.UTF-8", "zh"),
        ("LC_ALL", "zh_TW", "zh"),
        ("LANG", "en_GB.UTF-8", "en"),
        ("LANG", "de_DE.UTF-8", "en"),
        ("LANG", "C", "en"),
    ],
)
def test_auto_follows_the_environment(environment, variable, value, expected):
    environment.setenv(variable, value)
    assert language.use("auto") == expected


def test_auto_prefers_our_own_variable_to_the_locale(environment):
    environment.setenv("LANG", "zh_CN.UTF-8")
    environment.setenv("WORKBENCH_LANGUAGE", "en")
    assert language.resolve("auto") == "en"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Chinese (Simplified)_China", "zh"), ("English_Ireland", "en"), (None, "en")],
)
def test_without_variables_auto_follows_the_locale_as_windows_names_it(environment, name, expected):
    environment.setattr(locale, "getlocale", lambda: (name, "936"))
    assert language.resolve("auto") == expected


@pytest.fixture
def catalogue(monkeypatch):
    strings = {
        "en": {"a.start": "Start {name}", "a.plain": "50 % {kept}"},
        "zh": {"a.start": "开始 {name}", "a.plain": "好"},
    }
    monkeypatch.setattr(language, "catalogue", strings.__getitem__)


def test_a_string_is_filled_by_keyword_in_the_current_language(catalogue):
    language.use("en")
    assert language.text("a.start", name="x") == "Start x"
    language.use("zh")
    assert language.text("a.start", name="x") == "开始 x"


def test_a_language_can_be_named_for_one_string(catalogue):
    language.use("en")
    assert language.text("a.start", "zh", name="x") == "开始 x"
    assert language.current() == "en"


def test_a_string_without_values_is_left_as_it_stands(catalogue):
    assert language.text("a.plain", "en") == "50 % {kept}"


def test_a_value_is_not_read_as_a_field(catalogue):
    assert language.text("a.start", "en", name="{0} {name}") == "Start {0} {name}"


@pytest.mark.parametrize("count", [0, 1, 2, 11, 21, 101])
def test_a_noun_has_the_form_that_gettext_gives_it(count):
    expected = gettext.NullTranslations().ngettext("row", "rows", count)
    assert language.translate("{count:,} {count:row|rows}", count=count) == f"{count} {expected}"
    assert (
        language.translate("{count} {count:row|rows}", count=f"{count:,}") == f"{count} {expected}"
    )


def test_a_noun_is_filled_in_strings_with_a_key_and_in_errors_too(monkeypatch):
    strings = {"en": {"a.b": "{count:is|are} {count}"}, "zh": {"a.b": "{count}"}}
    monkeypatch.setattr(language, "catalogue", strings.__getitem__)
    assert [language.text("a.b", "en", count=n) for n in (1, 2)] == ["is 1", "are 2"]
    assert language.text("a.b", "zh", count=1) == "1"
    assert str(DataError("{n} {n:row|rows} of {name!r}", n=1, name="a|b")) == "1 row of 'a|b'"


def test_fields_are_filled_as_str_format_fills_them():
    values = {"n": 1234.5, "name": "{x}", "error": DataError("a"), "row": {"a": 1}}
    for sentence in ("{n:,.1f} {name!r:>9} {error.what} {row[a]} {{n}}", "{n:{row[a]}.3g}"):
        assert language.translate(sentence, **values) == sentence.format(**values)


def test_an_unknown_key_is_an_error(catalogue):
    with pytest.raises(KeyError, match=r"a\.stop"):
        language.text("a.stop", "en")
