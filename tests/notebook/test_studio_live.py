"""The studio as a live notebook builds it, here without a browser."""

import sys

import pytest

from tests.tiny_runs import tiny_spec
from workbench.errors import RunError
from workbench.notebook.studio import Studio
from workbench.spec import SpecError, to_flat
from workbench.widgets import studio as widgets


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """Return a live studio on a tiny model; `studio.stale` tells what its sections say."""
    monkeypatch.setattr(sys.modules[Studio.__module__], "is_live", lambda: True)
    header = widgets.section_header
    stale = {}

    def header_noted(intro, button, words, act):
        tell = header(intro, button, words, act)
        place = len(stale)

        def noted(is_stale):
            stale[place] = is_stale
            tell(is_stale)

        return noted

    monkeypatch.setattr(widgets, "section_header", header_noted)
    made = Studio(to_flat(tiny_spec(tmp_path, **{"output.language": "auto"})))
    made.stale = stale
    return made


def set_fields(studio, **changes):
    studio._form.set_spec(studio._form.spec.replace(changes))


def test_a_field_that_needs_no_loading_is_checked_all_the_same(studio):
    studio._prepare()
    set_fields(studio, metric_for_best_model="acuracy")
    with pytest.raises(SpecError, match="'acuracy' does not fit; choose accuracy"):
        studio._prepare()
    set_fields(studio, metric_for_best_model="loss", replay="no-such-run")
    with pytest.raises(RunError, match="no run 'no-such-run'"):
        studio._prepare()


def test_sections_say_when_the_form_has_left_them_behind(studio):
    studio.data()
    studio.model()
    studio.cost()
    assert studio.stale == {0: False, 1: False, 2: False}
    set_fields(studio, learning_rate=1e-3)
    assert studio.stale == {0: False, 1: False, 2: True}
    set_fields(studio, max_tokens=8)
    assert studio.stale == {0: True, 1: True, 2: True}
    set_fields(studio, max_tokens=16, learning_rate=5e-3)
    assert studio.stale == {0: False, 1: False, 2: False}


def test_another_language_draws_form_and_panel_anew(studio):
    legend = studio._form.schema["groups"][0]["title"]
    set_fields(studio, language="zh")
    assert studio._form.schema["groups"][0]["title"] != legend
    assert studio._form.language == "zh"
    set_fields(studio, language="en")
    assert studio._form.schema["groups"][0]["title"] == legend
