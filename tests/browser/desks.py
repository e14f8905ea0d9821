"""Attention desks for the browser tests: records made by hand, and the moves on a desk."""

from __future__ import annotations

import numpy as np

from tests.records import record_of

HOSTILE = "<img src=x onerror=alert(1)>"
SENTENCE = [
    "[CLS]", "the", "flight", "was", "late", ",", "but", "the", HOSTILE,
    "crew", "was", "<b>won</b>", "##derful", ".", "[SEP]",
]  # fmt: skip
CHINESE = ["[CLS]", *"这趟航班晚点了，但机组人员非常好", "。", "[SEP]"]


def make_record(tokens=SENTENCE, model="after", layers=4, heads=3, **others):
    """Return a record in which layer 1, head 1 looks at the next token with weight 0.64."""
    count = len(tokens)
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.full(count, 0.15), size=(layers, heads, count))
    if model == "before":
        weights[:] = 1 / count
    weights[0, 0] = 0.36 / (count - 1)
    weights[0, 0][np.arange(count), (np.arange(count) + 1) % count] = 0.64
    words = [None if one.startswith("[") else at for at, one in enumerate(tokens)]
    for at, one in enumerate(tokens):
        if one.startswith("##"):
            words[at] = words[at - 1]
    return record_of(weights, tokens, words=words, model=model, **others)


def be_drawn(page):
    """Let the desk draw what it was told: it does so in the next frame, however late that comes."""
    page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")
    page.wait_for_timeout(60)


def pick(page, label, option):
    """Choose an option of a picker of the desk."""
    page.locator(".wb-attention").get_by_label(label, exact=True).select_option(label=option)
    be_drawn(page)


def open_head(page, layer, head, layers=4, heads=3):
    """Open one head by the pickers."""
    pick(page, "Layer", f"{layer} / {layers}")
    pick(page, "Head", f"{head} / {heads}")


def cell_place(page, row, column):
    """Return where on the page a cell of the large map is, from its own reading of the keys."""
    return page.evaluate(
        """([row, column]) => {
            const heat = document.querySelector(".wb-attention .wb-heat");
            const box = heat.getBoundingClientRect();
            const plan = heat.wbPlan;
            const frame = heat.closest(".wb-map");
            return [
                box.left + plan.left + (column + 0.5) * plan.cell - frame.scrollLeft,
                box.top + plan.top + (row + 0.5) * plan.cell - frame.scrollTop,
            ];
        }""",
        [row, column],
    )


def point_at(page, row, column):
    """Move the mouse to a cell of the large map."""
    page.locator(".wb-attention .wb-heat").scroll_into_view_if_needed()
    page.mouse.move(*cell_place(page, row, column))


def tile_place(page, layer, head):
    """Return where on the page a head's small map is; both from 0."""
    return page.evaluate(
        """([layer, head]) => {
            const map = document.querySelector(".wb-attention .wb-atlas-map");
            const box = map.getBoundingClientRect();
            const { tiles } = map.wbPlan;
            const tile = tiles.find((one) => one.head[0] === layer && one.head[1] === head);
            return [box.left + tile.x + tile.wide / 2, box.top + tile.y + tile.high / 2];
        }""",
        [layer, head],
    )


def said(page):
    """Return what the large map's line reads."""
    be_drawn(page)
    return page.locator(".wb-zoom .wb-cell").inner_text()


def title(page):
    """Return what the large map is called."""
    be_drawn(page)
    return page.locator(".wb-zoom h4").inner_text()
