"""The playground in JupyterLab: by keyboard alone, both answers, text that stays text."""

import pytest

from tests.tasks.test_text_generation import CHAT, make_rows, write_spec
from workbench import pipeline

pytestmark = pytest.mark.browser

PLAY = """
import workbench as wb
wb.playground({path!r})
"""
ASKED = "<img src=x onerror=alert(1)> what was good?"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    changes = {"train.max_steps": 20, "evaluate.baselines": False, "inspect.probes": []}
    folder = tmp_path_factory.mktemp("chat")
    return pipeline.train(write_spec(folder, make_rows()[:16], CHAT, **changes))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_models_answer_to_enter(run, open_page, language):
    lab = open_page(language, (1280, 900))
    path = lab.lab.write_notebook("play.ipynb", PLAY.format(path=str(run.path.absolute())))
    lab.open(path)
    lab.run_all()
    desk = lab.page.locator(".wb-playground")
    desk.locator("textarea").focus()
    lab.page.keyboard.type(ASKED)
    lab.page.keyboard.press("Shift+Enter")
    lab.page.keyboard.type("second line")
    lab.page.keyboard.press("Enter")
    desk.locator(".wb-settings:not(:empty)").wait_for(timeout=60_000)
    assert desk.locator(".wb-asked").inner_text() == f"{ASKED}\nsecond line"
    assert desk.locator(".wb-side").count() == 2
    assert desk.locator("img").count() == 0
    assert desk.locator("textarea").input_value() == ""
    heat = desk.locator("[data-name=temperature]")
    heat.fill("hot")
    desk.locator(".wb-at-fault [role=alert]").wait_for()
    heat.fill("1.2")
    desk.locator(".wb-at-fault").wait_for(state="detached")
    desk.locator("textarea").focus()
    lab.page.keyboard.type("and who was kind?")
    lab.page.keyboard.press("Enter")
    desk.locator(".wb-settings:not(:empty)").nth(1).wait_for(timeout=60_000)
    assert "1.2" in desk.locator(".wb-settings").nth(1).inner_text()
    written = desk.locator(".wb-side").last
    written.locator(".wb-token").first.focus()
    lab.page.keyboard.press("ArrowRight")
    assert written.locator(".wb-taken").count() == 1
    assert written.locator(".wb-candidates li").count() >= 8
    assert written.locator(".wb-token").nth(1).evaluate("node => node === document.activeElement")
    lab.screenshot(f"playground-{language}", desk)
    desk.locator("textarea").focus()
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Tab")  # stop is disabled while nothing is written
    lab.page.keyboard.press("Enter")  # begin anew
    desk.locator("article").first.wait_for(state="detached")
