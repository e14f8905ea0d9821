"""Style sheets: what moves asks first, and forced colours leave what colour says."""

import re
from importlib import resources

import pytest

FOLDER = resources.files("workbench")
SHEETS = {
    path.relative_to(FOLDER).as_posix(): path.read_text("utf-8")
    for path in sorted(FOLDER.rglob("*.css"))
}
MOVES = re.compile(r"transition|animation|@keyframes|scroll-behavior: smooth")
# Inline styles that scripts set from data, and marks whose colour is all that they say.
COLOUR_IS_THE_DATA = {
    "static/attention/desk.css": [".wb-ramp", ".wb-word", ".wb-lens-table td", ".wb-bar-fill"],
    "static/live.css": [".wb-live i", ".wb-selection", "progress"],
    "static/labelling.css": ["mark", 'button[aria-pressed="true"]'],
    "static/playground.css": [".wb-share"],
    "static/dataset_map.css": [".wb-sign"],
}


def without_media(text, query):
    """Return a style sheet without the blocks that hold only where `query` does."""
    return re.sub(rf"@media \({query}\) {{(?:[^{{}}]|{{[^{{}}]*}})*}}", "", text)


def media(text, query):
    return "".join(re.findall(rf"@media \({query}\) {{((?:[^{{}}]|{{[^{{}}]*}})*)}}", text))


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_moves_where_somebody_asked_for_less(name):
    still = without_media(SHEETS[name], "prefers-reduced-motion: no-preference")
    assert not MOVES.search(still)


def test_no_script_asks_for_a_smooth_scroll():
    for path in FOLDER.rglob("*.js"):
        assert not re.search(r'behavior: "smooth"|\.animate\(', path.read_text("utf-8")), path


@pytest.mark.parametrize("name", COLOUR_IS_THE_DATA)
def test_forced_colours_keep_the_colours_that_are_data(name):
    forced = media(SHEETS[name], "forced-colors: active")
    rules = re.findall(r"([^{}]+){([^{}]*)}", forced)
    kept = " ".join(selector for selector, body in rules if "forced-color-adjust: none" in body)
    for selector in COLOUR_IS_THE_DATA[name]:
        assert selector in kept, selector


@pytest.mark.parametrize("name", ["static/attention/desk.css", "static/live.css"])
def test_a_canvas_takes_its_ink_from_the_system_where_colours_are_forced(name):
    own = set(re.findall(r"(--wb-[\w]+):", without_media(SHEETS[name], "forced-colors: active")))
    forced = media(SHEETS[name], "forced-colors: active")
    assert own <= set(
        re.findall(r"(--wb-[\w]+): (?:Canvas|CanvasText|GrayText|Highlight);", forced)
    )
