"""The buttons over a chart: few, seen when pointed at, no stops for Tab, and none that uploads."""

import json

import pytest
from figures.examples import figure
from plotly.offline import get_plotlyjs

from workbench.figures import bundle, explained, interactive_page
from workbench.figures.bundle import PLOTLY

pytestmark = pytest.mark.browser

CHARTS = ("baselines", "confusion_matrix", "dataset_map", "loss_curves")
BUTTONS = ["Zoom", "Pan", "Reset axes", "Download plot as a PNG"]
CELL = """
import json
from pathlib import Path
from IPython.display import display
for part in json.loads(Path("charts.json").read_text("utf-8")):
    display(part, raw=True)
"""


def titles(page):
    return page.locator(".modebar-btn").evaluate_all(
        "nodes => nodes.map((node) => node.ariaLabel ?? node.dataset.title)"
    )


def focused_by_tab(page, times=30):
    """Return the classes of what Tab goes to, one after another, from the top of the page."""
    found = []
    for _ in range(times):
        page.keyboard.press("Tab")
        found.append(page.evaluate("String(document.activeElement?.className)"))
    return found


def check(page, charts):
    """Look at the toolbars of a page that shows so many charts."""
    page.wait_for_function(f"document.querySelectorAll('.modebar').length === {charts}")
    assert titles(page) == BUTTONS * charts
    button = page.locator(".modebar-btn").first
    assert not button.is_visible()
    page.locator(".js-plotly-plot").first.hover(position={"x": 200, "y": 150})
    button.wait_for(state="visible")
    page.mouse.move(0, 0)
    button.wait_for(state="hidden")


def test_charts_as_the_notebook_gets_them(browser):
    page = browser.new_page()
    page.set_content("<button id=first>first</button>" + "<div class=chart></div>" * len(CHARTS))
    page.add_script_tag(content=get_plotlyjs())
    parts = [part for name in CHARTS for part in explained(figure(name))]
    drawn = [part[PLOTLY] for part in parts if PLOTLY in part]
    below = [part["text/html"] for part in parts if "text/html" in part]
    page.evaluate(
        """([drawn, below]) => drawn.forEach(({ data, layout, config }, at) => {
            const place = document.querySelectorAll(".chart")[at];
            place.insertAdjacentHTML("afterend", below[at]);
            Plotly.newPlot(place, data, layout, config);
        })""",
        [drawn, below],
    )
    check(page, len(CHARTS))
    page.locator("#first").focus()
    assert not any("modebar" in classes for classes in focused_by_tab(page))
    page.close()


def test_a_chart_in_a_file_of_its_own(browser, tmp_path):
    place = tmp_path / "map.html"
    place.write_text(interactive_page(figure("dataset_map")), "utf-8")
    page = browser.new_page()
    page.goto(place.as_uri())
    check(page, 1)
    assert not any("modebar" in classes for classes in focused_by_tab(page))
    page.close()


def test_charts_in_lab(open_page):
    page = open_page()
    parts = [part for name in CHARTS[:2] for part in explained(figure(name))]
    (page.lab.root / "charts.json").write_text(json.dumps(parts), "utf-8")
    page.open(page.lab.write_notebook("charts.ipynb", CELL))
    page.run_all()
    check(page.page, 2)


def test_without_our_settings_there_would_be_an_upload(browser):
    """What the settings are for, so that a plotly that asks otherwise is noticed."""
    page = browser.new_page()
    page.set_content("<div class=chart></div>")
    page.add_script_tag(content=get_plotlyjs())
    drawn = bundle(figure("baselines"))[PLOTLY]
    page.evaluate(
        "({ data, layout }) => Plotly.newPlot(document.querySelector('.chart'), data, layout)",
        drawn,
    )
    page.wait_for_selector(".modebar-btn")
    assert any("share" in title.lower() for title in titles(page))
    page.close()
