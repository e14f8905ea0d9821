"""What views say and keep when their kernel is gone, or when their tab was closed at the end."""

import pytest

from tests.browser.test_live import Run, painted
from workbench.runs import RunFolder
from workbench.runs.lock import writer_lock
from workbench.spec import RunSpec

pytestmark = pytest.mark.browser

WATCH = """
from pathlib import Path
from workbench.runs import RunFolder
from workbench.widgets.live import show_live
from workbench.widgets.steering import show_steering
run = RunFolder(Path("{name}"))
chart = show_live(run)
panel = show_steering(run)
"""


@pytest.fixture
def watched(open_page):
    """Return a function that shows a run of ten steps, which somebody writes, and its controls."""
    held = []

    def begin(name, language="en", size=(1280, 1000)):
        page = open_page(language, size, kept=False)
        run = Run(page.lab.root / name, 200)
        folder = RunFolder(page.lab.root / name)
        folder.write_spec(RunSpec(), {})
        lock = writer_lock(folder)
        lock.__enter__()
        held.append(lock)
        run.steps(1, 10)
        page.open(page.lab.write_notebook(f"{name}.ipynb", WATCH.format(name=name)))
        page.run_all()
        page.page.wait_for_function(
            "document.querySelector('.wb-live .wb-state')?.textContent.includes('10')"
        )
        return page, run

    yield begin
    for lock in held:
        lock.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("language", "last"), [("en", "Last known state: Running"), ("zh", "最后的状态")]
)
def test_a_view_whose_kernel_was_restarted_says_so_and_keeps_its_curve(watched, language, last):
    lab, run = watched(f"restarted-{language}", language)
    assert not lab.page.locator(".wb-lost").first.is_visible()
    lab.restart_kernel()
    result = lab.page.locator(".wb-live .wb-lost")
    result.wait_for(timeout=10_000)
    assert f"wb.attach('restarted-{language}')" in result.inner_text()
    assert last in lab.page.locator(".wb-live .wb-state").inner_text()
    assert painted(lab) > 50
    lab.page.locator(".wb-steer .wb-lost").wait_for()
    assert lab.page.locator(".wb-steer .wb-bar").first.evaluate("(bar) => bar.inert")
    lab.screenshot(f"lost-{language}")
    run.end()


def test_a_tab_closed_before_the_end_shows_the_curve_when_it_is_opened_again(watched, open_page):
    lab, run = watched("closed")
    lab.command("docmanager:save")
    lab.page.close()
    run.steps(11, 200)
    run.end()
    lab = open_page("en", kept=False)
    lab.open("closed.ipynb")
    state = lab.page.locator(".wb-live .wb-state", has_text="Finished")
    state.wait_for(timeout=30_000)
    assert lab.page.get_by_text("Error displaying widget").count() == 0
    assert painted(lab) > 50
    assert not lab.page.locator(".wb-lost").first.is_visible()
    lab.screenshot("closed-reopened")


SAVED = """
from IPython.display import display
from workbench.language import use
from workbench.widgets.studio import last_state
use("{language}")
gone = {{"model_id": "gone", "version_major": 2, "version_minor": 0}}
display({{"application/vnd.jupyter.widget-view+json": gone, "text/plain": ""}}, raw=True)
display(last_state("task: text-classification"), raw=True)
"""


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Run all cells"), ("zh", "请运行全部单元格")]
)
def test_a_notebook_without_its_kernel_says_what_to_do_in_the_place_of_errors(
    open_page, language, told
):
    lab = open_page(language)
    lab.open(lab.lab.write_notebook("saved.ipynb", SAVED.format(language=language)))
    lab.run_all()
    lab.page.get_by_text(told).wait_for()
    error = lab.page.locator(".jp-OutputArea-output.jupyter-widgets", has_text="model not found")
    error.wait_for(state="attached")
    assert not error.is_visible()
    assert not lab.page.locator(".wb-saved pre").is_visible()
    lab.page.locator(".wb-saved summary").click()
    lab.page.locator(".wb-saved pre").wait_for()
    lab.screenshot(f"saved-{language}")
