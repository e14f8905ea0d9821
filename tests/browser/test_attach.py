"""A run outlives the page and the kernel that started it, and is shown again by `attach`."""

import pytest

from tests.browser.runs import end_runs, wait_until, write_long_spec
from workbench.runs import list_runs, read_state

pytestmark = pytest.mark.browser

START = """
import workbench as wb
run = wb.start("attach.yaml")
"""
ATTACH = """
import workbench as wb
run = wb.attach()
"""


@pytest.fixture
def lab(open_page):
    lab = open_page("en")
    write_long_spec(lab.lab.root, "attach", "runs")
    yield lab
    end_runs(lab.lab.root / "runs")


def wait_for_steps(run, more):
    goal = read_state(run).step + more
    wait_until(lambda: read_state(run).step >= goal, 60)


def test_a_run_goes_on_without_page_and_kernel_and_attach_shows_all_of_it(lab):
    notebook = lab.lab.write_notebook("attach.ipynb", START, ATTACH)
    lab.open(notebook)
    lab.run_all()
    (run,) = list_runs(lab.lab.root / "runs")
    lab.page.locator(".wb-live canvas").first.wait_for(timeout=60_000)
    wait_for_steps(run, 5)
    # The page goes, and the kernel with it.
    lab.page.goto("about:blank")
    lab.lab.stop_kernels()
    wait_for_steps(run, 20)
    again = lab.lab.write_notebook("again.ipynb", ATTACH)
    lab.open(again)
    lab.run_all()
    lab.page.locator(".wb-live canvas").first.wait_for(timeout=30_000)
    panel = lab.page.locator(".wb-steer")
    panel.get_by_role("button", name="Pause", exact=True).click()
    wait_until(lambda: read_state(run).status == "paused", 10)
    lab.screenshot("attach-paused")
    panel.get_by_role("button", name="Stop and keep the best", exact=True).click()
    panel.get_by_role("button", name="End it, keep the best", exact=True).click()
    wait_until(lambda: read_state(run).ended, 60)
    assert read_state(run).status == "stopped"
    assert [event["step"] for event in read_state(run).steps] == list(
        range(1, read_state(run).step + 1)
    )
    lab.page.locator(".jp-OutputArea .js-plotly-plot").first.wait_for(timeout=60_000)
    assert not lab.page.locator(".wb-live").is_visible()
    assert not panel.is_visible()
    lab.screenshot("attach-ended")
    assert not lab.errors
