"""Real runs watched and steered in a browser: several at once, reloaded, restarted, forked."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.browser.runs import end_runs, losses, wait_for_steps, wait_until, write_spec
from workbench.runs import list_runs, read_state
from workbench.runs.control import ask
from workbench.runs.lock import read_owner
from workbench.runs.summary import summarise

pytestmark = pytest.mark.browser

# Some thousand steps of a batch of two: minutes, however fast the machine.
LONG = {
    "train.max_steps": 200_000,
    "train.per_device_train_batch_size": 1,
    "train.lr_scheduler_type": "constant",
    "train.learning_rate": 1e-4,
    "train.eval_steps": 500,
    "output.save_steps": 50,
    "output.save_total_limit": 3,
}
START = 'import workbench as wb\nruns = [wb.start(f"{name}.yaml") for name in {names}]'
ATTACH = "import workbench as wb\nwb.attach({run})"
RECORD = ".jp-OutputArea .js-plotly-plot"


@pytest.fixture
def start(open_page):
    """Return a function that starts runs in a notebook and watches each in a cell of its own.

    The runs give way to Lab and browser, unless they are `quick`.
    """
    folders = []

    def begin(
        *names,
        language="en",
        theme="JupyterLab Light",
        size=(1000, 1100),
        quick=False,
        kept=True,
        **changes,
    ):
        lab = open_page(language, size, kept)
        for name in names:
            write_spec(lab.lab.root, name, **{**LONG, "output.language": "auto", **changes})
            folders.append(lab.lab.root / f"{name}-runs")
        cells = [ATTACH.format(run=f"runs[{number}]") for number in range(len(names))]
        began = START.replace("{names}", repr(names))
        lab.open(lab.lab.write_notebook(f"{names[0]}.ipynb", began, *cells), theme)
        lab.run_all(seconds=300)
        live(lab, len(names) - 1).wait_for(timeout=60_000)
        runs = [run for folder in folders[-len(names) :] for run in list_runs(folder)]
        for run in runs:
            wait_until(lambda run=run: read_state(run).step > 0, 180)
            if not quick and hasattr(os, "setpriority"):
                os.setpriority(os.PRIO_PROCESS, read_owner(run).pid, 10)
        return lab, *runs

    yield begin
    for folder in folders:
        end_runs(folder)


def live(lab, number=0):
    return lab.page.locator(".wb-live canvas").nth(6 * number)


def said_at(lab, key, number=0):
    """Return the step that a chart's read-out names after a key."""
    live(lab, number).press(key)
    words = lab.page.locator(".wb-live .wb-spoken").nth(number).inner_text()
    return int(words.removeprefix("Step ").split(", ")[0].replace(",", ""))


def see_it_grow(lab, run, number=0):
    """See the whole curve from its first step, and its end move on."""
    # The canvas is there before the first points are.
    chart = lab.page.locator(".wb-live").nth(number)
    chart.locator("progress[value]:not([value='0'])").first.wait_for(timeout=60_000)
    assert said_at(lab, "Home", number) == 1
    before = said_at(lab, "End", number)
    wait_for_steps(run, 20)
    wait_until(lambda: said_at(lab, "End", number) >= before + 20, 20)


def set_rate(lab, entry, number=0):
    row = lab.page.locator(".wb-steer [data-knob=learning_rate]").nth(number)
    box = row.get_by_role("textbox")
    box.fill(entry)
    box.press("Enter")


def acts(run):
    return [(e["knob"], e["new"]) for e in run.events() if e["event"] == "steered"]


def test_three_runs_side_by_side_grow_are_steered_apart_and_offered(start, open_page):
    lab, *runs = start("beside-0", "beside-1", "beside-2", size=(1000, 2400))
    rates = ("0.0002", "0.0003", "0.0004")
    for number, rate in enumerate(rates):
        set_rate(lab, rate, number)
    for number, (run, rate) in enumerate(zip(runs, rates, strict=True)):
        wait_until(lambda run=run: len(acts(run)) > 0, 20)
        assert acts(run) == [("learning_rate", float(rate))]
        see_it_grow(lab, run, number)
        assert read_state(run).steps[-1]["learning_rate"] == float(rate)
    assert [summarise(run).status for run in runs] == ["running"] * 3
    lab.screenshot("beside")
    # Another notebook, which does not know them, is asked to attach.
    lab = open_page("en", (1000, 1100))
    found = lab.lab.root / "runs"
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    for run in runs:
        (found / run.path.parent.name).symlink_to(run.path)
    lab.open(lab.lab.write_notebook("offer.ipynb", ATTACH.format(run="")))
    lab.run_all()
    lab.page.get_by_text("Several runs are training.").wait_for()
    names = lab.page.locator(".jp-Notebook .jupyter-button").all_inner_texts()
    assert sorted(names) == ["beside-0-runs", "beside-1-runs", "beside-2-runs"]
    lab.page.get_by_role("button", name="beside-1-runs").click()
    live(lab).wait_for(timeout=30_000)
    assert lab.page.locator(".wb-live .wb-head strong").inner_text() == "beside-1-runs"
    see_it_grow(lab, runs[1])
    lab.screenshot("offer")
    shutil.rmtree(found)


def test_a_run_is_seen_whole_after_a_reload_a_closed_tab_and_a_kernel_restart(start, open_page):
    lab, run = start("again", kept=False)
    owner = read_owner(run).pid
    lab.command("docmanager:save")
    lab.page.reload()
    live(lab).wait_for(timeout=60_000)
    see_it_grow(lab, run)
    lab.command("docmanager:save")
    at = read_state(run).step
    lab.page.close()
    time.sleep(20)
    assert read_state(run).step > at
    lab = open_page("en", (1000, 1100), kept=False)
    lab.open("again.ipynb")
    live(lab).wait_for(timeout=60_000)
    see_it_grow(lab, run)
    lab.screenshot("again-tab")
    lab.restart_kernel()
    wait_for_steps(run, 10)
    lab.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel"
        f".setSource({ATTACH.format(run=repr(f'again-runs/{run.name}'))!r})"
    )
    lab.run_cell(1)
    live(lab).wait_for(timeout=60_000)
    see_it_grow(lab, run)
    lab.page.locator(".wb-steer").get_by_role("button", name="Pause", exact=True).click()
    wait_until(lambda: read_state(run).status == "paused", 10)
    assert read_owner(run).pid == owner
    lab.screenshot("again-restarted")
    panel = lab.page.locator(".wb-steer")
    panel.get_by_role("button", name="Stop and keep the best", exact=True).click()
    panel.get_by_role("button", name="Yes, stop and keep the best", exact=True).click()
    lab.page.locator(RECORD).first.wait_for(timeout=60_000)
    state = read_state(run)
    assert state.status == "stopped"
    assert [event["step"] for event in state.steps] == list(range(1, state.step + 1))
    assert not lab.page.locator(".wb-live").is_visible()
    assert not panel.is_visible()
    lab.screenshot("again-ended")


def test_the_learning_rate_changes_the_slope_of_the_curve(start):
    # Every step sees all rows, so that the loss has no chance in it but dropout's.
    lab, run = start(
        "slope",
        quick=True,
        **{
            "train.per_device_train_batch_size": 64,
            "train.max_steps": 20_000,
            "train.learning_rate": 2e-4,
            "output.save_steps": 1000,
        },
    )
    wait_until(lambda: mean_loss(run) < 0.62, 240)
    # The slider, with its handle on the left end: the lowest rate there is.
    slider = lab.page.locator(".wb-steer [data-knob=learning_rate]").get_by_role("slider")
    slider.focus()
    lab.page.keyboard.press("Home")
    wait_until(lambda: len(acts(run)) == 1, 10)
    wait_for_steps(run, 100, 120)
    level = mean_loss(run)
    set_rate(lab, "0.0002")
    wait_until(lambda: len(acts(run)) == 2, 10)
    wait_until(lambda: mean_loss(run) < level - 0.1, 240)
    lab.page.mouse.move(0, 0)
    lab.screenshot("slope", lab.page.locator(".wb-live"))
    assert acts(run) == [("learning_rate", 1e-7), ("learning_rate", 2e-4)]
    held, let_go = [e["step"] for e in run.events() if e["event"] == "steered"]
    assert let_go - held >= 100
    fell = 0.69 - mean_loss(run, held)
    assert fell > 0.05
    # It fell, it stood still as long as the rate was held, and it fell again.
    assert abs(mean_loss(run, let_go) - mean_loss(run, held + 10)) < 0.2 * fell


def mean_loss(run, last=None):
    """Return the mean training loss of the ten steps up to one of them, or to the latest."""
    last = last or read_state(run).step
    found = losses(run, last - 9, last)
    return sum(found) / len(found)


def test_a_click_on_the_curve_forks_with_another_rate(start):
    pause, rate, decay, loss = "暂停", "学习率", "权重衰减", "训练损失"
    lab, run = start(
        "fork", language="zh", theme="JupyterLab Dark", quick=True, **{"train.max_steps": 1120}
    )
    wait_until(lambda: read_state(run).step >= 160, 180)
    lab.page.locator(".wb-steer").get_by_role("button", name=pause, exact=True).click()
    wait_until(lambda: read_state(run).status == "paused", 10)
    live(lab).scroll_into_view_if_needed()
    box = live(lab).bounding_box()
    lab.page.mouse.click(box["x"] + 62 + 0.12 * (box["width"] - 80), box["y"] + 60)
    callout = lab.page.locator(".wb-callout")
    field = callout.get_by_label(rate, exact=True)
    field.wait_for(timeout=30_000)
    assert field.input_value() == "0.0001"
    assert callout.get_by_label(decay, exact=True).input_value() == "0.01"
    offered = callout.locator(".wb-fork").inner_text()
    # What does not fit is said where it was typed, and nothing is made of it.
    field.fill("7")
    field.press("Enter")
    callout.get_by_role("alert").filter(has_text="train.learning_rate").wait_for(timeout=20_000)
    assert len(list_runs(run.path.parent)) == 1
    lab.screenshot("fork-fault", lab.page.locator(".wb-live"))
    field.fill("0.002")
    callout.locator(".wb-fork").click()
    child_chart = lab.page.locator(".wb-live").nth(1)
    child_chart.wait_for(timeout=60_000)
    callout.first.wait_for(state="hidden")
    (child,) = (other for other in list_runs(run.path.parent) if other.name != run.name)
    parent = child.record()["parent"]
    assert parent["run"] == run.name
    assert str(parent["step"]) in offered
    assert child.spec().train.learning_rate == 0.002
    assert child.spec().train.weight_decay == 0.01
    legend = child_chart.locator(".wb-panel-loss .wb-legend button").filter(has_text=loss)
    legend.filter(has_text=run.name).wait_for(timeout=30_000)
    wait_until(lambda: read_state(child).step > parent["step"] + 20, 180)
    lab.screenshot("fork-child", child_chart)
    wait_until(lambda: read_state(child).ended, 300)
    assert read_state(child).status == "finished"
    assert [e["learning_rate"] for e in read_state(child).steps][-1] == 0.002
    lab.page.locator(RECORD).wait_for(timeout=120_000)
    assert read_state(run).status == "paused"


def test_a_fork_is_made_by_keyboard_alone(start):
    lab, run = start("fork-keys", quick=True)
    wait_until(lambda: read_state(run).step >= 120, 180)
    live(lab).focus()
    lab.page.keyboard.press("End")
    lab.page.keyboard.press("Enter")
    field = lab.page.locator(".wb-callout").get_by_label("Learning rate", exact=True)
    field.wait_for(timeout=30_000)
    lab.page.wait_for_function("document.activeElement?.name === 'learning_rate'")
    lab.page.keyboard.press("Escape")
    lab.page.locator(".wb-callout").wait_for(state="hidden", timeout=5_000)
    assert lab.page.evaluate("document.activeElement.tagName") == "CANVAS"
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("document.activeElement?.name === 'learning_rate'")
    lab.page.keyboard.type("0.0005")  # what stood there is marked, and typed over
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.type("0.1")
    lab.screenshot("fork-keys", lab.page.locator(".wb-live"))
    lab.page.keyboard.press("Enter")
    wait_until(lambda: len(list_runs(run.path.parent)) == 2, 30)
    child = max(list_runs(run.path.parent), key=lambda other: len(other.name))
    train = child.spec().train
    assert (train.learning_rate, train.weight_decay) == (0.0005, 0.1)
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 2  # Lab took no key


def test_a_run_that_fails_leaves_its_record_and_a_button_and_is_watched_again(start):
    lab, run = start("fails")
    wait_until(lambda: any(e["event"] == "checkpoint_saved" for e in run.events()), 60)
    wait_until(lambda: summarise(run).status == "running", 10)
    os.kill(read_owner(run).pid, signal.SIGKILL)
    panel = lab.page.locator(".wb-steer")
    panel.locator(".wb-phase", has_text="Interrupted").wait_for(timeout=30_000)
    # The rows change behind the run's back, so that going on must fail.
    rows = Path(run.spec().data.source)
    kept = rows.read_text("utf-8")
    rows.write_text(kept + "one row more,positive\n", "utf-8")
    resume = panel.get_by_role("button", name="Resume", exact=True)
    resume.click()
    lab.page.locator(RECORD).wait_for(timeout=120_000)
    assert read_state(run).status == "failed"
    panel.locator(".wb-phase", has_text="has changed since it began").wait_for()
    assert lab.page.locator(".wb-live").count() == 0
    resume.wait_for()
    lab.screenshot("fails-failed")
    rows.write_text(kept, "utf-8")
    at = read_state(run).step
    resume.click()
    live(lab).wait_for(timeout=60_000)
    wait_until(lambda: read_state(run).step > at, 180)
    see_it_grow(lab, run)
    lab.screenshot("fails-resumed")
    ask(run, "stop", "keep")
    lab.page.locator(RECORD).wait_for(timeout=120_000)
    panel.wait_for(state="detached")
    assert read_state(run).status == "stopped"
