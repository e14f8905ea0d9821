"""The controls of a real run, in a browser: what is pressed there happens in another process."""

import itertools
import math
import os
import signal
from contextlib import closing

import pytest

from tests.browser.runs import end_runs, wait_until, write_long_spec
from workbench.runs import EventWriter, RunFolder
from workbench.runs.folder import list_runs
from workbench.runs.lock import read_owner, writer_lock
from workbench.runs.summary import summarise
from workbench.spec import RunSpec

pytestmark = pytest.mark.browser

START = """
from pathlib import Path
from workbench import worker
from workbench.runs.summary import summarise
from workbench.spec import from_yaml
from workbench.widgets.steering import show_steering
run = worker.start(from_yaml(Path("{name}.yaml").read_text("utf-8")))
panel = show_steering(run, on_resume=worker.resume)
"""
SHOW = """
from pathlib import Path
from workbench.runs import RunFolder
from workbench.widgets.steering import show_steering
panel = show_steering(RunFolder(Path("{name}")))
"""
BUSY = "import time; time.sleep(20); print('awake')"

# Nodes of the panel that lie over a neighbour, or whose content does not fit into them.
UNFIT = """() => {
    const panel = document.querySelector(".wb-steer");
    const cut = [...panel.querySelectorAll("p, label, button, .wb-control, .wb-bar, .wb-acts")]
        .filter((n) => n.scrollWidth > n.clientWidth + 1 && n.clientWidth > 0);
    const boxes = [...panel.querySelectorAll("button, input, label, p")]
        .filter((n) => n.offsetParent && n.textContent + n.tagName !== "P")
        .map((n) => [n, n.getBoundingClientRect()]);
    const over = boxes.filter(([a, p], i) => boxes.slice(i + 1).some(([b, q]) =>
        !a.contains(b) && p.left < q.right - 1 && q.left < p.right - 1
        && p.top < q.bottom - 1 && q.top < p.bottom - 1)).map(([n]) => n);
    return [...cut, ...over].map((n) => n.outerHTML.slice(0, 200));
}"""


@pytest.fixture
def start_run(open_page):
    """Return a function that starts a run of minutes in a notebook; it is ended after the test."""
    started = []

    def start(name, *cells, language="en", theme="JupyterLab Light", size=(1000, 900)):
        lab = open_page(language, size)
        runs = lab.lab.root / f"{name}-runs"
        started.append(runs)
        write_long_spec(lab.lab.root, name, str(runs))
        notebook = lab.lab.write_notebook(f"{name}.ipynb", START.format(name=name), *cells)
        lab.open(notebook, theme)
        lab.start_all()
        lab.page.locator(".wb-steer .wb-acts").wait_for(timeout=60_000)
        (run,) = list_runs(runs)
        wait_until(lambda: any(e["event"] == "step_logged" for e in run.events()), 60)
        return lab, run

    yield start
    for runs in started:
        end_runs(runs)


def acts(run):
    """Return the acts that the training process has carried out."""
    return [(e["knob"], e["new"]) for e in run.events() if e["event"] == "steered"]


def press(lab, name):
    lab.page.locator(".wb-steer").get_by_role("button", name=name, exact=True).click()


def phase(lab, words):
    lab.page.locator(".wb-steer .wb-phase", has_text=words).wait_for(timeout=15_000)


def test_a_slider_moved_by_keys_steers_while_a_cell_is_busy(start_run):
    lab, run = start_run("steer-busy", BUSY)
    row = lab.page.locator(".wb-steer [data-knob=learning_rate]")
    assert row.get_by_role("textbox").input_value() == "0.005"
    row.get_by_role("slider").focus()
    for _ in range(3):
        lab.page.keyboard.press("ArrowLeft")
    wait_until(lambda: acts(run) == [("learning_rate", 0.002)], 5)
    row.get_by_text("Active since step").wait_for(timeout=5_000)
    assert "was 0.005, changed by" in row.locator(".wb-note").inner_text()
    assert not lab.page.get_by_text("awake", exact=True).is_visible()

    def rates():
        return [e["learning_rate"] for e in run.events() if e["event"] == "step_logged"]

    wait_until(lambda: rates()[-1] == 0.002, 10)
    assert rates()[0] == 0.005


def test_what_does_not_fit_stays_typed_and_a_run_is_paused_goes_on_and_stops(start_run):
    lab, run = start_run("steer-acts")
    row = lab.page.locator(".wb-steer [data-knob=learning_rate]")
    box = row.get_by_role("textbox")
    box.fill("7")
    assert row.locator(".wb-note").inner_text() == "Enter applies, Esc reverts."
    box.press("Enter")
    row.get_by_role("alert").wait_for()
    assert (
        row.get_by_role("alert").inner_text() == "learning_rate: 7 does not fit; choose at most 0.1"
    )
    assert box.input_value() == "7"
    box.press("Escape")
    assert box.input_value() == "0.005"
    assert not row.get_by_role("alert").is_visible()
    assert acts(run) == []
    slider = row.get_by_role("slider").bounding_box()
    middle = slider["y"] + slider["height"] / 2
    lab.page.mouse.move(slider["x"] + slider["width"] * 0.78, middle)
    lab.page.mouse.down()
    lab.page.mouse.move(slider["x"] + slider["width"] * 0.5, middle, steps=5)
    lab.page.wait_for_timeout(1500)
    assert acts(run) == []
    lab.page.mouse.up()
    wait_until(lambda: len(acts(run)) == 1, 5)
    phase(lab, "Running")
    press(lab, "Pause")
    phase(lab, "Paused")
    steps = len(list(run.events()))
    press(lab, "Checkpoint now")
    lab.page.locator(".wb-steer [role=status]", has_text="checkpoint, by").wait_for()
    lab.page.wait_for_timeout(500)
    assert all(e["event"] != "step_logged" for e in list(run.events())[steps:])
    press(lab, "Resume")
    phase(lab, "Running")
    press(lab, "Evaluate now")
    wait_until(lambda: ("evaluate", True) in acts(run), 10)
    box = lab.page.locator(".wb-steer").get_by_label("Probe sentence")
    box.fill("the <b>crew</b> was kind")
    box.press("Enter")
    said = lab.page.locator(".wb-steer [role=status]", has_text="probe sentence “the <b>crew</b>")
    said.wait_for()
    press(lab, "Stop and discard")
    press(lab, "Keep training")
    assert lab.page.evaluate("document.activeElement.textContent") == "Stop and discard"
    press(lab, "Stop and keep the best")
    press(lab, "Yes, stop and keep the best")
    phase(lab, "Stopped; the best model is kept")
    assert [knob for knob, _ in acts(run)] == [
        "learning_rate", "paused", "checkpoint", "paused", "evaluate", "probe", "stop",
    ]  # fmt: skip
    assert run.model_path.is_dir()
    assert lab.page.locator(".wb-steer").get_by_role("button", name="Pause").is_disabled()


def test_an_interrupted_run_has_one_button_that_takes_it_up_again(start_run):
    lab, run = start_run("steer-resume")
    wait_until(lambda: any(e["event"] == "checkpoint_saved" for e in run.events()), 30)
    # Before its first beat a run is taken for one whose process is still starting.
    wait_until(lambda: summarise(run).status == "running", 10)
    os.kill(read_owner(run).pid, signal.SIGKILL)
    phase(lab, "Interrupted")
    lab.screenshot("steer-interrupted", lab.page.locator(".wb-steer"))
    buttons = lab.page.locator(".wb-steer").get_by_role("button").all_inner_texts()
    assert buttons == ["Resume"]
    press(lab, "Resume")
    phase(lab, "Starting")
    phase(lab, "Running")
    wait_until(lambda: any(e.get("resumed_from") for e in run.events()), 30)


def test_an_alert_offers_an_act_and_goes_once_it_is_asked_for(open_page):
    lab = open_page("zh", (700, 900))
    run = RunFolder(lab.lab.root / "steer-alert-run")
    run.path.mkdir()
    run.write_spec(RunSpec(), {})
    with writer_lock(run):
        writer = EventWriter(run.events_path)
        writer.write("run_started", 0, total_steps=100, time="", device="cpu")
        writer.write("evaluated", 4, epoch=0.1, metrics={"loss": 0.5}, best=True)
        writer.write("step_logged", 5, loss=math.nan, learning_rate=1e-4)
        show = SHOW.format(name=run.name)
        lab.open(lab.lab.write_notebook("steer-alert.ipynb", show), "JupyterLab Dark")
        lab.run_all()
        alert = lab.page.locator(".wb-steer .wb-alert")
        alert.get_by_text("从第 5 步起，训练损失不再是有限的数值").wait_for()
        lab.screenshot("steer-alert", lab.page.locator(".wb-steer"))
        alert.get_by_role("button", name="恢复最佳检查点").click()
        alert.wait_for(state="hidden")
        assert '"act": "rollback", "value": true' in run.control_path.read_text("utf-8")
        writer.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_panel_in_both_languages_and_themes(open_page, language):
    lab = open_page(language, (1000, 1400))
    run = RunFolder(lab.lab.root / f"steer-{language}-run")
    run.path.mkdir()
    useless = {"label_smoothing_factor": "text-regression"}
    run.write_spec(RunSpec(), {"unused_hyperparameters": useless})
    with writer_lock(run), closing(EventWriter(run.events_path)) as writer:
        writer.write("run_started", 0, total_steps=100, time="", device="cpu")
        writer.write("step_logged", 5, loss=0.5, learning_rate=1e-4)
        for knob, old, new in (
            ("learning_rate", 1e-4, 1e-3), ("dropout", None, 0.2), ("checkpoint", False, True),
        ):  # fmt: skip
            act = {"knob": knob, "old": old, "new": new, "who": "Ada@desk", "request": 0}
            writer.write("steered", 5, total_steps=100, **act)
        show = SHOW.format(name=run.name)
        lab.open(lab.lab.write_notebook(f"steer-{language}.ipynb", show))
        lab.run_all()
        panel = lab.page.locator(".wb-steer")
        panel.locator("summary").click()
        panel.locator("[data-knob=dropout] .wb-note", has_text="Ada@desk").wait_for()
        rows = {name: panel.locator(f"[data-knob={name}]") for name in (*useless, "weight_decay")}
        off = {name: row.locator("input:disabled").count() for name, row in rows.items()}
        assert off == {"label_smoothing_factor": 2, "weight_decay": 0}
        assert "text-regression" in rows["label_smoothing_factor"].locator(".wb-note").inner_text()
        panel.locator(".wb-acts button").nth(5).click()
        for theme, width in itertools.product(("Light", "Dark"), (1000, 700)):
            lab.command("apputils:change-theme", theme=f"JupyterLab {theme}")
            lab.page.set_viewport_size({"width": width, "height": 1400})
            lab.page.wait_for_timeout(500)
            lab.screenshot(f"steer-{language}-{theme.lower()}-{width}", panel)
            assert lab.page.evaluate(UNFIT) == []
