"""What is looked at together stands together, and no word is cut: on pages of Lab's sizes."""

import base64

import pytest
from reporting.folders import run_folder

from tests.browser.test_live import Run
from workbench import language as languages
from workbench.notebook import pages
from workbench.reporting import render
from workbench.runs import RunFolder
from workbench.runs.lock import writer_lock
from workbench.spec import RunSpec
from workbench.widgets.live import LiveChart
from workbench.widgets.steering import SteeringPanel

pytestmark = pytest.mark.browser

# Of a window, what Lab leaves to the outputs of a notebook.
PLACES = {(1440, 900): (1260, 760), (1024, 768): (850, 630)}

SHOW = """async ([script, style, traits, sent]) => {
    const sheet = document.createElement("style");
    sheet.textContent = style;
    document.head.append(sheet);
    const acts = {};
    const model = {
        get: (name) => traits[name], set() {}, save_changes() {}, send() {}, off() {},
        on: (name, act) => (acts[name] ??= []).push(act),
    };
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const { default: made } = await import(address);
    const widget = typeof made === "function" ? await made() : made;
    await widget.initialize?.({ model });
    const el = document.body.appendChild(document.createElement("div"));
    await widget.render({ model, el });
    for (const [content, buffers] of sent) {
        const views = buffers.map((one) => new DataView(
            Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0)).buffer));
        for (const act of acts["msg:custom"] ?? []) act(content, views);
    }
}"""
# Cells of tables in which a single word takes several lines.
CUT = """() => [...document.querySelectorAll("td, th")].filter((cell) => {
    if (!/^[a-z]{4,14}$/.test(cell.textContent.trim())) return false;
    const range = document.createRange();
    range.selectNodeContents(cell);
    return new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1;
}).map((cell) => cell.textContent)"""
# What sticks out of a tile, and buttons that lie over text.
UNFIT = """() => {
    const tiles = [...document.querySelectorAll(".tiles div")]
        .filter((tile) => [...tile.children].some((one) => one.scrollWidth > tile.clientWidth));
    const over = [...document.querySelectorAll(".code")].filter((box) => {
        const [button, text] = ["button", "pre"].map(
            (name) => box.querySelector(name)?.getBoundingClientRect());
        return button?.height && button.bottom > text.top && button.top < text.bottom;
    });
    return [...tiles, ...over].map((one) => one.textContent.slice(0, 80));
}"""


def show(page, widget, *asked):
    """Show a widget on a page as Python makes it, without a kernel."""
    sent = []
    widget.send = lambda content, buffers=(): sent.append(
        [content, [base64.b64encode(bytes(one)).decode("ascii") for one in buffers or ()]]
    )
    for message in asked:
        widget._received(widget, message, [])
    names = [name for name in widget.keys if not name.startswith("_")]
    traits = {name: getattr(widget, name) for name in names if name not in ("layout", "tooltip")}
    page.evaluate(SHOW, [widget._esm, widget._css, traits, sent])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_loss_and_learning_rate_are_seen_together(browser, tmp_path, language, artifacts):
    run, folder = Run(tmp_path / "a-run", 200), RunFolder(tmp_path / "a-run")
    folder.write_spec(RunSpec(), {})
    run.steps(1, 60)
    with writer_lock(folder):
        chart = LiveChart(folder, language, on_fork=lambda *_: None)
        chart.update()
        panel = SteeringPanel(folder, language, on_resume=lambda _: None)
        for (window, _), (width, height) in PLACES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            show(page, chart, {"kind": "sync"})
            show(page, panel)
            page.wait_for_timeout(300)
            page.screenshot(path=artifacts / f"together-{language}-{window}.png")
            canvas = page.locator(".wb-panel-loss canvas").bounding_box()
            knob = page.locator(".wb-steer [data-knob=learning_rate]").bounding_box()
            assert canvas["height"] > 150
            assert knob["y"] > canvas["y"] + canvas["height"]
            assert knob["y"] + knob["height"] <= height
            page.close()
    run.end()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_is_cut_and_nothing_sticks_out(browser, tmp_path, language, artifacts):
    languages.use(language)
    words = ("negative", "whitespace", "neutral", "subscription")
    row = {word: word for word in words} | {"text": "a long text of many words " * 20}
    table = pages.page(pages.table([row] * 3), "")["text/html"]
    report = tmp_path / "report.html"
    report.write_text(render(run_folder(tmp_path, language)), "utf-8")
    for (window, height), (width, _) in PLACES.items():
        page = browser.new_page(viewport={"width": width, "height": 500})
        page.set_content(table)
        assert page.evaluate(CUT) == []
        page.set_viewport_size({"width": window, "height": height})
        page.goto(report.as_uri())
        page.screenshot(path=artifacts / f"report-{language}-{window}.png")
        assert page.evaluate(CUT) == []
        assert page.evaluate(UNFIT) == []
        page.close()
