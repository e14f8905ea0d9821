"""The form and the panel beside it, in a browser."""

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import ipywidgets
from workbench.widgets.form import SpecForm
from workbench.widgets.spec_panel import SpecPanel
form = SpecForm(suggestions={"data_source": ["wheel:tweets"], "model_source": ["wheel:minilm"]})
panel = SpecPanel(form)
"""

# Nodes of the form or the panel whose content does not fit into them.
CUT = """() => [...document.querySelectorAll(
    ".wb-form label, .wb-form p, .wb-form select, .wb-form .wb-control, .wb-spec *")]
    .filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0
        && getComputedStyle(node).overflowX !== "auto")
    .map((node) => node.outerHTML.slice(0, 200))"""


@pytest.fixture
def show_form(open_page):
    def show(name, language="en", theme="JupyterLab Light", size=(1280, 1000), kept=True):
        lab = open_page(language, size, kept)
        lab.open(lab.lab.write_notebook(f"{name}.ipynb", SETUP, "form", "panel"), theme)
        lab.run_all()
        lab.page.locator(".wb-form .wb-row").first.wait_for()
        lab.page.locator(".wb-spec pre").first.wait_for()
        return lab

    return show


def field(lab, name):
    return lab.page.locator(f".wb-form [data-field={name}]")


def test_dragging_a_slider_changes_the_line_and_the_yaml(show_form):
    lab = show_form("form-drag")
    slider = field(lab, "learning_rate").get_by_role("slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    lab.page.mouse.move(box["x"] + box["width"] * 0.456, middle)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    lab.page.mouse.up()
    typed = field(lab, "learning_rate").get_by_role("textbox").input_value()
    assert 1e-4 < float(typed) < 1e-2
    line, yaml = lab.page.locator(".wb-spec pre").all()
    lab.page.wait_for_function(
        "([line, value]) => Number(line.textContent.split(' -p learning_rate ')[1]) === value",
        arg=[line.element_handle(), float(typed)],
    )
    shown = yaml.inner_text().partition("learning_rate: ")[2].split()[0]
    assert float(shown) == float(typed)


def test_the_form_works_by_keyboard_alone(show_form):
    lab = show_form("form-keys")
    field(lab, "data_source").get_by_role("combobox").focus()
    for _ in range(2):
        lab.page.keyboard.press("Tab")
    assert lab.page.evaluate("document.activeElement.type") == "range"
    lab.page.keyboard.press("ArrowRight")
    assert field(lab, "max_train_rows").get_by_role("textbox").input_value() == "5000"
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.type("123")
    lab.page.wait_for_function(
        "document.querySelector('.wb-spec pre').textContent.includes('-p max_train_rows 123')"
    )
    lab.page.locator(".wb-form summary").first.focus()
    lab.page.keyboard.press("Enter")
    assert field(lab, "max_validation_rows").is_visible()
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 3


def test_a_fault_is_shown_beside_its_field_and_what_was_typed_stays(show_form):
    lab = show_form("form-fault")
    box = field(lab, "learning_rate").get_by_role("textbox")
    box.fill("7")
    alert = field(lab, "learning_rate").get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "7.0 does not fit; choose at most 0.1"
    assert box.input_value() == "7"
    assert "train.learning_rate" in lab.page.locator(".wb-spec .wb-faults").first.inner_text()
    assert lab.page.get_by_role("button", name="Copy: Command line").is_disabled()
    section = lab.page.locator(".wb-form fieldset").filter(
        has=lab.page.locator("[data-field=learning_rate]")
    )
    lab.screenshot("form-fault", section)
    box.fill("1e-3")
    alert.wait_for(state="hidden")


def test_pasted_yaml_sets_the_sliders_and_faulty_yaml_is_named_and_kept(show_form):
    lab = show_form("form-paste")
    panel = lab.page.locator(".wb-spec")
    panel.get_by_text("Set the form from YAML").click()
    area = panel.get_by_role("textbox")
    area.fill("train: {learning_rat: 1}")
    panel.get_by_role("button", name="Apply").click()
    panel.get_by_text("did you mean train.learning_rate?").wait_for()
    assert area.input_value() == "train: {learning_rat: 1}"
    lab.screenshot("panel-fault", panel)
    area.fill("train: {learning_rate: 2.5e-4, seed: 7}")
    panel.get_by_role("button", name="Apply").click()
    panel.get_by_text("The form shows these settings.").wait_for()
    assert field(lab, "learning_rate").get_by_role("textbox").input_value() == "0.00025"
    assert field(lab, "seed").get_by_role("textbox").input_value() == "7"


def test_the_line_is_copied_to_the_clipboard(show_form):
    lab = show_form("form-copy")
    lab.page.locator(".wb-recipe select").select_option("sst2-bert")
    line = lab.page.locator(".wb-spec pre").first
    line.get_by_text("google-bert/bert-base-uncased").wait_for()
    lab.page.get_by_role("button", name="Copy: Command line").click()
    lab.page.get_by_text("Copied").first.wait_for()
    assert lab.page.evaluate("navigator.clipboard.readText()") == line.inner_text()


def test_the_form_answers_while_a_cell_is_running(open_page):
    lab = open_page()
    busy = "import time; time.sleep(12); print('awake')"
    lab.open(lab.lab.write_notebook("form-busy.ipynb", SETUP, "form", "panel", busy))
    lab.start_all()
    lab.page.locator(".wb-spec pre").first.wait_for()
    field(lab, "seed").get_by_role("textbox").fill("7")
    lab.page.get_by_text("-p seed 7").wait_for(timeout=5_000)
    assert not lab.page.get_by_text("awake", exact=True).is_visible()


def test_after_a_reload_the_form_still_says_what_was_typed(show_form):
    lab = show_form("form-reload", kept=False)
    field(lab, "seed").get_by_role("textbox").fill("x7")
    field(lab, "seed").get_by_role("alert").wait_for()
    lab.command("docmanager:save")
    lab.page.reload()
    field(lab, "seed").get_by_role("alert").wait_for(timeout=60_000)
    assert field(lab, "seed").get_by_role("textbox").input_value() == "x7"


@pytest.mark.parametrize(("language", "theme"), [("en", "Light"), ("zh", "Dark")])
def test_no_label_is_cut_in_a_wide_or_a_narrow_notebook(show_form, language, theme):
    lab = show_form(f"form-{language}", language, f"JupyterLab {theme}", (1280, 3600))
    for summary in lab.page.locator(".wb-form summary:visible").all():
        summary.click()
    for name, width in (("wide", 1280), ("narrow", 560)):
        lab.page.set_viewport_size({"width": width, "height": 5200})
        lab.page.wait_for_timeout(300)
        lab.screenshot(f"form-{name}-{language}", lab.page.locator(".wb-form"))
        lab.screenshot(f"panel-{name}-{language}", lab.page.locator(".wb-spec"))
        assert lab.page.evaluate(CUT) == []


def test_fields_that_the_task_does_not_heed_are_out_of_sight_until_they_are_changed(show_form):
    lab = show_form("form-tasks")
    more = lab.page.locator(".wb-form .wb-more").filter(
        has=lab.page.locator("[data-field=label_smoothing_factor]")
    )
    more.locator("summary").click()
    smoothing, delta = field(lab, "label_smoothing_factor"), field(lab, "huber_delta")
    assert smoothing.is_visible()
    assert not delta.is_visible()
    smoothing.get_by_role("textbox").fill("0.1")
    field(lab, "task").locator("select").select_option("text-regression")
    delta.wait_for(state="visible")
    assert smoothing.is_visible(), "what was set must be seen"
    smoothing.get_by_role("textbox").fill("0")
    smoothing.wait_for(state="hidden")
