"""The attention desk in JupyterLab: right words and values under mouse and keys; live answers."""

import json

import nbformat
import pytest

from tests.browser.desks import (
    CHINESE,
    SENTENCE,
    be_drawn,
    make_record,
    open_head,
    pick,
    point_at,
    said,
    tile_place,
    title,
)  # fmt: skip

pytestmark = pytest.mark.browser

SHOW = """
import json
from pathlib import Path
from workbench.attention.reading import read_json
from workbench.widgets.attention import AttentionDesk, show_desk
lines = Path("{name}").read_text("utf-8").splitlines()
show_desk(AttentionDesk([read_json(line) for line in lines]))
"""


@pytest.fixture
def show_desk(open_page):
    def show(name, records, language="en", theme="JupyterLab Light", size=(1280, 1000)):
        lab = open_page(language, size)
        lines = "\n".join(record.to_json() for record in records)
        (lab.lab.root / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        notebook = lab.lab.write_notebook(f"{name}.ipynb", SHOW.format(name=f"{name}.jsonl"))
        lab.open(notebook, theme)
        lab.run_all()
        lab.page.locator(".wb-attention .wb-heat").first.wait_for()
        return lab

    return show


def test_the_mouse_reads_the_right_words_and_weight(show_desk):
    lab = show_desk("attention-mouse", [make_record()])
    open_head(lab.page, 1, 1)
    point_at(lab.page, 11, 12)
    words = "<b>won</b> attends to ##derful: 0.640 ±0.004"
    assert said(lab.page) == f"{words} · row 12, column 13"
    assert lab.page.locator(".wb-zoom .wb-tip").inner_text() == words
    assert lab.page.locator(".wb-strip .wb-seen").inner_text() == "##derful"
    point_at(lab.page, 8, 9)
    assert said(lab.page).startswith("<img src=x onerror=alert(1)> attends to crew: 0.640")
    assert lab.page.locator("img[src=x]").count() == 0
    lab.screenshot("attention-mouse", lab.page.locator(".wb-attention"))


def test_the_keys_move_the_cell_and_lab_leaves_them_alone(show_desk):
    lab = show_desk("attention-keys", [make_record()])
    open_head(lab.page, 1, 1)
    lab.page.locator(".wb-heat").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        lab.page.keyboard.press(key)
    assert said(lab.page).startswith("the attends to flight: 0.640")
    lab.page.keyboard.press("End")
    assert said(lab.page).startswith("the attends to [SEP]: 0.02")
    lab.page.keyboard.press("Enter")
    be_drawn(lab.page)
    assert lab.page.locator(".wb-strip .wb-picked").inner_text() == "the"
    lab.page.keyboard.press("b")
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 1


def test_heads_are_chosen_in_the_atlas_by_mouse_and_by_key(show_desk):
    record = make_record()
    lab = show_desk("attention-atlas", [record])
    lab.page.mouse.move(*tile_place(lab.page, 2, 1))
    result = lab.page.locator(".wb-atlas .wb-readout")
    entropy = record.blocks[0].statistics["entropy"][2][1]
    be_drawn(lab.page)
    assert result.inner_text().startswith(f"layer 3, head 2: entropy {entropy:.3f}")
    lab.page.mouse.click(*tile_place(lab.page, 2, 1))
    assert title(lab.page) == "Attention map: layer 3, head 2"
    lab.page.keyboard.down("Shift")
    lab.page.mouse.click(*tile_place(lab.page, 3, 0))
    lab.page.keyboard.up("Shift")
    assert title(lab.page) == "Attention map: mean of 2 heads"
    point_at(lab.page, 3, 4)
    mean = (record.map(0, 2, 1)[3, 4] + record.map(0, 3, 0)[3, 4]) / 2
    assert f": {mean:.3f} ±" in said(lab.page)
    lab.page.locator(".wb-atlas-map").focus()
    for key in ("Home", "ArrowRight", "ArrowDown", "Enter"):
        lab.page.keyboard.press(key)
    assert title(lab.page) == "Attention map: layer 2, head 2"


def test_heads_are_sorted_by_a_statistic_and_read_in_numbers(show_desk):
    record = make_record()
    lab = show_desk("attention-sort", [record])
    pick(lab.page, "Bar shows", "mean distance")
    pick(lab.page, "Order", "highest first")
    lab.page.wait_for_timeout(100)
    order = lab.page.evaluate(
        "document.querySelector('.wb-atlas-map').wbPlan.tiles.map((one) => one.head)"
    )
    far = record.blocks[0].statistics["distance"]
    values = [far[layer][head] for layer, head in order]
    assert values == sorted(values, reverse=True)
    lab.page.get_by_text("Statistics of all heads").click()
    lab.page.locator(".wb-table").get_by_role("button", name="entropy").click()
    column = lab.page.locator(".wb-table tbody tr td:nth-child(2)").all_inner_texts()
    assert [float(one) for one in column] == sorted((float(one) for one in column), reverse=True)
    lab.screenshot("attention-sorted", lab.page.locator(".wb-attention"))


def test_pieces_are_merged_and_special_tokens_hidden_with_renormalising(show_desk):
    record = make_record()
    lab = show_desk("attention-words", [record])
    open_head(lab.page, 1, 1)
    lab.page.get_by_label("merge subwords into words").check()
    point_at(lab.page, 10, 11)
    full = record.map(0, 0, 0)
    assert f"was attends to <b>won</b>derful: {full[10, 11] + full[10, 12]:.3f} ±" in said(lab.page)
    lab.page.get_by_label("hide special tokens").check()
    lab.page.wait_for_timeout(80)
    be_drawn(lab.page)
    assert "renormalised to sum to 1" in lab.page.locator(".wb-zoom").inner_text()
    point_at(lab.page, 0, 1)
    shown = full[1, 2] / full[1, 1:-1].sum()
    assert f"the attends to flight: {shown:.3f} ±" in said(lab.page)


def test_several_tokens_are_summed_in_the_text(show_desk):
    record = make_record()
    lab = show_desk("attention-text", [record])
    open_head(lab.page, 1, 1)
    words = lab.page.locator(".wb-strip [role=option]")
    words.nth(1).click()
    words.nth(3).click(modifiers=["Shift"])
    lab.page.wait_for_timeout(80)
    be_drawn(lab.page)
    result = lab.page.locator(".wb-strip .wb-cell").inner_text()
    both = record.map(0, 0, 0)[[1, 3]].sum(axis=0)
    assert result.startswith(f"the + was, summed, attend most to: flight {both[2]:.3f}")
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_timeout(80)
    be_drawn(lab.page)
    assert lab.page.locator(".wb-strip .wb-cell").inner_text().startswith("late attends most to")


def test_before_and_after_are_compared_with_sign_and_divergence(show_desk):
    records = [
        make_record(model="before", prediction="negative (51%)",
                    probabilities=[("negative", 0.51), ("positive", 0.49)]),
        make_record(model="after", prediction="positive (98%)",
                    probabilities=[("negative", 0.02), ("positive", 0.98)]),
    ]  # fmt: skip
    lab = show_desk("attention-two", records)
    desk = lab.page.locator(".wb-attention")
    assert "Answer: positive (98%)" in desk.inner_text()
    pick(lab.page, "Model", "before fine-tuning")
    assert "Answer: negative (51%)" in desk.inner_text()
    pick(lab.page, "Model", "after fine-tuning")
    pick(lab.page, "Compared with", "before fine-tuning")
    pick(lab.page, "Layer", "2 / 4")
    pick(lab.page, "Head", "1 / 3")
    assert title(lab.page) == "What changed: layer 2, head 1"
    change = records[1].map(0, 1, 0) - records[0].map(0, 1, 0)
    row, column = (int(n) for n in divmod(abs(change).argmax(), change.shape[1]))
    point_at(lab.page, row, column)
    sign = "+" if change[row, column] > 0 else "−"
    assert f": {sign}{abs(change[row, column]):.3f} ±" in said(lab.page)
    moved = desk.locator(".wb-change tbody").last.locator("tr")
    shares = [float(one) for one in moved.locator("td:nth-child(2)").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    assert "+49.0" in desk.locator(".wb-change").inner_text()
    lab.screenshot("attention-change", desk)


LIVE = """
from pathlib import Path
from tests.tiny_models import make_tiny_bert
import workbench as wb
make_tiny_bert(Path("tiny-live"), spread=1.0)
wb.attend("tiny-live", "the film was wonderful")
"""


def test_a_live_desk_asks_the_model_and_shows_the_change(open_page):
    lab = open_page("en", (1280, 1100))
    lab.open(lab.lab.write_notebook("attention-live.ipynb", LIVE))
    lab.run_all()
    page, desk = lab.page, lab.page.locator(".wb-attention:visible")
    page.locator(".wb-attention .wb-heat").first.wait_for()
    assert desk.count() == 1
    sentence = desk.get_by_label("Sentence")
    assert sentence.input_value() == "the film was wonderful"
    sentence.fill("the film was terrible")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What changed:").wait_for()
    point_at(page, 3, 4)
    assert "not both in the previous sentence" in said(page)
    point_at(page, 3, 2)
    assert "was attends to film: " in said(page)
    lab.screenshot("attention-live-edit", desk)
    pick(page, "Compared with", "nothing")
    desk.get_by_role("tab", name="Limits of attention maps").click()
    desk.get_by_role("button", name="Test causally").click()
    desk.get_by_text("Rank correlation of importance (leave each token out) with layer").wait_for()
    pick(page, "Layer", "1 / 2")
    pick(page, "Head", "2 / 2")
    desk.get_by_role("tab", name="Step by step").click()
    desk.get_by_role("button", name="Load the numbers of this head").click()
    desk.get_by_role("heading", name="with the actual numbers: layer 1, head 2").wait_for()
    desk.locator(".wb-formula").get_by_text("largest difference 0.00").wait_for()
    lab.screenshot("attention-live-formula", desk)
    # The copy that is saved with the notebook shows the new sentence, too.
    lab.command("docmanager:save")
    page.wait_for_timeout(1500)
    assert "the film was terrible" in (lab.lab.root / "attention-live.ipynb").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "tokens", "language", "theme", "size"),
    [
        ("wide-zh-dark", CHINESE, "zh", "JupyterLab Dark", (1280, 1000)),
        ("narrow-en-dark", SENTENCE, "en", "JupyterLab Dark", (700, 1000)),
        ("long-en-light", (SENTENCE * 8)[:110], "en", "JupyterLab Light", (1400, 1200)),
    ],
)
def test_the_desk_in_both_languages_and_themes(show_desk, name, tokens, language, theme, size):
    records = [make_record(tokens, "before"), make_record(tokens, "after", prediction="positive")]
    lab = show_desk(f"attention-{name}", records, language, theme, size)
    point_at(lab.page, 4, 6)
    lab.page.wait_for_timeout(200)
    lab.screenshot(f"attention-{name}", lab.page.locator(".wb-attention"))
    box = lab.page.locator(".wb-attention").bounding_box()
    assert box["x"] + box["width"] <= size[0]
    wide = "[...document.querySelectorAll('.wb-attention section, .wb-attention header')]"
    assert lab.page.evaluate(f"{wide}.every((one) => one.scrollWidth <= one.clientWidth + 1)")


def test_a_saved_notebook_stays_small_and_shows_the_desk_without_its_kernel(show_desk, context):
    lab = show_desk("attention-saved", [make_record(model="before"), make_record()])
    lab.command("docmanager:save")
    lab.page.wait_for_timeout(1500)
    path = lab.lab.root / "attention-saved.ipynb"
    assert path.stat().st_size < 1_000_000
    outputs = nbformat.read(path, 4).cells[0].outputs
    kinds = [set(one.get("data", {})) for one in outputs]
    assert {"text/html", "image/png", "text/plain"} in kinds
    html = next(one["data"]["text/html"] for one in outputs if "text/html" in one["data"])
    assert html.lstrip().index("<img") < html.index("<script")
    assert "http" not in json.dumps(outputs)
