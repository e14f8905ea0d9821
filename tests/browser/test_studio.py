"""The studio as a learner meets it: form, Start, the growing curve, scores, heatmap, report."""

import shutil

import nbformat
import pytest

from tests.browser.lab import ROOT
from tests.tiny_runs import tiny_spec
from workbench.runs import RunFolder, read_state
from workbench.spec import RunSpec, to_cell

pytestmark = pytest.mark.browser


@pytest.fixture
def open_studio(open_page):
    """Return a function that opens the studio on a tiny model and runs all cells."""

    def start(name, language="en", **changes):
        lab = open_page(language, (1280, 1000))
        shutil.rmtree(lab.lab.root / "runs", ignore_errors=True)
        spec = tiny_spec(lab.lab.root, **{"output.language": "auto", **changes})
        lab.open(copy_studio(lab.lab.root, name, spec))
        lab.run_all(seconds=180)
        return lab

    return start


def copy_studio(root, name, spec: RunSpec) -> str:
    """Copy the studio into a Lab's folder, with another spec in its parameters cell."""
    notebook = nbformat.read(ROOT / "notebooks" / "studio.ipynb", as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = to_cell(spec)
    nbformat.write(notebook, root / f"{name}.ipynb")
    return f"{name}.ipynb"


def field(lab, name):
    return lab.page.locator(f".wb-form [data-field={name}]")


def wait_for_word(page, word):
    """Walk over the heatmap's first row by keyboard until a token reads as `word`."""
    for _ in range(60):
        heat = page.locator(".wb-attention .wb-heat").first
        heat.focus()
        page.keyboard.press("Home")
        for _ in range(8):
            page.keyboard.press("ArrowRight")
            if word in page.locator(".wb-attention .wb-cell").first.inner_text():
                return
        page.wait_for_timeout(250)
    raise AssertionError(f"no token {word!r} under the heatmap's keyboard cursor")


def press(lab, words):
    lab.page.get_by_role("button", name=words).click()


@pytest.mark.parametrize(
    ("language", "start", "finished", "confusion", "look"),
    [
        ("en", "Start training", "Finished.", "Confusion matrix", "Show attention"),
        ("zh", "开始训练", "训练完成。", "混淆矩阵", "查看注意力"),
    ],
)
def test_from_sliders_to_report(open_studio, language, start, finished, confusion, look):
    lab = open_studio(f"studio-{language}", language)
    page = lab.page
    lab.screenshot(f"studio-{language}-form")
    box = field(lab, "num_train_epochs").get_by_role("textbox")
    box.fill("12")
    page.wait_for_function(
        "document.querySelector('.wb-spec pre').textContent.includes('-p num_train_epochs 12')"
    )
    press(lab, start)
    page.locator(".wb-live canvas").first.wait_for(timeout=60_000)
    page.wait_for_function(
        "/[1-9]\\d*\\D+84/.test(document.querySelector('.wb-live .wb-state')?.textContent)",
        timeout=60_000,
    )
    lab.screenshot(f"studio-{language}-live", page.locator(".wb-live").first)
    page.get_by_role("status").filter(has_text=finished).wait_for(timeout=120_000)
    page.wait_for_function(
        "words => [...document.querySelectorAll('.js-plotly-plot .gtitle')]"
        ".some(title => title.textContent.includes(words))",
        arg=confusion,
        timeout=60_000,
    )
    page.locator(".wb-attention canvas").first.wait_for()
    desk = page.locator(".wb-attention:visible")
    desk.get_by_label("Sentence" if language == "en" else "句子").fill("the food was terrible")
    desk.get_by_role("button", name=look, exact=True).click()
    wait_for_word(page, "food")
    for number, place in enumerate(page.locator(".jp-Notebook .jp-CodeCell").all()):
        place.scroll_into_view_if_needed()
        lab.screenshot(f"studio-{language}-cell-{number}", place)
    (run,) = (lab.lab.root / "runs").iterdir()
    assert (run / "report.html").is_file()
    shutil.rmtree(run)


@pytest.mark.parametrize(
    ("language", "theme", "find", "use", "result"),
    [
        ("en", "JupyterLab Light", "Find a learning rate", "Use ", "Try a learning rate of"),
        ("zh", "JupyterLab Dark", "查找学习率", "采用 ", "建议学习率"),
    ],
)
def test_a_learning_rate_is_looked_for_and_put_into_the_form(
    open_studio, language, theme, find, use, result
):
    lab = open_studio(f"studio-rate-{language}", language, **{"train.learning_rate": 1.23e-4})
    lab.command("apputils:change-theme", theme=theme)
    page = lab.page
    box = field(lab, "learning_rate").get_by_role("textbox")
    slider = field(lab, "learning_rate").get_by_role("slider")
    place = page.locator(".jp-Notebook .jp-CodeCell").filter(has_text="studio.find_rate()")
    assert box.input_value() == "0.000123"
    before = slider.get_attribute("aria-valuetext")
    place.get_by_role("button", name=find).click()
    take = place.get_by_role("button", name=use)
    take.wait_for(timeout=120_000)
    place.locator(".js-plotly-plot").wait_for(timeout=30_000)
    assert result in place.inner_text()
    assert box.input_value() == "0.000123"
    place.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    lab.screenshot(f"studio-rate-{language}", place)
    rate = float(take.inner_text().strip().removeprefix(use))
    take.click()
    page.wait_for_function(
        "rate => Number(document.querySelector('.wb-form [data-field=learning_rate] "
        "input[type=text]').value) === rate",
        arg=rate,
    )
    assert slider.get_attribute("aria-valuetext") != before
    page.wait_for_function(
        """rate => [...document.querySelectorAll(".wb-spec pre")].every((text) =>
            Number(text.textContent.match(/learning_rate:? ([0-9.e-]+)/)?.[1]) === rate)""",
        arg=rate,
    )


def test_the_finder_leaves_the_cells_free_and_can_be_stopped(open_studio):
    slow = {"train.per_device_train_batch_size": 8, "train.gradient_accumulation_steps": 128}
    lab = open_studio("studio-rate-stop", **slow)
    place = lab.page.locator(".jp-Notebook .jp-CodeCell").filter(has_text="studio.find_rate()")
    place.get_by_role("button", name="Find a learning rate").click()
    at_work = place.get_by_role("status").filter(has_text="of 60")
    at_work.wait_for(timeout=60_000)
    lab.command("notebook:insert-cell-below")
    lab.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel"
        ".setSource('print(6 * 7)')"
    )
    lab.command("notebook:run-cell")
    lab.page.locator(".jp-OutputArea-output").get_by_text("42", exact=True).wait_for()
    assert at_work.is_visible()
    place.get_by_role("button", name="Stop").click()
    place.get_by_role("status").filter(has_text="Stopped").wait_for(timeout=30_000)
    place.get_by_role("button", name="Find a learning rate").wait_for()
    assert place.locator(".js-plotly-plot").count() == 0


def test_a_fault_is_shown_where_it_arises_and_run_all_goes_on(open_studio):
    lab = open_studio("studio-fault", **{"data.source": "absent.csv"})
    lab.page.get_by_role("alert").filter(has_text="absent.csv").first.wait_for()
    press(lab, "Start training")
    lab.page.get_by_role("alert").filter(has_text="absent.csv").last.wait_for()
    assert not (lab.lab.root / "runs").exists() or not list((lab.lab.root / "runs").iterdir())


def test_the_studio_works_by_keyboard_alone(open_studio):
    lab = open_studio("studio-keys")
    button = lab.page.get_by_role("button", name="Start training")
    button.focus()
    lab.page.keyboard.press("Enter")
    lab.page.get_by_role("status").filter(has_text="Finished.").wait_for(timeout=120_000)
    (run,) = (lab.lab.root / "runs").iterdir()
    assert read_state(RunFolder(run)).status == "finished"
    assert (run / "model" / "model.safetensors").is_file()
    # What had the focus still has it: the keyboard is not thrown back to the top of the page.
    assert lab.page.evaluate("document.activeElement.textContent").strip() == "Start training"
    shutil.rmtree(run)
