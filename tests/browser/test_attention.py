"""The attention view in a browser: right words and values under the mouse and under the keys."""

import json

import numpy as np
import pytest

from tests.records import record_of
from workbench.report.parts import view_record
from workbench.widgets import STATIC
from workbench.widgets.attention import view_labels

pytestmark = pytest.mark.browser

TEXT = "[CLS] the flight was late , but the crew was <b>won</b> ##derful . [SEP]"
SENTENCE = TEXT.split()


def make_record(tokens, model="after", layers=4, heads=3, prediction=""):
    """Return a record in which layer 1, head 1 looks at the next token with weight 0.64."""
    count = len(tokens)
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.full(count, 0.15), size=(layers, heads, count))
    if model == "before":
        weights[:] = 1 / count
    weights[0, 0] = 0.36 / (count - 1)
    weights[0, 0][np.arange(count), (np.arange(count) + 1) % count] = 0.64
    special = [token in ("[CLS]", "[SEP]") for token in tokens]
    return record_of(weights, tokens, special, model=model, prediction=prediction)


SHOW = """
import json
from pathlib import Path
from workbench.attention.record import AttentionRecord
from workbench.widgets.attention import AttentionView
lines = Path("{name}").read_text("utf-8").splitlines()
view = AttentionView([AttentionRecord.from_json(line) for line in lines])
view
"""


@pytest.fixture
def show_view(open_page):
    def show(name, records, language="en", theme="JupyterLab Light", size=(1280, 1000)):
        lab = open_page(language, size)
        lines = "\n".join(record.to_json() for record in records)
        (lab.lab.root / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        notebook = lab.lab.write_notebook(f"{name}.ipynb", SHOW.format(name=f"{name}.jsonl"))
        lab.open(notebook, theme)
        lab.run_all()
        lab.page.locator(".wb-attention .wb-heat").wait_for()
        return lab

    return show


def pick(page, label, option):
    page.get_by_label(label, exact=True).select_option(label=option)


def point_at(page, row, column, count):
    page.locator(".wb-attention").scroll_into_view_if_needed()
    box = page.locator(".wb-heat").bounding_box()
    cell = box["width"] / count
    page.mouse.move(box["x"] + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell)


def test_the_mouse_reads_the_right_words_and_weight(show_view):
    lab = show_view("attention-mouse", [make_record(SENTENCE)])
    pick(lab.page, "Layer", "1 / 4")
    pick(lab.page, "Head", "1 / 3")
    point_at(lab.page, 10, 11, len(SENTENCE))
    said = lab.page.locator(".wb-attention [role=status]")
    assert said.inner_text() == "<b>won</b> looks at ##derful: 0.640 ±0.004 · row 11, column 12"
    assert lab.page.locator(".wb-tip").inner_text() == "<b>won</b> looks at ##derful: 0.640 ±0.004"
    lab.screenshot("attention-mouse", lab.page.locator(".wb-attention"))


def test_the_keys_move_the_cell_and_lab_leaves_them_alone(show_view):
    lab = show_view("attention-keys", [make_record(SENTENCE)])
    pick(lab.page, "Layer", "1 / 4")
    pick(lab.page, "Head", "1 / 3")
    lab.page.locator(".wb-heat").focus()
    said = lab.page.locator(".wb-attention [role=status]")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowRight")
    assert said.inner_text().startswith("the looks at flight: 0.640")
    lab.page.keyboard.press("End")
    assert said.inner_text().startswith("the looks at [SEP]: 0.027")
    lab.page.keyboard.press("b")
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 1


def test_the_layer_and_head_are_picked_by_keyboard_and_the_mean_is_the_mean(show_view):
    record = make_record(SENTENCE)
    lab = show_view("attention-pick", [record])
    lab.page.get_by_label("Layer", exact=True).focus()
    lab.page.keyboard.press("ArrowUp")
    point_at(lab.page, 3, 4, len(SENTENCE))
    said = lab.page.locator(".wb-attention [role=status]")
    assert f": {record.map(0, 2)[3, 4]:.3f} ±" in said.inner_text()


def test_before_and_after_are_one_choice_apart(show_view):
    records = [
        make_record(SENTENCE, "before", prediction="negative (0.51)"),
        make_record(SENTENCE, "after", prediction="positive (0.98)"),
    ]
    lab = show_view("attention-two", records)
    view = lab.page.locator(".wb-attention")
    assert "Answer: positive (0.98)" in view.inner_text()
    pick(lab.page, "Model", "before fine-tuning")
    assert "Answer: negative (0.51)" in view.inner_text()
    point_at(lab.page, 3, 4, len(SENTENCE))
    said = view.locator("[role=status]").inner_text()
    assert f": {records[0].map(3)[3, 4]:.3f} ±" in said


def test_the_script_alone_works_on_a_page_without_jupyter(context, artifacts, tmp_path):
    data = {"records": [view_record(make_record(SENTENCE))], "labels": view_labels("en")}
    page = context.new_page()
    page.set_viewport_size({"width": 900, "height": 900})
    script = (STATIC / "attention.js").read_text("utf-8").replace("export default", "const view =")
    (tmp_path / "page.html").write_text(
        "<!doctype html><meta charset=utf-8><style>body{font-family:sans-serif}</style>"
        f"<div id=el></div><script type=module>{script}\nconst data = {json.dumps(data)};"
        'view.render({model: {get: (n) => data[n]}, el: document.getElementById("el")});</script>',
        encoding="utf-8",
    )
    page.goto((tmp_path / "page.html").as_uri())
    pick(page, "Layer", "1 / 4")
    pick(page, "Head", "1 / 3")
    point_at(page, 1, 2, len(SENTENCE))
    assert page.locator("[role=status]").inner_text().startswith("the looks at flight: 0.640")
    page.screenshot(path=artifacts / "attention-plain.png")
    page.close()


LONG = (SENTENCE * 6)[:64]
CHINESE = ["[CLS]", *"这趟航班晚点了，但机组人员非常好", "。", "[SEP]"]


@pytest.mark.parametrize(
    ("name", "tokens", "language", "theme", "size"),
    [
        ("wide-zh-dark", CHINESE, "zh", "JupyterLab Dark", (1280, 1000)),
        ("narrow-en-dark", SENTENCE, "en", "JupyterLab Dark", (600, 1000)),
        ("long-en-light", LONG, "en", "JupyterLab Light", (1400, 1200)),
    ],
)
def test_the_map_in_both_languages_and_themes(show_view, name, tokens, language, theme, size):
    records = [make_record(tokens, "before"), make_record(tokens, "after", prediction="positive")]
    lab = show_view(f"attention-{name}", records, language, theme, size)
    point_at(lab.page, 4, 6, len(tokens))
    lab.page.wait_for_timeout(200)
    lab.screenshot(f"attention-{name}", lab.page.locator(".wb-attention"))
    box = lab.page.locator(".wb-attention").bounding_box()
    assert box["x"] + box["width"] <= size[0]
