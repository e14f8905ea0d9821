"""The dataset map in JupyterLab: a lasso, the rows it catches, a label put right, the next run."""

import pytest

from tests.browser.runs import wait_until
from tests.noisy_runs import FLIPPED, noisy_run
from workbench.dynamics.corrections import open_corrections
from workbench.runs import RunFolder, read_state

pytestmark = pytest.mark.browser

CELL = """
import workbench as wb
found = wb.label_issues("map-runs/noisy")
"""


def test_a_lasso_shows_rows_whose_labels_are_put_right_and_trained_on(open_page):
    lab = open_page("en")
    runs = lab.lab.root / "map-runs"
    run = noisy_run(lab.lab.root, **{"output.runs_dir": str(runs)})
    lab.open(lab.lab.write_notebook("map.ipynb", CELL))
    lab.run_all()
    canvas = lab.page.locator(".wb-map canvas")
    canvas.wait_for(timeout=60_000)
    lab.page.locator(".wb-map .wb-summary", has_text="80 rows").wait_for(timeout=30_000)
    canvas.scroll_into_view_if_needed()
    canvas.focus()
    spoken = lab.page.locator(".wb-map .wb-spoken")
    spoken.filter(has_text="label likely wrong").wait_for()
    heard = {spoken.inner_text()}
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        lab.page.keyboard.press(key)
        heard.add(spoken.inner_text())
    # Where the dots lie depends on the processor: the fourth arrow may lead back to the first dot.
    assert len(heard) > 1 and all(words.startswith("Row ") for words in heard)
    lab.page.keyboard.press("Enter")
    lab.page.locator(".wb-map .wb-caught-row").first.wait_for(timeout=30_000)
    lab.screenshot("dataset-map-keys")
    box = canvas.bounding_box()
    corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2),
               (2, box["height"] - 2)]  # fmt: skip
    mouse = lab.page.mouse
    mouse.move(box["x"] + corners[0][0], box["y"] + corners[0][1])
    mouse.down()
    for x, y in corners[1:]:
        mouse.move(box["x"] + x, box["y"] + y, steps=4)
    mouse.up()
    rows = lab.page.locator(".wb-map .wb-caught-row")
    rows.nth(1).wait_for(timeout=30_000)  # before, there was the one that the keyboard chose
    first = rows.first
    select = first.locator("select")
    row = int(select.get_attribute("data-row"))
    assert row in FLIPPED
    assert first.locator(".wb-text").inner_text().startswith("the ")
    select.focus()
    now = select.input_value()
    select.select_option("negative" if now == "positive" else "positive")
    wait_until(lambda: ("all", row) in open_corrections(run).decisions(), 20)
    lab.screenshot("dataset-map")
    lab.page.get_by_role("button", name="Train on the corrected data").click()
    child = RunFolder(runs / "noisy-corrected")
    wait_until(lambda: child.events_path.exists() and read_state(child).ended, 90)
    assert child.record()["parent"]["run"] == "noisy"
    lab.page.locator(".workbench-compare").wait_for(timeout=60_000)
    lab.screenshot("dataset-map-retrained", lab.page.locator(".jp-Notebook"))
