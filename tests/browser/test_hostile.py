"""Hostile text in every place where data can stand, in every view, in a real browser.

No script runs, no request leaves, nothing is typeset, nothing is wider than the page, and no text
reorders what stands beside it.
"""

from __future__ import annotations

import base64
import json

import nbformat
import pytest

from tests.robustness.hostile import FORMULAS, LONG, PAGES, SCRIPTS, WIDGETS, Hostile

pytestmark = pytest.mark.browser

PLACE = """<!doctype html><meta charset=utf-8><style>{style}</style><body><div id=el></div>
<script type=module>
const {{ script, traits, sent }} = {given};
const {{ default: made }} = await import("data:text/javascript;base64," + script);
const widget = typeof made === "function" ? await made() : made;
const acts = [];
const model = {{
  get: (name) => traits[name], set() {{}}, save_changes() {{}}, off() {{}},
  on: (name, act) => name === "msg:custom" && acts.push(act), send() {{}},
}};
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
await widget.initialize?.({{ model }});
await widget.render({{ model, el: document.getElementById("el") }});
for (const {{ content, buffers }} of sent) for (const act of acts) act(content, buffers.map(bytes));
await new Promise((next) => setTimeout(next, 500));
document.querySelectorAll("details").forEach((one) => (one.open = true));
window.shown = true;
</script>"""

# What is wrong with the texts of a part of a page, in words.
LOOK = """(root) => {
    const faults = [];
    const hidden = "script, style, textarea, pre, title, .wb-passage, .wb-text";
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const boxOf = (node, start, end) => {
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, end);
        return range.getBoundingClientRect();
    };
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (node.parentElement.closest(hidden)) continue;
        const { data } = node;
        if (/[\\u202a-\\u202e\\u2066\\u2067]/.test(data)) faults.push(`reorders: ${data}`);
        for (const found of data.matchAll(/\\d\\.\\d+/g)) {
            const end = found.index + found[0].length;
            const first = boxOf(node, found.index, found.index + 1);
            const last = boxOf(node, end - 1, end);
            const mirrored = first.top === last.top && first.left > last.left;
            if (mirrored) faults.push(`mirrored: ${data}`);
        }
    }
    if (root.querySelector("mjx-container, .MathJax")) faults.push("typeset");
    if (window.pwned) faults.push("a script ran");
    const alive = "iframe, object, embed, base, link[href^=http], img[src^=http], [onerror], "
        + "[onload], a[href^=javascript], a[href*=evil]";
    for (const one of root.querySelectorAll(alive)) faults.push(`alive: ${one.outerHTML}`);
    return [...new Set(faults)].map((one) => one.slice(0, 300));
}"""


ALIGNED = "(cells) => cells.map((cell) => getComputedStyle(cell).textAlign)"


def written(widget, folder):
    """Write a page of one widget, and return its path."""
    script = base64.b64encode(widget["script"].encode()).decode()
    given = json.dumps({"script": script, "traits": widget["traits"], "sent": widget["sent"]})
    path = folder / "widget.html"
    page = PLACE.format(style=widget["style"], given=given.replace("<", "\\u003c"))
    path.write_text(page, "utf-8")
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return Hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def pages(hostile):
    return hostile.pages()


@pytest.fixture(scope="module")
def widgets(hostile):
    return {one["name"]: one for one in hostile.widgets()}


@pytest.fixture
def looked_at(context):
    """Return a function that opens a page from disk and returns it with all that is wrong."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message) or dialog.dismiss())

    def look(path, ready="true"):
        page.goto(path.as_uri())
        page.wait_for_function(ready)
        page.wait_for_timeout(300)
        faults = page.evaluate(f"({LOOK})(document.body)")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            faults.append(f"{wide} px wider than the page")
        left = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
        return faults + errors + left, page.evaluate("document.body.textContent")

    look.page = page
    yield look
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_hostile_text_as_text(name, pages, looked_at):
    faults, shown = looked_at(pages[name])
    assert faults == []
    if name in ("report", "profile", "look"):
        assert FORMULAS[3] in shown and SCRIPTS[0] in shown


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_shows_hostile_text_as_text(name, widgets, looked_at, tmp_path):
    path = written(widgets[name], tmp_path)
    faults, _ = looked_at(path, ready="window.shown")
    assert faults == []


def test_a_notebook_shows_hostile_text_as_text_trusted_or_not(hostile, open_page):
    """First as somebody else's notebook is opened, then as it looks when it is run here."""
    page = open_page(kept=False)
    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    bundles = list(hostile.outputs().values())
    (page.lab.root / "outputs.json").write_text(json.dumps(bundles), "utf-8")
    show = (
        "import json\nfrom IPython.display import display\n"
        "for one in json.load(open('outputs.json')):\n    display(one, raw=True)"
    )
    cell = nbformat.v4.new_code_cell(show)
    cell.outputs = [nbformat.v4.new_output("display_data", data=one) for one in bundles]
    cell.execution_count = 1
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    nbformat.write(notebook, page.lab.root / "hostile.ipynb")
    page.open("hostile.ipynb")
    for trusted in (False, True):
        if trusted:
            page.run_all()
        page.page.wait_for_timeout(3000)  # MathJax is loaded when it is first needed
        area = page.page.locator(".jp-OutputArea").first
        assert area.evaluate(LOOK) == []
        assert FORMULAS[3] in area.text_content()
        cells = area.locator(".jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th")
        assert set(cells.evaluate_all(ALIGNED)) <= {"left", "start"}
        high = area.evaluate("(area) => area.scrollHeight")
        assert high < 60 * len(bundles) * 40, high
    assert [url for url in asked if "evil" in url] == []


def test_long_labels_that_differ_late_look_different(widgets, looked_at, tmp_path):
    looked_at(written(widgets["labelling classes"], tmp_path), ready="window.shown")
    shown = looked_at.page.locator(".wb-choices .wb-label")
    late = [shown.get_by_text(label, exact=True) for label in LONG[-2:]]
    for one in late:
        assert one.evaluate("(label) => label.scrollWidth <= label.clientWidth + 1")
        assert one.bounding_box()["width"] > 100
