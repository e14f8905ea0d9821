"""The live chart in a browser: grows with the run, is read by mouse and keys, leaves a record."""

import math
import random

import pytest

from workbench.runs import EventWriter

pytestmark = pytest.mark.browser

SHOW = """
from pathlib import Path
from workbench.runs import RunFolder
from workbench.widgets.live import show_live
chart = show_live(RunFolder(Path("{name}")))
"""
RECORD = ".jp-OutputArea .js-plotly-plot, .jp-RenderedHTMLCommon img[src^='data:image/svg']"


class Run:
    """A run as the trainer would write it, step by step."""

    def __init__(self, folder, total):
        folder.mkdir()
        self.writer = EventWriter(folder / "events.jsonl")
        self.total = total
        self.chance = random.Random(1)
        self.best = math.inf
        self.writer.write("run_started", 0, total_steps=total, time="", device="cpu")

    def steps(self, first, last, eval_every=25):
        for step in range(first, last + 1):
            done = step / self.total
            loss = 0.25 + 0.45 * math.exp(-5 * done) + self.chance.gauss(0, 0.06)
            rate = 5e-5 * min(step / (0.1 * self.total), (1 - done) / 0.9)
            self.writer.write(
                "step_logged", step, epoch=done, loss=loss, learning_rate=rate,
                grad_norm=1.0, tokens_per_second=900.0, rows_per_second=61.0,
            )  # fmt: skip
            if step % eval_every == 0:
                self.evaluate(step, done)

    def evaluate(self, step, done):
        loss = 0.3 + 0.35 * math.exp(-6 * done) + 0.1 * done**2
        scores = {"loss": loss, "accuracy": 0.9 - 0.35 * math.exp(-5 * done)}
        scores["f1_macro"] = scores["accuracy"] - 0.02 - 0.1 * math.exp(-4 * done)
        best = loss < self.best
        self.best = min(loss, self.best)
        self.writer.write("evaluated", step, epoch=done, metrics=scores, best=best)

    def end(self):
        self.writer.write("run_ended", self.total, reason="finished", best_step=100, seconds=9)
        self.writer.close()


@pytest.fixture
def watch(open_page):
    def start(name, total=200, language="en", theme="JupyterLab Light", size=(1280, 1000)):
        lab = open_page(language, size)
        run = Run(lab.lab.root / f"{name}-run", total)
        code = SHOW.format(name=f"{name}-run")
        lab.open(lab.lab.write_notebook(f"{name}.ipynb", code, "1 + 1"), theme)
        lab.run_all()
        lab.page.locator(".wb-live canvas").first.wait_for()
        return lab, run

    return start


def wait_for_state(lab, words):
    lab.page.locator(".wb-live .wb-state", has_text=words).wait_for(timeout=15_000)


def painted(lab):
    """Return how many pixels of the loss panel have the colour of the training loss."""
    return lab.page.evaluate(
        """() => {
            const canvas = document.querySelector(".wb-panel-loss canvas");
            const data = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data;
            let found = 0;
            for (let i = 0; i < data.length; i += 4)
                if (data[i] < 90 && data[i + 2] > 150 && data[i + 3] > 200) found++;
            return found;
        }"""
    )


def picture(lab):
    return lab.page.evaluate("document.querySelector('.wb-panel-loss canvas').toDataURL()")


def test_the_curve_grows_with_the_run_and_a_static_record_replaces_it(watch):
    lab, run = watch("live-grow")
    run.steps(1, 20)
    wait_for_state(lab, "step 20 of 200")
    lab.page.wait_for_timeout(100)
    assert painted(lab) > 20
    early = picture(lab)
    run.steps(21, 120)
    wait_for_state(lab, "step 120 of 200")
    lab.page.wait_for_timeout(100)
    assert picture(lab) != early
    lab.page.locator(".wb-panel-loss canvas").press("End")
    assert lab.page.locator(".wb-live [role=status]").inner_text().startswith("Step 120, ")
    assert "best at step" in lab.page.locator(".wb-live .wb-state").inner_text()
    run.steps(121, 200)
    run.end()
    lab.page.locator(RECORD).first.wait_for(timeout=30_000)
    assert lab.page.locator(".wb-live").count() == 0
    lab.screenshot("live-record")


def test_the_values_are_read_with_the_mouse_and_with_the_arrow_keys(watch):
    lab, run = watch("live-read")
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    canvas = lab.page.locator(".wb-panel-loss canvas")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] / 2, "y": 60})
    tip = lab.page.locator(".wb-tip")
    tip.wait_for()
    assert "Training loss" in tip.inner_text()
    assert "Validation loss" in tip.inner_text()
    lab.screenshot("live-hover", lab.page.locator(".wb-live"))
    lab.page.mouse.move(0, 0)
    canvas.focus()
    lab.page.keyboard.press("End")
    said = lab.page.locator(".wb-live [role=status]")
    assert said.inner_text().startswith("Step 100, Training loss 0.")
    lab.page.keyboard.press("ArrowLeft")
    assert said.inner_text().startswith("Step 99, ")
    lab.page.keyboard.press("b")  # Lab's own key for a new cell
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 2


def test_the_legend_hides_a_curve(watch):
    lab, run = watch("live-legend")
    run.steps(1, 60)
    wait_for_state(lab, "step 60 of 200")
    button = lab.page.get_by_role("button", name="Training loss")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    lab.page.wait_for_timeout(100)
    assert painted(lab) == 0


def test_after_a_reload_the_whole_curve_is_back(watch):
    lab, run = watch("live-reload")
    run.steps(1, 50)
    wait_for_state(lab, "step 50 of 200")
    lab.command("docmanager:save")
    lab.page.reload()
    lab.page.locator(".wb-live canvas").first.wait_for(timeout=60_000)
    wait_for_state(lab, "step 50 of 200")
    run.steps(51, 60)
    wait_for_state(lab, "step 60 of 200")
    lab.page.locator(".wb-panel-loss canvas").focus()
    lab.page.keyboard.press("Home")
    assert lab.page.locator(".wb-live [role=status]").inner_text().startswith("Step 1, ")


def test_a_finished_run_shows_its_record_at_once(open_page):
    lab = open_page()
    run = Run(lab.lab.root / "live-over-run", 60)
    run.steps(1, 60)
    run.end()
    lab.open(lab.lab.write_notebook("live-over.ipynb", SHOW.format(name="live-over-run")))
    lab.run_all()
    lab.page.locator(RECORD).first.wait_for(timeout=30_000)


@pytest.mark.parametrize(
    ("name", "language", "theme", "size", "total", "last"),
    [
        ("wide-en-light", "en", "JupyterLab Light", (1280, 900), 500, 430),
        ("wide-zh-dark", "zh", "JupyterLab Dark", (1280, 900), 500, 430),
        ("long-narrow-en-dark", "en", "JupyterLab Dark", (600, 1200), 6000, 5400),
    ],
)
def test_the_chart_in_both_languages_and_themes(watch, name, language, theme, size, total, last):
    lab, run = watch(f"live-{name}", total, language, theme, size)
    run.steps(1, last, eval_every=total // 20)
    wait_for_state(lab, f"{last:,}")
    box = lab.page.locator(".wb-panel-metrics canvas").bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
    lab.page.locator(".wb-tip").wait_for()
    lab.page.wait_for_timeout(100)
    lab.screenshot(f"live-{name}", lab.page.locator(".wb-live"))
