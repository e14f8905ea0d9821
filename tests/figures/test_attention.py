from __future__ import annotations

import base64
import io
import itertools
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from figures.examples import HOSTILE, record
from workbench import figures, language
from workbench.attention.budget import shrunk
from workbench.figures._drawing import Box, Drawing, Pixels, Words
from workbench.figures.attention import attention_picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True, params=["en", "zh"])
def in_each_language(request):
    with language.using(request.param):
        yield request.param


def words_of(drawing):
    return [mark for mark in drawing.marks if isinstance(mark, Words)]


def said(drawing):
    return [mark.text for mark in words_of(drawing)]


def images(drawing):
    return [mark for mark in drawing.marks if isinstance(mark, Pixels)]


def test_every_head_is_there_in_small_and_one_map_large():
    known = record()
    drawing = attention_picture(known, head=(1, 2))
    count = known.layers * known.heads
    large, scale = images(drawing)[count:]
    assert large.colours.shape == (len(known.tokens), len(known.tokens), 3)
    assert scale.colours.shape[0] == 1
    assert language.text("attention.view.one_head", layer=2, head=3) in " ".join(said(drawing))


def test_colours_are_those_of_the_square_root_of_the_weight():
    known = record()
    large = images(attention_picture(known, head=(0, 1)))[-2]
    weights = known.map(0, 0, 1)
    brightest = np.unravel_index(weights.argmax(), weights.shape)
    darkest = np.unravel_index(weights.argmin(), weights.shape)
    assert large.colours[brightest].sum() > large.colours[darkest].sum()
    ends = [int(figures.theme.SCALE[0][at : at + 2], 16) for at in (1, 3, 5)]
    assert np.abs(large.colours[darkest].astype(int) - ends).max() < 40


def test_without_a_head_the_mean_of_the_last_layer_is_shown():
    known = record()
    name = language.text("attention.view.mean_of_layer", layer=2, heads=3)
    assert any(name in one for one in said(attention_picture(known)))


def test_no_change_is_the_middle_of_the_scale_and_has_no_signs():
    known = record()
    drawing = attention_picture(known, against=known)
    large = images(drawing)[-2]
    assert np.all(large.colours == 243)
    assert "+" not in said(drawing)


def test_a_change_is_signed_in_colour_and_in_writing():
    before, after = record(), record(layers=2, heads=3)
    moved = after.blocks[0].maps[1, 0].copy()
    moved[2, 3], moved[2, 2] = 250, 10
    after.blocks[0].maps[1, 0] = moved
    drawing = attention_picture(after, against=before, head=(1, 0))
    large = images(drawing)[-2]
    red, _, blue = large.colours[2, 3].astype(int)
    assert red > blue
    assert "+" in said(drawing)
    assert "−" in said(drawing)


def test_records_of_other_tokens_are_not_compared():
    one, other = record(("a", "b")), record(("a", "c"))
    assert said(attention_picture(one, against=other)) == said(attention_picture(one))


def test_a_head_that_was_not_kept_whole_is_drawn_in_small_and_said_to_be():
    known = record(tuple("abcdefgh"))
    block = known.blocks[0]
    maps = np.stack([[block.maps[layer, head] for head in range(3)] for layer in range(2)])
    known.blocks[0] = replace(block, maps={}, thumbnails=shrunk(maps, 4))
    drawing = attention_picture(known, head=(1, 2))
    assert images(drawing)[-2].colours.shape == (4, 4, 3)
    result = "".join(said(drawing)).replace(" ", "")
    assert language.text("attention.view.kept_small").replace(" ", "") in result
    assert "a…b" in result


def test_a_head_that_the_record_lacks_is_an_error():
    for head in ((9, 0), (0, 9), (0, -1)):
        with pytest.raises(IndexError):
            attention_picture(record(), head=head)


def test_the_svg_is_well_formed_whatever_the_tokens_hold():
    drawing = attention_picture(record((HOSTILE, "<img onerror=alert(1)>", "\x00", "中文")))
    root = ET.fromstring(drawing.svg())
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "text", "rect", "image"}
    assert "<img" not in drawing.svg()


def test_the_svg_reaches_for_nothing():
    svg = attention_picture(record()).svg()
    assert re.findall(r"https?:[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    for address in re.findall(r'href="([^"]*)"', svg):
        assert address.startswith("data:image/png;base64,")


@pytest.mark.parametrize("count", [2, 12, 64, 200])
def test_every_text_begins_inside_and_is_condensed_rather_than_cut(count):
    tokens = (*tuple(f"token{n}" for n in range(count - 1)), "Donaudampfschifffahrtsgesellschaft")
    drawing = attention_picture(record(tokens))
    for one in words_of(drawing):
        assert 0 <= one.x <= drawing.wide
        assert 0 <= one.y <= drawing.high
    for one in images(drawing):
        assert one.x + one.wide <= drawing.wide + 0.5
        assert one.y + one.high <= drawing.high
    assert not any(one.endswith("…") and one != "…" for one in said(drawing))


def test_neighbouring_labels_of_a_long_text_do_not_touch():
    drawing = attention_picture(record(tuple(f"tok{n}" for n in range(300))))
    rows = sorted(one.y for one in words_of(drawing) if one.anchor == "end" and "tok" in one.text)
    assert min(b - a for a, b in itertools.pairwise(rows)) >= 11 - 1e-6


def test_the_png_shows_what_the_drawing_says():
    red = np.zeros((1, 2, 3), np.uint8)
    red[0, 1] = (255, 0, 0)
    drawing = Drawing(40, 20, "title")
    drawing.add(Pixels(0, 0, 20, 20, red), Box(30, 0, 10, 10, "#0000ff"))
    image = Image.open(io.BytesIO(drawing.png(1))).convert("RGB")
    assert image.size == (40, 20)
    assert [image.getpixel(at) for at in ((5, 5), (15, 5), (25, 5), (35, 5))] == [
        (0, 0, 0), (255, 0, 0), (255, 255, 255), (0, 0, 255),
    ]  # fmt: skip


def test_a_word_is_painted_within_its_room_and_turned_about_its_anchor():
    wide = Drawing(300, 60, "")
    wide.add(Words(10, 30, "a rather long word", 12, room=40))
    dark = np.asarray(Image.open(io.BytesIO(wide.png(1))).convert("L")) < 128
    assert dark[:, :51].any()
    assert not dark[:, 52:].any()
    turned = Drawing(100, 200, "")
    turned.add(Words(50, 150, "upwards", 12, turn=-90))
    dark = np.asarray(Image.open(io.BytesIO(turned.png(1))).convert("L")) < 128
    assert dark[:150].any()
    assert not dark[156:].any()


def test_pictures_stay_small():
    drawing = attention_picture(record(tuple(f"tok{n}" for n in range(64)), layers=6, heads=12))
    assert len(drawing.png()) < 450_000
    assert len(base64.b64encode(drawing.svg().encode())) < 600_000
