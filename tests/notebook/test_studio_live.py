"""The studio as a live notebook builds it, here without a browser."""

import sys
from importlib import resources

import pytest

import workbench as wb
from tests.tiny_runs import tiny_spec
from workbench.errors import RunError
from workbench.labelling.journal import Journal, row_key
from workbench.language import text
from workbench.notebook import pages, sections
from workbench.notebook.sections import Studio, more_labels
from workbench.runs import RunFolder
from workbench.runs.lock import writer_lock
from workbench.runs.summary import announce
from workbench.spec import RunSpec, SpecError, to_flat
from workbench.widgets import finding
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


def test_the_sentences_fit_what_the_task_answers(studio):
    assert "classes" in studio._intro("data")
    assert "new head" in studio._intro("model")
    for task in ("text-generation", "summarization", "translation"):
        set_fields(studio, task=task)
        words = " ".join(studio._intro(name) for name in ("data", "model", "evaluation"))
        assert "class" not in words
        assert "new head" not in words
    set_fields(studio, task="fill-mask")
    assert "new head" not in studio._intro("model")
    set_fields(studio, task="text-regression")
    assert "new head" in studio._intro("model")
    assert "class" not in studio._intro("data") + studio._intro("evaluation")


def test_labels_made_after_run_all_are_used_and_told(studio, tmp_path, monkeypatch):
    journal = Journal(tmp_path / "labels.jsonl")

    def label(row, thing):
        key = row_key({"text": f"the {thing} was wonderful"}, ["text"])
        journal.decide(row, "train", key, "negative", who="ada")

    label(1, "film")
    set_fields(studio, corrections=str(journal.path))
    first = studio._prepare()
    assert first.spec.data.corrections.endswith("@1")
    assert studio._prepare().spec.data.corrections.endswith("@1")
    label(2, "flight")
    assert more_labels(first) == 1
    made = []
    panel = widgets.StartPanel
    monkeypatch.setattr(widgets, "StartPanel", lambda *given: made.append(panel(*given)) or made[0])
    monkeypatch.setattr(panel, "_watch", lambda panel, run: None)
    started = []
    monkeypatch.setattr(sections.worker, "start", lambda spec, prepared: started.append(spec))
    studio.train()
    made[0]._begin()
    assert started[0].data.corrections.endswith("@2")
    assert "1 entry" in made[0].remark


def test_another_language_draws_form_and_panel_anew(studio):
    legend = studio._form.schema["groups"][0]["title"]
    set_fields(studio, language="zh")
    assert studio._form.schema["groups"][0]["title"] != legend
    assert studio._form.language == "zh"
    set_fields(studio, language="en")
    assert studio._form.schema["groups"][0]["title"] == legend


@pytest.mark.parametrize(
    ("language", "changes", "recipe", "source"),
    [
        ("zh", {}, "quickstart-zh", "wheel:reviews-zh"),
        ("zh", {"output.language": "zh"}, "quickstart-zh", "wheel:reviews-zh"),
        ("zh", {"output.language": "en"}, "", "wheel:tweets"),
        ("zh", {"train.seed": 7}, "", "wheel:tweets"),
        ("en", {}, "quickstart", "wheel:tweets"),
        ("en", {"output.language": "zh"}, "quickstart-zh", "wheel:reviews-zh"),
    ],
)
def test_who_has_chosen_nothing_begins_with_the_first_run_of_the_language(
    language, changes, recipe, source, monkeypatch
):
    monkeypatch.setattr(sys.modules[Studio.__module__], "is_live", lambda: True)
    monkeypatch.setenv("WORKBENCH_LANGUAGE", language)
    studio = Studio(to_flat(RunSpec().replace(changes)))
    assert studio.spec.data.source == source
    assert studio._form.recipe == recipe
    assert next(iter(studio._form.schema["recipes"])) == (
        "quickstart-zh" if studio._form.language == "zh" else "quickstart"
    )


def test_headless_the_parameters_cell_has_the_last_word(monkeypatch):
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "zh")
    assert Studio(to_flat(RunSpec())).spec == RunSpec()


@pytest.fixture
def finder(studio, monkeypatch):
    """Return the learning-rate panel; `finder.shown` is what its places were filled with."""
    made = []
    panel, slots = finding.RatePanel, sys.modules[Studio.__module__].Slots

    def panel_noted(*arguments):
        made.append(panel(*arguments))
        return made[-1]

    shown = []
    monkeypatch.setattr(finding, "RatePanel", panel_noted)
    monkeypatch.setattr(slots, "fill", lambda _, bundles: shown.append(bundles))
    studio.find_rate()
    made[0].shown = shown
    return made[0]


def test_the_found_rate_goes_into_the_form_and_nothing_else_does(studio, finder):
    set_fields(studio, learning_rate=1.23e-4)  # no ramp suggests this
    before = studio.spec
    finder._press.click()
    finder.wait()
    ((result, figure, _),) = finder.shown
    assert "Try a learning rate of" in result["text/plain"]
    assert "application/vnd.plotly.v1+json" in figure
    assert studio.spec == before
    assert finder._use.layout.display is None
    finder._use.click()
    assert studio.spec != before
    assert studio.spec == before.replace({"train.learning_rate": finder._rate})
    assert f"{finder._rate:.1e}" in finder._status.value
    # Its own advice does not make it stale; another batch size does.
    assert finder._stale.value == ""
    set_fields(studio, per_device_train_batch_size=4)
    assert "Settings changed" in finder._stale.value


def test_a_second_press_stops_the_finder(studio, finder):
    steps = []
    follow = finder._follow

    def stop_at_five(done, count):
        steps.append(done)
        if done == 5:
            finder._press.click()
        follow(done, count)

    finder._follow = stop_at_five
    finder._press.click()
    finder.wait()
    assert steps == [1, 2, 3, 4, 5]
    assert "Stopped" in finder._status.value
    assert finder.shown == []
    assert finder._use.layout.display == "none"
    assert finder._press.description == "Find a learning rate"


def test_what_hinders_the_finder_is_said_beside_its_button(studio, finder):
    set_fields(studio, data_source="absent.csv")
    finder._press.click()
    finder.wait()
    assert "role='alert'" in finder._status.value
    assert "absent.csv" in finder._status.value
    assert finder.shown == []


def shown_by(studio, monkeypatch):
    """Return what the studio's places are filled with from now on."""
    shown = []
    slots = sys.modules[Studio.__module__].Slots
    monkeypatch.setattr(slots, "fill", lambda _, bundles: shown.extend(bundles))
    return shown


def test_opened_again_it_shows_the_results_of_the_last_run(tmp_path, studio, monkeypatch):
    assert studio.run is None
    run = wb.train(tiny_spec(tmp_path, **{"train.max_steps": 3}))
    again = Studio(to_flat(tiny_spec(tmp_path)))
    assert again.run.name == run.name
    shown = shown_by(again, monkeypatch)
    again.evaluation()
    result = [bundle["text/plain"] for bundle in shown]
    assert result[1] == text("studio.last_run", run=run.name)
    assert any("accuracy" in line for line in result)
    again.report()
    assert any(str(run.report_path) in str(bundle) for bundle in shown)


def test_a_finished_run_is_judged_in_a_sentence_with_a_link_to_its_report(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("WORKBENCH_NOTEBOOK_FOLDER", str(tmp_path / "notebooks"))
    run = wb.train(tiny_spec(tmp_path, **{"train.max_steps": 3}))
    (verdict,) = pages.verdict_page(run)
    accuracy = run.metrics()["metrics"]["accuracy"]
    assert f"{accuracy:.0%}"[:2] in verdict["text/plain"]
    assert verdict["text/plain"].startswith("The fine-tuned model gets")
    assert f'href="../runs/{run.name}/report.html"' in verdict["text/html"]


def test_a_saved_notebook_says_what_to_do_and_keeps_the_settings(studio):
    shown = widgets.last_state("task: a <b>")
    assert "Run All Cells" in shown["text/plain"]
    assert "task: a &lt;b&gt;" in shown["text/html"]
    sheet = resources.files("workbench.static").joinpath("form.css").read_text("utf-8")
    assert "[data-wb-language] .wb-saved { display: none; }" in sheet


def test_a_run_that_is_training_is_offered(tmp_path, studio, monkeypatch):
    spec = tiny_spec(tmp_path)
    run = RunFolder(tmp_path / "runs" / "elsewhere")
    run.path.mkdir(parents=True)
    run.write_spec(spec, {})
    made = []
    panel = widgets.StartPanel
    monkeypatch.setattr(widgets, "StartPanel", lambda *given: made.append(panel(*given)) or made[0])
    watched = []
    monkeypatch.setattr(widgets.RunOutputs, "fill", lambda _, run, *__: watched.append(run))
    with writer_lock(run):
        announce(run)
        Studio(to_flat(spec)).train()
        sentence, button = made[0]._offer.children
        assert "1 run is training" in sentence.value
        assert button.description == "Watch elsewhere"
        button.click()
    assert [one.name for one in watched] == ["elsewhere"]
    assert made[0]._offer.children == ()


def test_a_fault_at_the_start_is_reported_beside_the_button(studio, monkeypatch):
    made = []
    panel = widgets.StartPanel
    monkeypatch.setattr(widgets, "StartPanel", lambda *given: made.append(panel(*given)) or made[0])
    studio.train()
    set_fields(studio, data_source="absent.csv")
    made[0]._button.click()
    assert "role='alert'" in made[0]._status.value
    assert "absent.csv" in made[0]._status.value
    assert "absent.csv" in studio._form.faults["data_source"]
    assert studio.run is None
