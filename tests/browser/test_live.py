"""The live chart in a browser: grows with the run, is read by mouse and keys, leaves a record."""

import base64
import json
import math
import random

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from workbench.runs import EventWriter, RunFolder
from workbench.spec import RunSpec

pytestmark = pytest.mark.browser

SHOW = """
from pathlib import Path
from workbench.runs import RunFolder
from workbench.widgets.live import show_live
forks = []
chart = show_live(RunFolder(Path("{name}")){more})
"""
RECORD = ".jp-OutputArea .js-plotly-plot"


class Run:
    """A run as the trainer would write it, step by step."""

    def __init__(self, folder, total):
        folder.mkdir()
        self.writer = EventWriter(folder / "events.jsonl")
        self.total = total
        self.rng = random.Random(1)
        self.best = math.inf
        self.writer.write("run_started", 0, total_steps=total, time="", device="cpu")

    def steps(self, first, last, eval_every=25):
        for step in range(first, last + 1):
            done = step / self.total
            loss = 0.25 + 0.45 * math.exp(-5 * done) + self.rng.gauss(0, 0.06)
            rate = 5e-5 * min(step / (0.1 * self.total), (1 - done) / 0.9)
            self.writer.write(
                "step_logged", step, epoch=done, loss=loss, learning_rate=rate, rows=16 * step,
                grad_norm=1.0, tokens_per_second=900.0, rows_per_second=61.0,
                memory_bytes=1_300_000_000,
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
        self.writer.write("checkpoint_saved", step, path=f"checkpoints/step-{step:06d}", best=best)

    def steer(self, step, knob, old, new, who="anna"):
        self.writer.write(
            "steered", step, knob=knob, old=old, new=new, who=who, total_steps=self.total, request=1
        )

    def end(self):
        self.writer.write("run_ended", self.total, reason="finished", best_step=100, seconds=9)
        self.writer.close()


@pytest.fixture
def watch(open_page):
    def start(
        name, total=200, language="en", theme="JupyterLab Light", size=(1280, 1000), more="",
        before=lambda root: None, run=True, kept=True,
    ):  # fmt: skip
        lab = open_page(language, size, kept)
        before(lab.lab.root)
        run = Run(lab.lab.root / f"{name}-run", total) if run else None
        code = SHOW.format(name=f"{name}-run", more=more)
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
                if (data[i] < 80 && data[i + 2] > 165 && data[i + 3] > 200) found++;
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
    expect(button).to_have_attribute("aria-pressed", "false")
    lab.page.wait_for_timeout(100)
    assert painted(lab) == 0


def test_after_a_reload_the_whole_curve_is_back(watch):
    lab, run = watch("live-reload", kept=False)
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
    lab.open(lab.lab.write_notebook("live-over.ipynb", SHOW.format(name="live-over-run", more="")))
    lab.run_all()
    lab.page.locator(RECORD).first.wait_for(timeout=30_000)


def canvas_of(lab, panel="loss"):
    return lab.page.locator(f".wb-panel-{panel} canvas")


def hover(lab, share, panel="loss", y=60):
    """Move the mouse to a share of the width of a panel's axis."""
    canvas_of(lab, panel).scroll_into_view_if_needed()
    box = canvas_of(lab, panel).bounding_box()
    lab.page.mouse.move(box["x"] + 62 + share * (box["width"] - 80), box["y"] + y)


def drag(lab, start, end):
    hover(lab, start)
    lab.page.mouse.down()
    hover(lab, (start + end) / 2)
    hover(lab, end)
    lab.page.mouse.up()


def said_at(lab, key):
    """Return the step that the read-out names after a key."""
    canvas_of(lab).press(key)
    text = lab.page.locator(".wb-live [role=status]").inner_text()
    return int(text.removeprefix("Step ").split(", ")[0].replace(",", ""))


def settle(lab):
    lab.page.wait_for_timeout(150)


def test_a_drag_zooms_and_zoom_and_reading_survive_an_update(watch):
    lab, run = watch("live-zoom")
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    lab.page.get_by_label("Smoothing", exact=True).fill("0")  # its reach follows the run's length
    show_all = lab.page.get_by_role("button", name="Show all")
    assert not show_all.is_visible()
    settle(lab)
    whole = picture(lab)
    drag(lab, 0.1, 0.2)  # steps 10 to 20
    show_all.wait_for()
    settle(lab)
    assert picture(lab) != whole
    hover(lab, 0.5)
    tip = lab.page.locator(".wb-tip")
    tip.wait_for()
    before = tip.inner_text()
    assert before.startswith("Step 15 · 240 rows · ")
    zoomed = picture(lab)
    run.steps(101, 120)
    wait_for_state(lab, "step 120 of 200")
    settle(lab)
    assert show_all.is_visible()
    assert tip.inner_text() == before
    assert picture(lab) == zoomed
    canvas_of(lab).dblclick(position={"x": 300, "y": 60})
    show_all.wait_for(state="hidden")
    canvas_of(lab).press("+")
    show_all.wait_for()
    canvas_of(lab).press("0")
    show_all.wait_for(state="hidden")


def test_the_wheel_zooms_only_with_a_modifier(watch):
    lab, run = watch("live-wheel")
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    show_all = lab.page.get_by_role("button", name="Show all")
    hover(lab, 0.3)
    lab.page.mouse.wheel(0, -100)
    settle(lab)
    assert not show_all.is_visible()
    hover(lab, 0.3)
    lab.page.keyboard.down("Alt")
    lab.page.mouse.wheel(0, -100)
    lab.page.keyboard.up("Alt")
    show_all.wait_for()


def test_acts_checkpoints_and_the_best_are_reported_where_they_are(watch):
    lab, run = watch("live-marks")
    run.steps(1, 40)
    run.steer(40, "learning_rate", 5e-5, 2e-5, who="<b>anna</b>")
    run.steps(41, 100)
    wait_for_state(lab, "step 100 of 200")
    hover(lab, 0.4)
    tip = lab.page.locator(".wb-tip")
    tip.wait_for()
    assert "learning_rate 5e-05 → 2e-05, by <b>anna</b>, after step 40" in tip.inner_text()
    hover(lab, 0.25)
    settle(lab)
    assert "Checkpoint at step 25" in tip.inner_text()
    legend = lab.page.locator(".wb-panel-loss .wb-legend button")
    assert legend.all_inner_texts() == [
        "Training loss", "Validation loss", "Changed", "Checkpoint", "Evaluation",
    ]  # fmt: skip
    legend.filter(has_text="Checkpoint").click()
    hover(lab, 0.25)
    settle(lab)
    assert "Checkpoint" not in tip.inner_text()


def test_a_pause_is_reported_with_the_time_left(watch):
    lab, run = watch("live-pause")
    run.steps(1, 50)
    run.steer(50, "paused", False, True)
    wait_for_state(lab, "Paused · step 50 of 200")
    assert lab.page.locator(".wb-head").get_attribute("data-status") == "paused"
    assert "left" in lab.page.locator(".wb-state").inner_text()
    run.steer(50, "paused", True, False)
    wait_for_state(lab, "Running · step 50 of 200")


def test_the_curves_go_by_steps_by_rows_and_by_working_time(watch):
    lab, run = watch("live-axis")
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    by_step = picture(lab)
    pictures = {by_step}
    for name in ("Training rows seen", "Training time"):
        lab.page.get_by_label("x axis", exact=True).select_option(label=name)
        settle(lab)
        pictures.add(picture(lab))
        hover(lab, 0.9)
        assert lab.page.locator(".wb-tip").inner_text().startswith("Step ")
        lab.page.mouse.move(0, 0)
    assert len(pictures) == 3
    lab.page.get_by_label("x axis", exact=True).select_option(label="Step")
    settle(lab)
    assert picture(lab) == by_step


def test_log_axis_clipping_and_smoothing_change_the_curve_and_outliers_are_counted(watch):
    lab, run = watch("live-tools")
    run.steps(1, 60)
    for step, loss in ((61, 40.0), (62, 0.5), (63, float("nan")), (64, 30.0)):
        run.writer.write("step_logged", step, loss=loss, learning_rate=1e-5)
    run.steps(65, 100)
    wait_for_state(lab, "step 100 of 200")
    settle(lab)
    plain = picture(lab)
    lab.page.get_by_label("Clip outliers").check()
    settle(lab)
    clipped = picture(lab)
    assert "2 points out of view" in lab.page.locator(".wb-panel-loss .wb-outside").inner_text()
    lab.page.get_by_label("Log scale (loss)").check()
    settle(lab)
    logarithmic = picture(lab)
    lab.page.get_by_label("Smoothing").fill("0")
    settle(lab)
    assert len({plain, clipped, logarithmic, picture(lab)}) == 4
    canvas_of(lab).press("End")
    spoken = lab.page.locator(".wb-live [role=status]")
    assert "smoothed" not in spoken.inner_text()
    for _ in range(37):
        canvas_of(lab).press("ArrowLeft")
    assert spoken.inner_text().startswith("Step 63, Training loss NaN")


def test_the_lesser_panels_fold(watch):
    lab, run = watch("live-fold")
    run.steps(1, 50)
    wait_for_state(lab, "step 50 of 200")
    shown = lambda: [  # noqa: E731
        name
        for name in ("loss", "metrics", "rate", "norm", "speed", "memory")
        if canvas_of(lab, name).is_visible()
    ]
    assert shown() == ["loss", "metrics"]
    lab.page.locator("summary", has_text="Memory").click()
    lab.page.locator("summary", has_text="Learning rate").click()
    assert shown() == ["loss", "metrics", "rate", "memory"]
    settle(lab)
    hover(lab, 0.2, "memory")
    assert "Memory in use (GB)1.3" in lab.page.locator(".wb-tip").inner_text().replace("\n", "")


def test_a_fork_is_offered_at_the_point_that_is_clicked(watch):
    more = ", on_fork=lambda step, changes: forks.append((step, changes))"
    lab, run = watch("live-fork", more=more)
    spec = RunSpec().replace({"train.learning_rate": 5e-5})
    RunFolder(lab.lab.root / "live-fork-run").write_spec(spec, {})
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    assert not lab.page.locator(".wb-callout").is_visible()
    hover(lab, 0.25)
    lab.page.mouse.down()
    lab.page.mouse.up()
    button = lab.page.get_by_role("button", name="Fork from step 25")
    decay = lab.page.locator(".wb-callout").get_by_label("Weight decay", exact=True)
    decay.wait_for(timeout=30_000)
    decay.fill("0.05")
    # New points do not touch what is being typed.
    run.steps(101, 110)
    wait_for_state(lab, "step 110 of 200")
    assert decay.input_value() == "0.05"
    lab.screenshot("live-fork", lab.page.locator(".wb-live"))
    button.click()
    button.wait_for(state="hidden")
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    lab.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel"
        ".setSource('print(\"forks\", forks)')"
    )
    lab.command("notebook:run-cell")
    lab.output(1).get_by_text("forks [(25, {'train.weight_decay': 0.05})]").wait_for()
    hover(lab, 0.25)
    lab.page.mouse.down()
    lab.page.mouse.up()
    decay.wait_for()
    assert decay.input_value() == "0.01"
    canvas_of(lab).press("Escape")
    decay.wait_for(state="hidden")


def test_without_a_way_to_fork_a_click_offers_none(watch):
    lab, run = watch("live-no-fork")
    run.steps(1, 100)
    wait_for_state(lab, "step 100 of 200")
    canvas_of(lab).click(position={"x": 300, "y": 60})
    settle(lab)
    assert not lab.page.locator(".wb-callout").is_visible()


def test_the_parent_of_a_fork_is_drawn_behind_it_and_named(watch):
    more = ", behind=[RunFolder(Path('live-parent-of'))]"

    def prepare(root):
        parent = Run(root / "live-parent-of", 200)
        parent.steps(1, 200)
        parent.end()

    lab, run = watch("live-child", more=more, before=prepare)
    run.steps(1, 60)
    wait_for_state(lab, "step 60 of 200")
    names = lab.page.locator(".wb-panel-loss .wb-legend button").all_inner_texts()
    assert "live-parent-of: Training loss" in names
    hover(lab, 0.2)
    assert "live-parent-of: Training loss" in lab.page.locator(".wb-tip").inner_text()
    settle(lab)
    with_parent = picture(lab)
    lab.page.get_by_role("button", name="live-parent-of: Training loss").click()
    settle(lab)
    assert picture(lab) != with_parent


def test_a_long_log_is_drawn_whole_and_read_in_full_where_one_zooms_in(watch):
    def prepare(root):
        write_long_log(root / "live-long-run", 60_000)

    lab, _ = watch("live-long", before=prepare, run=False)
    wait_for_state(lab, "step 60,000 of 80,000")
    assert said_at(lab, "Home") == 1
    assert said_at(lab, "ArrowRight") > 2  # some of the steps only
    assert said_at(lab, "End") == 60_000
    hover(lab, 0.5)
    lab.page.mouse.down()
    hover(lab, 0.501)
    hover(lab, 0.51)
    lab.page.mouse.up()
    lab.page.wait_for_timeout(1000)
    lab.page.mouse.move(0, 0)
    middle = said_at(lab, "End")
    before = said_at(lab, "ArrowLeft")
    assert middle - before == 1
    assert 30_000 < middle < 50_000


def test_the_saved_notebook_is_small_and_shows_the_curves_without_a_kernel(watch, context):
    def prepare(root):
        write_long_log(root / "live-saved-run", 5000)

    lab, _ = watch("live-saved", before=prepare, run=False, kept=False)
    wait_for_state(lab, "step 5,000")
    end = {"event": "run_ended", "seq": 9999, "step": 5000, "wall_seconds": 501.0}
    with (lab.lab.root / "live-saved-run" / "events.jsonl").open("a") as log:
        log.write(json.dumps(end | {"reason": "finished"}) + "\n")
    lab.page.locator(RECORD).first.wait_for(timeout=30_000)
    lab.page.wait_for_timeout(2500)  # plotly adds its own still picture to what is saved
    lab.command("docmanager:save")
    saved = lab.lab.root / "live-saved.ipynb"
    record = record_of(saved)
    assert set(record) == {
        "application/vnd.plotly.v1+json", "image/svg+xml", "image/png", "text/plain",
    }  # fmt: skip
    sizes = {mime: len(json.dumps(data)) for mime, data in record.items()}
    assert saved.stat().st_size < 300_000, sizes
    lab.lab.stop_kernels()
    lab.page.reload()
    # Without a kernel: the very picture that was saved, and the figure when the mouse comes.
    still = lab.page.locator(".jp-OutputArea img.plot-img").first
    still.wait_for(timeout=60_000)
    assert still.get_attribute("src") == f"data:image/png;base64,{record['image/png'].strip()}"
    assert still.evaluate("image => image.naturalWidth") > 500
    box = still.bounding_box()
    lab.page.mouse.move(box["x"] + 300, box["y"] + 150)
    title = lab.page.locator(".js-plotly-plot .gtitle")
    title.wait_for(timeout=30_000)
    assert title.text_content() == "Training"
    # Exported, opened from disk, with no network.
    page, _ = HTMLExporter().from_filename(str(saved))
    exported = lab.lab.root / "live-saved.html"
    exported.write_text(page, "utf-8")
    alone = context.new_page()
    alone.route("**", lambda route: route.continue_() if is_file(route) else route.abort())
    alone.goto(exported.as_uri(), wait_until="domcontentloaded")
    image = alone.locator(".jp-OutputArea-output img").first
    image.wait_for()
    size = image.evaluate("async image => { await image.decode(); return image.naturalWidth }")
    assert size == 720
    source = image.get_attribute("src").partition("base64,")[2]
    assert base64.b64decode(source).decode() == record["image/svg+xml"]
    image.screenshot(path=lab.artifacts / "live-exported.png")
    alone.close()


def record_of(saved):
    """Return the saved outputs that hold the record of a run, which must be one."""
    cells = nbformat.read(saved, as_version=4).cells
    bundles = [output.data for cell in cells for output in cell.outputs if "data" in output]
    assert "widget-view" not in " ".join(mime for data in bundles for mime in data)
    (record,) = (data for data in bundles if "application/vnd.plotly.v1+json" in data)
    return record


def is_file(route):
    return route.request.url.startswith(("file:", "data:"))


def write_long_log(folder, steps):
    """Write many steps at once; the event writer would wait for the disk after each."""
    folder.mkdir()
    rng = random.Random(0)
    events = [{"event": "run_started", "step": 0, "wall_seconds": 0.0, "total_steps": 80_000}]
    for step in range(1, steps + 1):
        at = {"step": step, "wall_seconds": step / 10}
        loss = 0.3 + math.exp(-3 * step / steps) + rng.gauss(0, 0.1)
        logged = {"loss": loss, "learning_rate": 1e-5 * (1 - step / steps), "rows": 16 * step}
        logged |= {"grad_norm": abs(rng.gauss(1, 0.4)), "rows_per_second": rng.gauss(60, 3)}
        logged |= {"memory_bytes": 1_300_000_000 + 100 * step}
        events.append({"event": "step_logged", **at, **logged})
        if step % (steps // 50) == 0:
            scores = {"loss": loss, "accuracy": 1 - loss / 2, "f1_macro": 0.9 - loss / 2}
            events.append({"event": "evaluated", **at, "metrics": scores, "best": False})
            events.append({"event": "checkpoint_saved", **at, "path": "", "best": False})
    lines = [json.dumps(event | {"seq": seq}) for seq, event in enumerate(events)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize("size", [(900, 1400), (1400, 1400), (560, 1400)])
@pytest.mark.parametrize(
    ("language", "theme", "words"),
    [
        ("en", "JupyterLab Light", ("Loss", "Validation scores", "Training loss", "430 of 500")),
        ("zh", "JupyterLab Dark", ("损失曲线", "验证集指标", "训练损失", "第 430 步，共 500 步")),
    ],
)
def test_the_chart_in_both_languages_and_themes(watch, language, theme, words, size):
    name = f"{size[0]}-{language}"
    lab, run = watch(f"live-{name}", 500, language, theme, size)
    run.steps(1, 250, eval_every=25)
    run.steer(250, "learning_rate", 5e-5, 2e-5)
    run.steps(251, 430, eval_every=25)
    wait_for_state(lab, "430")
    text = lab.page.locator(".wb-live").inner_text()
    assert [word for word in words if word not in text] == []
    hover(lab, 0.5)
    lab.page.locator(".wb-tip").wait_for()
    settle(lab)
    lab.screenshot(f"live-{name}", lab.page.locator(".wb-live"))
    assert overlaps(lab) == []
    assert contrast(lab) > 4.5
    live = lab.page.locator(".wb-live").bounding_box()
    tip = lab.page.locator(".wb-tip").bounding_box()
    assert live["x"] - 1 <= tip["x"]
    assert tip["x"] + tip["width"] <= live["x"] + live["width"] + 1


def overlaps(lab):
    """Return the pairs of words, buttons and canvases that lie over each other or stick out."""
    return lab.page.evaluate(
        """() => {
            const live = document.querySelector(".wb-live");
            const outer = live.getBoundingClientRect();
            const parts = [...live.querySelectorAll(
                ".wb-head strong, .wb-state, .wb-tools label, .wb-title, .wb-legend button, " +
                "canvas")]
                .filter((part) => part.checkVisibility())
                .map((part) => [part.textContent || part.tagName, part.getBoundingClientRect()]);
            const found = [];
            parts.forEach(([name, a], i) => {
                if (a.left < outer.left - 9 || a.right > outer.right + 1) found.push([name, "out"]);
                for (const [other, b] of parts.slice(i + 1)) {
                    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                    if (wide > 1 && high > 1) found.push([name, other]);
                }
            });
            return found;
        }"""
    )


def contrast(lab):
    """Return the contrast of the axis labels against the page."""
    return lab.page.evaluate(
        """() => {
            const live = document.querySelector(".wb-live");
            const probe = document.createElement("canvas").getContext("2d");
            const light = (colour) => {
                probe.fillStyle = colour;
                probe.fillRect(0, 0, 1, 1);
                const parts = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3)
                    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const style = getComputedStyle(live);
            const page = getComputedStyle(document.body).getPropertyValue("--jp-layout-color1");
            probe.fillStyle = page;
            probe.fillRect(0, 0, 1, 1);
            const ink = light(style.getPropertyValue("--wb-ink"));
            probe.fillStyle = page;
            const paper = light(page);
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        }"""
    )
