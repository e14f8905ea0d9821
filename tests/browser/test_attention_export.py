"""The attention desk as a file: opened from disk, without kernel and without network."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.browser.desks import (
    CHINESE,
    SENTENCE,
    make_record,
    open_head,
    pick,
    point_at,
    said,
    tile_place,
    title,
)  # fmt: skip
from tests.records import record_of
from workbench import language
from workbench.attention.budget import shrunk
from workbench.attention.packing import quantise
from workbench.reporting.attention_page import write_look

pytestmark = pytest.mark.browser


@pytest.fixture
def open_file(context, tmp_path):
    pages = []

    def show(records, size=(1280, 1000), lang="en", scheme="light"):
        with language.using(lang):
            write_look(records, tmp_path / "look.html")
        page = context.new_page()
        pages.append(page)
        page.errors, page.asked = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("dialog", lambda dialog: page.errors.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: page.asked.append(request.url))
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto((tmp_path / "look.html").as_uri())
        page.locator(".wb-heat").wait_for()
        return page

    yield show
    for page in pages:
        assert page.errors == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []
        page.close()


def test_colours_that_are_data_stay_where_colours_are_forced(open_file):
    page = open_file([make_record()])
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    shades = page.locator(".wb-word[style*=background]").evaluate_all(
        "words => words.map((word) => [getComputedStyle(word).backgroundColor,"
        " word.style.backgroundColor])"
    )
    assert len(shades) > 5
    assert all(shown == meant for shown, meant in shades)
    ramp = page.locator(".wb-ramp").first
    assert "gradient" in ramp.evaluate("one => getComputedStyle(one).backgroundImage")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_hover_click_sort_and_compare_work_from_disk(open_file):
    records = [make_record(model="before"), make_record()]
    page = open_file(records)
    assert page.locator(".wb-desk-still").is_hidden()
    open_head(page, 1, 1)
    assert title(page) == "What changed: layer 1, head 1"  # two were given to be compared
    pick(page, "Compared with", "nothing")
    point_at(page, 8, 9)
    assert said(page).startswith("<img src=x onerror=alert(1)> attends to crew: 0.640 ±0.004")
    page.mouse.click(*tile_place(page, 2, 1))
    assert title(page) == "Attention map: layer 3, head 2"
    pick(page, "Bar shows", "first token")
    pick(page, "Order", "lowest first")
    page.wait_for_timeout(100)
    order = page.evaluate("document.querySelector('.wb-atlas-map').wbPlan.tiles.map((t) => t.head)")
    first = records[1].blocks[0].statistics["first"]
    values = [first[layer][head] for layer, head in order]
    assert values == sorted(values)
    page.get_by_role("button", name="Compare with: before fine-tuning").click()
    assert title(page) == "What changed: layer 3, head 2"


def test_a_file_without_its_script_shows_the_picture(browser, tmp_path):
    write_look([make_record()], tmp_path / "look.html")
    quiet = browser.new_context(java_script_enabled=False)
    page = quiet.new_page()
    page.goto((tmp_path / "look.html").as_uri())
    assert page.locator(".wb-desk-still img").is_visible()
    assert page.locator(".wb-desk-still img").evaluate("(image) => image.naturalWidth") > 600
    quiet.close()


def test_snapshots_are_scrubbed_by_step(open_file):
    records = [
        make_record(model="before"),
        *(make_record(model=f"step {n}", step=n) for n in (5, 9)),
    ]
    page = open_file([*records, make_record(model="after", step=12, prediction="positive (98%)")])
    page.get_by_role("tab", name="During training").click()
    slider = page.get_by_label("Step", exact=True)
    assert page.locator(".wb-scrub output").inner_text() == "step 12"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(80)
    assert page.locator(".wb-scrub output").inner_text() == "step 9"
    assert "positive" not in page.locator(".wb-answer").inner_text()
    page.keyboard.press("Home")
    page.wait_for_timeout(80)
    assert page.locator(".wb-scrub output").inner_text() == "step 0"
    open_head(page, 2, 1)
    point_at(page, 3, 4)
    assert f": {1 / len(SENTENCE):.3f} ±" in said(page)


def test_the_divisor_sharpens_and_flattens_the_row(open_file):
    import numpy as np

    from workbench.attention.record import Formula

    count, depth = len(SENTENCE), 4
    rng = np.random.default_rng(1)
    q, k, v = (rng.normal(size=(count, depth)).astype(np.float32) for _ in range(3))
    scores = q @ k.T / 2
    weights = np.exp(scores - scores.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    record = make_record()
    record.blocks[0].maps[3, 2] = quantise(weights)
    formula = Formula(0, 3, 2, 0.5, q, k, v, np.ones((count, count), np.uint8))
    object.__setattr__(record, "formula", formula)
    page = open_file([record])
    page.get_by_role("tab", name="Step by step").click()
    shown = page.locator(".wb-formula")
    row = weights[0]
    cells = shown.locator("tbody tr").nth(2).locator("td").all_inner_texts()
    assert cells[0] == f"{q[0] @ k[2]:.2f}"
    assert cells[1] == f"{scores[0, 2]:.2f}"
    assert cells[3] == f"{row[2]:.3f}"
    entropy = -(row * np.log2(row)).sum()
    assert f"Entropy {entropy:.2f} bits (model: {entropy:.2f})" in shown.inner_text()
    mixed = row @ v
    assert f"[{mixed[0]:.2f}" in shown.inner_text()
    error = float(re.search(r"largest difference ([\d.]+)", shown.inner_text())[1])
    assert error <= 0.004
    slider = page.get_by_label("Divide scores by")
    slider.focus()
    page.keyboard.press("Home")
    sharp = float(re.search(r"Entropy ([\d.]+)", shown.inner_text())[1])
    page.keyboard.press("End")
    flat = float(re.search(r"Entropy ([\d.]+)", shown.inner_text())[1])
    assert sharp < entropy < flat
    page.get_by_role("button", name="Reset to the model's value").click()
    assert f"Entropy {entropy:.2f} bits" in shown.inner_text()


def test_what_attention_does_not_say_is_always_there(open_file):
    page = open_file([make_record()])
    page.get_by_role("tab", name="Limits of attention maps").click()
    found = page.locator(".wb-honesty").inner_text()
    assert "Jain" in found
    assert "Wiegreffe" in found
    assert "This record holds no causal test" in found


def test_of_a_long_text_a_head_that_was_not_kept_whole_is_shown_in_small(open_file):
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(512, 0.05), size=(2, 2, 512)).astype(np.float32)
    record = record_of(weights, [f"token{n}" for n in range(512)])
    small = shrunk(quantise(weights), 40)
    record = replace(record, blocks=[replace(record.blocks[0], maps={}, thumbnails=small)])
    page = open_file([record])
    page.locator(".wb-heat").first.wait_for()
    assert "Only a thumbnail of this head was kept" in page.locator(".wb-zoom").inner_text()
    point_at(page, 0, 39)
    largest = weights[1, 1, :13, 499:].max()
    found = said(page)
    assert "token0 … token12 attends to token499 … token511: at most " in found
    assert abs(float(found.split("at most ")[1].split()[0]) - largest) < 0.02
    assert "row 1–13, column 500–512" in found


@pytest.mark.parametrize("size", [(1280, 1000), (700, 1000)])
@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark")])
def test_pages_in_both_languages_and_schemes(open_file, artifacts, size, lang, scheme):
    tokens = CHINESE if lang == "zh" else SENTENCE
    page = open_file([make_record(tokens, "before"), make_record(tokens)], size, lang, scheme)
    page.wait_for_timeout(200)
    page.screenshot(
        path=artifacts / f"attention-file-{lang}-{scheme}-{size[0]}.png", full_page=True
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
