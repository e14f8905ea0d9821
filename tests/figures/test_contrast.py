"""Text has the contrast that WCAG AA asks for: 4.5 to 1 on the page, on bars and in cells."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from figures.examples import figure
from figures.test_contract import NAMES
from figures.test_theme import _contrast
from workbench.figures import theme, to_svg
from workbench.figures._marks import at_scale, contrasting
from workbench.figures.bundle import STYLE

AA = 4.5
WHITE, LAB_DARK = "#ffffff", "#111111"


def fonts(tree):
    """Return every colour that a figure gives to a font."""
    if isinstance(tree, dict):
        own = tree.get("font") or tree.get("textfont") or {}
        found = [own["color"]] if isinstance(own, dict) and "color" in own else []
        return found + [colour for value in tree.values() for colour in fonts(value)]
    if isinstance(tree, list | tuple):
        return [colour for value in tree for colour in fonts(value)]
    return []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "confusion_matrix"])
def test_plotly_writes_on_white_pages_so_that_it_can_be_read(name):
    colours = fonts(figure(name).to_dict()["layout"])
    assert colours
    assert all(_contrast(colour, WHITE) >= AA for colour in colours)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_on_bars_and_points_is_not_faded_with_them(name):
    for trace in figure(name).data:
        shown = trace.type == "bar" or (trace.type == "scatter" and "text" in (trace.mode or ""))
        if shown and trace.text is not None:
            assert trace.opacity in (None, 1), trace.name


@pytest.mark.parametrize("name", NAMES)
def test_the_image_writes_so_that_it_can_be_read(name):
    svg = to_svg(figure(name))
    ink = re.search(r"\.ink\{fill:(#\w+)\}", svg)[1]
    assert _contrast(ink, WHITE) >= AA
    for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        assert text.get("opacity") is None
        assert text.get("class") in ("ink", "strong") or text.get("fill") in ("#000000", "#ffffff")


def test_the_counts_of_a_confusion_matrix_are_read_on_every_shade():
    for place in range(256):
        shade = at_scale(theme.COLOURSCALE, place / 255)
        assert _contrast(contrasting(shade), shade) >= AA, shade


def test_each_cell_of_the_confusion_matrix_has_its_count_in_plotly_too():
    drawn = figure("confusion_matrix")
    cells, notes = drawn.data[0], drawn.layout.annotations
    assert [note.text for note in notes] == [text for row in cells.text for text in row]
    for note in notes:
        shade = at_scale(theme.COLOURSCALE, cells.z[note.y][note.x])
        assert _contrast(note.font.color, shade) >= AA


def test_on_labs_dark_pages_a_sheet_makes_the_ink_lighter():
    assert f"fill:{theme.INK_ON_DARK} !important" in STYLE
    assert _contrast(theme.INK_ON_DARK, LAB_DARK) >= AA
